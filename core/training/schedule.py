"""The schedule's factor on a learning rate, as a function of the step alone."""

from typing import Literal

import numpy as np

FLOOR = 0.02  # share of the highest rate at the end: the last steps still move


def factors(
    start: int, count: int, total: int, warmup: float = 0.05, kind: Literal["cosine", "linear", "constant"] = "cosine"
) -> np.ndarray:
    """(count,) float32 factors for the steps start … start + count − 1 of `total`.

    They rise linearly over the first `warmup` share of the steps, then fall by half a cosine (SGDR, Loshchilov and
    Hutter 2017) or a line to FLOOR, or stay.
    """
    step = np.arange(start, start + count, dtype=np.float64)
    rise = warmup * total
    up = np.minimum(1.0, (step + 1) / rise) if rise > 0 else np.ones(count)
    progress = np.clip((step - rise) / max(1.0, total - rise), 0.0, 1.0)
    if kind == "cosine":
        down = FLOOR + (1 - FLOOR) * 0.5 * (1 + np.cos(np.pi * progress))
    elif kind == "linear":
        down = FLOOR + (1 - FLOOR) * (1 - progress)
    else:
        down = np.ones(count)
    return (up * down).astype(np.float32)
