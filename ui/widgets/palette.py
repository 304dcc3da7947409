"""Colours of all charts, readable in the light and in the dark theme."""

TRAIN = "#7464e8"
VALIDATION = "#e08140"
BASELINES = ("#8a8798", "#b59a5c", "#6f9aa8", "#a87f9e")
GENERATOR = "#a45fd6"
DISCRIMINATOR = "#3b8ee0"
REAL = "#33a873"
GOOD = "#33a873"
BAD = "#d9546e"
NEUTRAL = "#8a8798"
RUNS = ("#7464e8", "#e08140", "#33a873", "#3b8ee0", "#c7476b", "#b59a5c", "#a45fd6", "#4ab5b0")
GRID = "rgba(128, 124, 145, 0.18)"
# RGB of the colours of text backgrounds; the alpha encodes the value.
HEAT = "224, 129, 64"
COOL = "116, 100, 232"
DIVERGING = [[0.0, "#d9546e"], [0.5, "rgba(128,124,145,0.08)"], [1.0, "#3b8ee0"]]
SEQUENTIAL = [[0.0, "rgba(116,100,232,0.04)"], [1.0, "#7464e8"]]


def with_alpha(colour: str, alpha: float) -> str:
    """Convert `#rrggbb` and an alpha to a CSS rgba() colour."""
    red, green, blue = (int(colour[index : index + 2], 16) for index in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha:g})"
