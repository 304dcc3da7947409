"""The Fréchet distance between two clouds of features, with its floor and how sure one can be of it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

ROUNDS = 100
LEVEL = 0.95


def moments(features: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean (F,) and covariance (F, F) of features (N, F); `weights` (N,) say how often each one counts."""
    x = features.astype(np.float64)
    w = np.ones(len(x)) if weights is None else weights.astype(np.float64)
    mean = w @ x / w.sum()
    deviation = x - mean
    return mean, (deviation * w[:, None]).T @ deviation / max(w.sum() - 1, 1)


def distance(one: tuple[np.ndarray, np.ndarray], two: tuple[np.ndarray, np.ndarray]) -> float:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁Σ₂)^½) of two (mean, covariance) (Fréchet 1957; as a measure of pictures,
    Heusel et al. 2017). (Σ₁Σ₂)^½ has the trace of (Σ₁^½ Σ₂ Σ₁^½)^½, which is symmetric and so needs no complex roots.
    """
    (mean_1, cov_1), (mean_2, cov_2) = one, two
    values, vectors = np.linalg.eigh(cov_1)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_2 @ root), 0, None)).sum()
    return max(0.0, float(((mean_1 - mean_2) ** 2).sum() + np.trace(cov_1) + np.trace(cov_2) - 2 * cross))


def frechet_distance(generated: np.ndarray, held_out: np.ndarray) -> float:
    """The distance of two clouds of features (N, F)."""
    with threadpool_limits(1, "blas"):  # on matrices this small, threads cost many times what they save
        return distance(moments(generated), moments(held_out))


@dataclass(frozen=True)
class FrechetResult:
    """A Fréchet classifier distance and what belongs beside it; never to be compared with a FID.

    `floor` is the distance of as many training pictures to the same held-out ones. `low` and `high` hold the distance
    with a probability of 95 % as far as the choice of pictures goes.
    """

    value: float
    low: float
    high: float
    floor: float
    real_count: int
    generated_count: int
    seed: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(generated: np.ndarray, held_out: np.ndarray, training: np.ndarray, seed: int) -> FrechetResult:
    """From features (N, F) of generated, held-out and training pictures.

    The interval is a bootstrap's over both clouds. Drawing with replacement makes every resampled distance too large
    by about as much as few pictures make the first one, so that only its spread is used, around the value itself.
    """
    with threadpool_limits(1, "blas"):
        return _measure(generated, held_out, training, seed)


def _measure(generated: np.ndarray, held_out: np.ndarray, training: np.ndarray, seed: int) -> FrechetResult:
    value = distance(moments(generated), moments(held_out))
    rng = np.random.default_rng(seed)
    rounds = np.array(
        [distance(_resampled_moments(generated, rng), _resampled_moments(held_out, rng)) for _ in range(ROUNDS)]
    )
    low, high = np.quantile(rounds - rounds.mean(), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    chosen = rng.permutation(len(training))[: len(generated)]
    floor = distance(moments(training[chosen]), moments(held_out))
    return FrechetResult(
        value, max(0.0, float(value + low)), float(value + high), floor, len(held_out), len(generated), seed
    )


def _resampled_moments(features: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    count = len(features)
    return moments(features, np.bincount(rng.integers(0, count, count), minlength=count))
