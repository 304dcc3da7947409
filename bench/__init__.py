"""Side-by-side measurements: `python -m bench charlm | classifier | gan | app`."""
