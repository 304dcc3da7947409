"""Fréchet distance between two feature distributions, with its floor and a confidence interval."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

ROUNDS = 100
LEVEL = 0.95


def moments(features: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean (F,) and covariance (F, F) of features (N, F); weights: (N,) frequency weights."""
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
    """Fréchet distance between two sets of features (N, F)."""
    with threadpool_limits(1, "blas"):  # on matrices this small, threads cost many times what they save
        return distance(moments(generated), moments(held_out))


@dataclass(frozen=True)
class FrechetResult:
    """A Fréchet classifier distance with its context; not comparable with an Inception FID.

    floor: the distance of as many training images to the same held-out images. low, high: 95 % confidence interval
    with respect to the sampling of images.
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
    """Compute distance, interval and floor from features (N, F) of generated, held-out and training images.

    The interval is a bootstrap over both sets. Resampling with replacement biases every distance upwards, so only the
    spread of the resampled distances is used, centred on the value.
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
