"""Gate statistics: the share of steps at which a gate is saturated, and the half-life of a cell's memory."""

from dataclasses import dataclass

import numpy as np

SHUT, OPEN = 0.1, 0.9  # Karpathy, Johnson and Fei-Fei 2015 call a gate saturated beyond these
FLAT = 0.9  # a hidden value or candidate beyond ± this lies on the flat part of the tanh


@dataclass(frozen=True)
class Saturation:
    """shut, open: (U,) shares of the steps, in [0, 1]; for a value in (−1, 1) those at its lower and upper end."""

    shut: np.ndarray
    open: np.ndarray


def saturation(name: str, values: np.ndarray) -> Saturation | None:
    """Saturation of a signal (T, U); None for the cell state, which is unbounded."""
    if name == "c":
        return None
    low, high = (-FLAT, FLAT) if name in ("h", "candidate") else (SHUT, OPEN)
    return Saturation((values < low).mean(axis=0), (values > high).mean(axis=0))


def half_life(keep: np.ndarray) -> np.ndarray:
    """Half-life (U,) of the memory in characters, ln ½ / mean ln f, for the keep gate (T, U): f (LSTM) or z (GRU).

    Ignores new input; infinite where the gate stays fully open.
    """
    mean = np.log(np.clip(keep.astype(np.float64), 1e-12, 1.0)).mean(axis=0)
    with np.errstate(divide="ignore"):
        return np.log(0.5) / np.minimum(mean, -0.0)


def order_by_similarity(values: np.ndarray) -> np.ndarray:
    """Order the U cells of (T, U) values by similarity: by their angle in the plane of the first two principal
    components of the standardised columns."""
    spread = values.std(axis=0)
    courses = (values - values.mean(axis=0)) / np.where(spread > 1e-8, spread, 1.0)
    if min(courses.shape) < 3:
        return np.arange(values.shape[1])
    _left, sizes, right = np.linalg.svd(courses, full_matrices=False)
    plane = sizes[:2, None] * right[:2]
    return np.argsort(np.arctan2(plane[1], plane[0]))
