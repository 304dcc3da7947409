"""How open the gates stand: shares of the time at which they are saturated, and how long a cell keeps what it has."""

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
    """Of a signal (T, U) over T steps; None for a cell state, which has no ends."""
    if name == "c":
        return None
    low, high = (-FLAT, FLAT) if name in ("h", "candidate") else (SHUT, OPEN)
    return Saturation((values < low).mean(axis=0), (values > high).mean(axis=0))


def half_life(keep: np.ndarray) -> np.ndarray:
    """After how many characters half of a memory is left, (U,), where the keeping gate, f of an LSTM or z of a GRU,
    goes on as it did over these steps (T, U): ln ½ / mean ln f. Other inputs aside; infinite where it never closes."""
    mean = np.log(np.clip(keep.astype(np.float64), 1e-12, 1.0)).mean(axis=0)
    with np.errstate(divide="ignore"):
        return np.log(0.5) / np.minimum(mean, -0.0)


def order_by_similarity(values: np.ndarray) -> np.ndarray:
    """An order of the U cells for a picture of (T, U) values: those that move alike stand together, by the angle in
    the plane of the first two principal components of their standardised courses."""
    spread = values.std(axis=0)
    courses = (values - values.mean(axis=0)) / np.where(spread > 1e-8, spread, 1.0)
    if min(courses.shape) < 3:
        return np.arange(values.shape[1])
    _left, sizes, right = np.linalg.svd(courses, full_matrices=False)
    plane = sizes[:2, None] * right[:2]
    return np.argsort(np.arctan2(plane[1], plane[0]))
