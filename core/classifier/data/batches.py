"""Batches of texts of similar length, computed from the seed and the step number alone, so that a run can resume."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

POOL = 16  # batches that are sorted by length together; more would make an epoch's order too regular


class Batches:
    """The training texts as one long row of token numbers, and the order in which they are read.

    encoded: the token numbers of each text, each at least one long.
    """

    def __init__(self, encoded: Sequence[np.ndarray], batch_size: int, seed: int) -> None:
        self.lengths = np.array([len(item) for item in encoded], np.int32)
        self.starts = (np.cumsum(self.lengths) - self.lengths).astype(np.int32)
        self.flat = np.concatenate(list(encoded)).astype(np.int32)
        self.size, self.seed = min(batch_size, len(encoded)), seed
        self.per_epoch = math.ceil(len(encoded) / self.size)
        self._epoch = lru_cache(maxsize=2)(self._draw)

    def _draw(self, epoch: int) -> np.ndarray:
        """Row numbers (per_epoch, B) of an epoch: every text once, the last batch filled with its first texts."""
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self.lengths))
        order = np.concatenate([order, order])[: self.per_epoch * self.size]
        pools = [order[at : at + POOL * self.size] for at in range(0, len(order), POOL * self.size)]
        sorted_pools = [pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools]
        return rng.permutation(np.concatenate(sorted_pools).reshape(self.per_epoch, self.size))

    def rows(self, step: int, count: int) -> np.ndarray:
        """(count, B) int32: the texts of the steps `step` … `step + count - 1`."""
        places = np.arange(step, step + count)
        return np.stack([self._epoch(int(at) // self.per_epoch)[at % self.per_epoch] for at in places]).astype(np.int32)


def padded(encoded: Sequence[np.ndarray]) -> np.ndarray:
    """Pad token numbers with 0 to the longest text: (B, T) int32."""
    out = np.zeros((len(encoded), max((len(item) for item in encoded), default=1)), np.int32)
    for row, item in zip(out, encoded, strict=True):
        row[: len(item)] = item
    return out


def by_length(encoded: Sequence[np.ndarray], tokens: int = 16_384) -> list[np.ndarray]:
    """The places of all texts in groups of similar length, each of at most `tokens` tokens with its padding.

    Groups are long ones first, so that one that does not fit into the memory is met at once.
    """
    lengths = np.array([len(item) for item in encoded])
    order = np.argsort(-lengths, kind="stable")
    groups, at = [], 0
    while at < len(order):
        many = max(1, tokens // max(1, int(lengths[order[at]])))
        groups.append(order[at : at + many])
        at += many
    return groups
