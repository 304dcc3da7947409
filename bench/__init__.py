"""Benchmarks: `python -m bench charlm | classifier | gan | app`."""
