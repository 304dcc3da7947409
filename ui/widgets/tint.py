"""Grounds for text that stand for values, and their legend."""

from ui.widgets.palette import COOL, HEAT
from ui.widgets.text import escape


def tint(value: float) -> str:
    """CSS background for a value in [−1, 1]: warm below 0, cool above, transparent at 0."""
    return f"rgba({COOL if value > 0 else HEAT},{min(1.0, abs(value)) * 0.62:.2f})"


def scale(low: str, high: str, signed: bool) -> str:
    """Colour legend from `low` to `high`."""
    ends = (-1.0, -0.5, 0.0, 0.5, 1.0) if signed else (0.0, 0.25, 0.5, 0.75, 1.0)
    stops = ",".join(tint(end) for end in ends)
    return (
        f'<small>{escape(low)} <span style="display:inline-block;vertical-align:middle;width:7rem;height:.7rem;'
        f'border-radius:4px;background:linear-gradient(90deg,{stops})"></span> {escape(high)}</small>'
    )
