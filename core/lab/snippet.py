"""“The same in Keras”: programs that can be copied and print exactly the numbers of a page."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.lab.digits import rounded

SHOW = """\
def show(x):  # 3 decimals
    return (np.round(np.round(x, 9), 3) + 0.0).tolist()
"""


@dataclass(frozen=True)
class Snippet:
    """`code` needs numpy and at most Keras; running it prints `prints`, which comes from the page's own arithmetic."""

    code: str
    prints: str


def literal(x: Any) -> str:
    """Numbers or an array as Python source that reads back to the very same values."""
    return repr(np.asarray(x).tolist())


def printed(*lines: tuple[Any, ...]) -> str:
    """What `print(*line)` writes for each line, arrays and floats as the snippet's `show` gives them."""
    out = io.StringIO()
    for line in lines:
        print(*(rounded(x) if isinstance(x, float | np.floating | np.ndarray) else x for x in line), file=out)
    return out.getvalue()
