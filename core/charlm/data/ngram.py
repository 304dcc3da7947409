"""An n-gram model of symbols, as baseline for the network and for scoring texts."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class _Level:
    """All G grams of one length, sorted by key = context · V + symbol, a context being the number of a shorter gram.

    kept: (G,) a gram's count less its discount; totals, spare: (C,) counts and discounts summed over a context.
    """

    keys: np.ndarray
    kept: np.ndarray
    totals: np.ndarray
    spare: np.ndarray


class NGram:
    """Interpolated modified Kneser-Ney smoothing (Chen and Goodman 1999, section 3).

        P_k(w | h) = (c(hw) − D(c(hw)) + Σ_v D(c(hv)) · P_{k−1}(w | h')) / Σ_v c(hv),   P_0(w) = 1 / V

    h' is h without its oldest symbol. c counts occurrences at the highest order and, below it, the distinct symbols
    that were seen before a gram. What D takes from the seen goes to the lower order, so that every distribution sums
    to 1 and no symbol has probability 0. After a context that was never seen, P_k = P_{k−1}.
    """

    def __init__(self, levels: list[_Level], V: int):
        self.levels, self.V = levels, V

    @classmethod
    def fit(cls, ids: np.ndarray, order: int, V: int) -> "NGram":
        """Count the grams of 1 to `order` symbols in `ids`, (T,) integers in [0, V). Sorts T numbers once an order."""
        ids = np.asarray(ids, np.int32)  # half the memory of int64, which only the keys need
        counted: list[tuple[np.ndarray, np.ndarray, int]] = []
        grams, size = np.zeros(len(ids) + 1, np.int32), 1  # before every symbol and after the last: the empty gram
        for k in range(1, min(order, len(ids)) + 1):
            keys, numbers, examples, counts = _number(_keys(grams[:-1], V, ids[k - 1 :]))
            if k > 1:
                # A gram less its oldest symbol ends in the same place as the gram itself.
                predecessors = np.bincount(grams[1:][examples], minlength=size)
                counted[-1] = (counted[-1][0], predecessors, counted[-1][2])
            counted.append((keys, counts, size))
            grams, size = numbers, len(keys)
        return cls([_smooth(keys, counts, contexts, V) for keys, counts, contexts in counted], V)

    def log_prob(self, ids: np.ndarray) -> np.ndarray:
        """ln P of each symbol after those before it, (T,) float64, in nats and at most 0; the first has no context."""
        ids = np.asarray(ids, np.int64)
        probability = np.full(len(ids), 1 / self.V)
        context = np.zeros(len(ids), np.int64)  # −1 where the context never occurred
        for level in self.levels:
            wanted = context * self.V + ids
            place = np.minimum(np.searchsorted(level.keys, wanted), len(level.keys) - 1)
            seen = (level.keys[place] == wanted) & (context >= 0)
            total = np.where(context >= 0, level.totals[context], 0)
            mixed = np.where(seen, level.kept[place], 0) + level.spare[context] * probability
            probability = np.where(total > 0, mixed / np.maximum(total, 1), probability)
            context = np.concatenate([[-1], np.where(seen, place, -1)[:-1]])[: len(ids)]
        return np.log(probability)


def _keys(contexts: np.ndarray, V: int, symbols: np.ndarray) -> np.ndarray:
    keys = contexts.astype(np.int64)
    keys *= V
    keys += symbols
    return keys


def _number(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The distinct keys in order; for every key its number among them; for every distinct one an example's place and
    how often it occurs."""
    order = np.argsort(keys)
    ordered = keys[order]
    length = len(keys)
    del keys  # as large as all that follows
    fresh = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    numbers = np.empty(length, np.int32)
    numbers[order] = np.cumsum(fresh, dtype=np.int32) - 1
    begins = np.flatnonzero(fresh)
    return ordered[begins], numbers, order[begins], np.diff(begins, append=length)


def _smooth(keys: np.ndarray, counts: np.ndarray, contexts: int, V: int) -> _Level:
    """Discounts from the numbers n of grams seen once to four times; with too few grams for that, one for all."""
    n1, n2, n3, n4 = (int(np.count_nonzero(counts == c)) for c in (1, 2, 3, 4))
    share = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
    by_count = np.array([0, share, share, share])
    if n1 and n2 and n3 and n4:
        estimates = [1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / n3]
        by_count[1:] = np.clip(estimates, 0.05, [1, 2, 3])
    discounts = by_count[np.minimum(counts, 3)]
    context = keys // V
    totals, spare = (np.bincount(context, values, contexts) for values in (counts, discounts))
    return _Level(keys, counts - discounts, totals, spare)
