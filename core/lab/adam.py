"""Adam for the lab's small numpy networks (Kingma and Ba 2015), in Keras' arithmetic: ε outside the correction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

EPSILON = 1e-7


@dataclass(frozen=True)
class Moments:
    """Adam's state: moving averages of gradients and squared gradients, and the number of steps."""

    m: tuple[np.ndarray, ...]
    v: tuple[np.ndarray, ...]
    step: int = 0


def start(weights: Sequence[np.ndarray]) -> Moments:
    zeros = tuple(np.zeros_like(w) for w in weights)
    return Moments(zeros, zeros)


def update(
    weights: Sequence[np.ndarray],
    gradients: Sequence[np.ndarray],
    moments: Moments,
    rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
) -> tuple[list[np.ndarray], Moments]:
    """Return the weights and moments after one step, without changing the arguments."""
    n = moments.step + 1
    m = tuple(beta_1 * a + (1 - beta_1) * g for a, g in zip(moments.m, gradients, strict=True))
    v = tuple(beta_2 * a + (1 - beta_2) * g * g for a, g in zip(moments.v, gradients, strict=True))
    alpha = rate * np.sqrt(1 - beta_2**n) / (1 - beta_1**n)
    moved = [w - alpha * a / (np.sqrt(b) + EPSILON) for w, a, b in zip(weights, m, v, strict=True)]
    return moved, Moments(m, v, n)
