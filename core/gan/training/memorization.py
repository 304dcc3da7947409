"""Does the generator invent, or repeat what it was shown? Nearest training pictures, and what nearness to expect."""

from dataclasses import dataclass

import numpy as np

BLOCK = 512
MOST = 1000  # samples and held-out pictures that are looked up: enough for shares to a few per cent
REPEATED = 0.01  # share of held-out pictures that are nearer to training than the line from which a sample is a copy
OFF_BALANCE = 0.15  # how far from ½ the share of samples nearer to training pictures may be


@dataclass(frozen=True)
class Nearest:
    """For each of N pictures: place of the nearest other picture, and the distance to it in grey levels a pixel."""

    place: np.ndarray
    distance: np.ndarray


def nearest(pictures: np.ndarray, among: np.ndarray) -> Nearest:
    """pictures (N, S, S) and among (M, S, S), uint8. The distance is the root of the mean squared difference."""
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
    """How near generated pictures are to training pictures, beside how near unseen real ones are.

    `line` is the distance that only 1 % of held-out pictures come below, `repeated` the share of samples below it.
    Generated pictures are smoother than real ones and so a little nearer to everything: the fairer figure is
    `towards_training`, the share of samples that are nearer to the training pictures than to equally many held-out
    ones. A generator that only knows the kind of picture has ½ there; one that repeats has 1.
    """

    samples: Nearest
    held_out: Nearest
    line: float
    repeated: float
    towards_training: float

    @property
    def suspect(self) -> bool:
        return self.towards_training > 0.5 + max(OFF_BALANCE, 3 * self.error)

    @property
    def error(self) -> float:
        """Standard error of towards_training where the truth is ½."""
        return float(0.5 / np.sqrt(len(self.samples.distance)))


def measure_memorization(
    samples: np.ndarray, training: np.ndarray, held_out: np.ndarray, seed: int = 0
) -> Memorization:
    """All (·, S, S) uint8; the held-out pictures were not trained on. The first MOST of either are looked up."""
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
    """Share of samples nearer to training than to held-out pictures, as many of the one as of the other; ties half."""
    rng = np.random.default_rng(seed)
    count = min(len(training), len(held_out))
    seen = nearest(samples, training[rng.permutation(len(training))[:count]]).distance
    unseen = nearest(samples, held_out[rng.permutation(len(held_out))[:count]]).distance
    return float((seen < unseen).mean() + 0.5 * (seen == unseen).mean())
