"""Numbers as a lab page shows them: rounded to 3 decimals, in LaTeX or as a list that a snippet prints.

Every number is first rounded to 9 decimals, so that two ways of summing, which differ in the 16th digit, round a tie
such as 0.0625 alike.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

PLACES = 3


def rounded(x: ArrayLike, places: int = PLACES) -> Any:
    """`x` rounded, as a float or nested lists of floats; never -0.0. What a snippet's `show` prints."""
    return (np.round(np.round(np.asarray(x, float), 9), places) + 0.0).tolist()


def tex(x: float, places: int = PLACES) -> str:
    """`x` for LaTeX: `places` decimals without trailing zeros; beyond 0.001 to 1,000,000 three significant digits and a
    power of ten, so that a small gradient is not shown as 0."""
    x = float(x)
    if not np.isfinite(x):
        return r"\text{NaN}" if np.isnan(x) else r"\infty" if x > 0 else r"-\infty"
    if x != 0 and not 10.0**-places <= abs(x) < 1e6:
        mantissa, exponent = f"{x:.2e}".split("e")
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return f"{rounded(x, places):z.{places}f}".rstrip("0").rstrip(".")


def term(x: float, places: int = PLACES) -> str:
    """`x` inside a sum or product: a negative number stands in parentheses."""
    text = tex(x, places)
    return f"({text})" if text.startswith("-") else text


def equals(x: float, places: int = PLACES) -> str:
    r"""The end of a formula: `= 0.5` where rounding changed nothing, else `\approx 0.537`."""
    whole = x == 0 or 10.0**-places <= abs(x) < 1e6
    exact = not np.isfinite(x) or (whole and abs(x - rounded(x, places)) < 1e-12)
    return ("= " if exact else r"\approx ") + tex(x, places)


def tex_array(x: ArrayLike, places: int = PLACES) -> str:
    """A vector as a column, a matrix as rows, in LaTeX brackets."""
    array = np.asarray(x, float)
    rows = array.reshape(-1, 1) if array.ndim < 2 else array
    body = r" \\ ".join(" & ".join(tex(v, places) for v in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"
