"""Memorisation test: distances of generated images to training images, compared with those of held-out images."""

from dataclasses import dataclass

import numpy as np

BLOCK = 512
MOST = 1000  # samples and held-out images that are compared: enough for shares accurate to a few per cent
REPEATED = 0.01  # quantile of the held-out distances below which a sample counts as a copy
OFF_BALANCE = 0.15  # tolerated deviation from ½ of the share of samples nearer to training images


@dataclass(frozen=True)
class Nearest:
    """For each of N images, the index of its nearest neighbour and the RMS distance to it in grey levels per pixel."""

    place: np.ndarray
    distance: np.ndarray


def nearest(pictures: np.ndarray, among: np.ndarray) -> Nearest:
    """Nearest neighbours of pictures (N, S, S) in among (M, S, S), uint8, by RMS distance."""
    targets = among.reshape(len(among), -1).astype(np.float32)
    lengths = (targets**2).sum(1)
    places, distances = [], []
    for start in range(0, len(pictures), BLOCK):
        block = pictures[start : start + BLOCK].reshape(-1, targets.shape[1]).astype(np.float32)
        place = (lengths - 2 * block @ targets.T).argmin(1)
        places.append(place)
        distances.append(np.sqrt(((block - targets[place]) ** 2).mean(1)))
    return Nearest(np.concatenate(places), np.concatenate(distances))


@dataclass(frozen=True)
class Memorization:
    """Distances of generated and of held-out images to the training images.

    line: the 1 % quantile of the held-out distances; repeated: share of samples below it. Generated images are
    smoother than real ones and therefore nearer to everything, so the fairer statistic is towards_training: the share
    of samples nearer to the training images than to equally many held-out ones, ½ without memorisation, 1 for copies.
    """

    samples: Nearest
    held_out: Nearest
    line: float
    repeated: float
    towards_training: float


def measure_memorization(
    samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, seed: int = 0
) -> Memorization:
    """Compare samples and held-out images, the first MOST of each, with training images; all (·, S, S) uint8."""
    samples = samples[:MOST]
    found, usual = nearest(samples, training), nearest(held_out[:MOST], training)
    line = float(np.quantile(usual.distance, REPEATED))
    return Memorization(
        found,
        usual,
        line,
        float((found.distance < line).mean()),
        share_nearer_to_training(samples, training, held_out, seed),
    )


def share_nearer_to_training(samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, seed: int = 0) -> float:
    """Share of samples nearer to training than to equally many held-out images; ties count half."""
    rng = np.random.default_rng(seed)
    count = min(len(training), len(held_out))
    seen = nearest(samples, training[rng.permutation(len(training))[:count]]).distance
    unseen = nearest(samples, held_out[rng.permutation(len(held_out))[:count]]).distance
    return float((seen < unseen).mean() + 0.5 * (seen == unseen).mean())
