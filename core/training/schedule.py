"""The learning-rate schedule: a factor that depends only on the step."""

from typing import Literal

import numpy as np

FLOOR = 0.02  # factor at the end of training, above 0 so that the last steps still have an effect


def factors(
    start: int, count: int, total: int, warmup: float = 0.05, kind: Literal["cosine", "linear", "constant"] = "cosine"
) -> np.ndarray:
    """Return (count,) float32 factors for the steps start … start + count − 1 of `total`.

    They rise linearly over the first `warmup` share of the steps, then fall to FLOOR along half a cosine (SGDR,
    Loshchilov and Hutter 2017) or linearly, or stay at 1.
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
