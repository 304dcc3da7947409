"""Which cells follow a feature of the text, and is it more than chance?

The statistic is Spearman's rank correlation of a cell's value with the feature (for a yes or no, the same order as the
area under the ROC curve). Both run smoothly along a text, so that neighbouring characters are no independent evidence;
therefore the baseline is the same feature, shifted round the text by many distances: it keeps its own rhythm and loses
only its place. From each shift the best of all cells counts, as the best of all cells is what is being looked at
(the maximum statistic of Westfall and Young 1993). Cells are ranked on one half of what was read and measured
again on the other, which had no part in choosing them.
"""

from dataclasses import dataclass

import numpy as np

from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inside import features
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.single_thread import one_thread
from core.errors import UserError
from core.i18n import _

WORK = 4e10  # multiplications that a survey may cost: some seconds
VALUES = 20_000_000  # numbers that it may keep
MOST, LEAST = 60_000, 2_000  # characters
STREAMS, WARM = 32, 100  # stretches read side by side; the first characters of each only warm the state
SHIFTS, GUARD = 500, 200  # shifts nearer than GUARD characters are too like the true place
APART = 60  # characters between two places that are shown


@dataclass(frozen=True)
class CellActivity:
    """What all cells did over stretches spread evenly over a text.

    starts (B,): where each stretch begins in the text; symbols: its L characters; values (B, L, layers · U).
    """

    signal: str
    units: int
    starts: np.ndarray
    symbols: list[list[str]]
    values: np.ndarray

    def cell(self, layer: int, unit: int) -> np.ndarray:
        """(B, L)"""
        return self.values[:, :, (layer - 1) * self.units + unit]


@dataclass(frozen=True)
class Finding:
    """One cell and one feature. rho: rank correlation on the half that chose it; p: how often chance does as well,
    over all cells and corrected for the number of features; again: rank correlation on the other half; auc: there, how
    likely the cell is higher at a yes than at a no (None for an amount); yes, no: its mean values there."""

    feature: str
    layer: int
    unit: int
    rho: float
    p: float
    rho_held_out: float
    auc: float | None
    yes: float
    no: float


@dataclass(frozen=True)
class SearchResult:
    """findings: by feature, best first; chance: by feature, what the best cell reaches in 1 of 20 shifts; absent: the
    features that never change in what was read; shifts: how many were tried."""

    findings: dict[str, list[Finding]]
    chance: dict[str, float]
    absent: list[str]
    shifts: int


def record_activity(network: NumpyNetwork, vocabulary: Vocabulary, ids: np.ndarray, signal: str) -> CellActivity:
    """Read stretches of `ids` (T,) and keep `signal` of every cell. Raises UserError where the text is too short."""
    network.check(1, signal)
    cells = len(network.layers) * network.units
    count = int(min(MOST, WORK / network.multiplications, VALUES / cells, len(ids)))
    if len(ids) < LEAST:
        message = _("The text has {count:,} characters, but at least {least:,} are needed to tell a habit from chance.")
        raise UserError(message.format(count=len(ids), least=LEAST))
    B = max(2, min(STREAMS, count // 1000) // 2 * 2)
    L = min(max(LEAST, count) // B, len(ids) // B - WARM)
    starts = np.linspace(0, len(ids) - L - WARM, B).astype(np.int64)
    blocks = ids[starts[:, None] + np.arange(WARM + L)]
    values = np.empty((B, L, cells), np.float32)
    for layer in range(1, len(network.layers) + 1):
        columns = slice((layer - 1) * network.units, layer * network.units)
        state = network.read(blocks[:, :WARM]).state
        values[:, :, columns] = network.read(blocks[:, WARM:], state, layer, (signal,)).signals[signal]
    symbols = [[vocabulary.symbols[number] for number in row] for row in blocks[:, WARM:].tolist()]
    return CellActivity(signal, network.units, starts + WARM, symbols, values)


@one_thread()
def search_cells(found: CellActivity, words: tuple[str, ...] = (), best: int = 8, seed: int = 0) -> SearchResult:
    """For every feature the `best` cells, with their chance level."""
    measured = [features.compute_features(symbols, words) for symbols in found.symbols]
    halves = {
        name: [np.concatenate([row[name] for row in measured[part::2]]) for part in (0, 1)] for name in measured[0]
    }
    absent = [
        name
        for name, courses in halves.items()
        if any(feature_values.min() == feature_values.max() for feature_values in courses)
    ]
    cells = found.values.shape[2]
    chosen, checked = (found.values[part::2].reshape(-1, cells) for part in (0, 1))
    ranked, ranked_again = _ranks_of_cells(chosen), _ranks_of_cells(checked)
    shifts = _shifts(len(ranked), seed)
    result = SearchResult({}, {}, absent, len(shifts))
    for name, (half, other) in halves.items():
        if name in absent:
            continue
        feature_values = _ranks(half)
        rho = ranked.T @ feature_values / len(feature_values)
        rho_held_out = ranked_again.T @ _ranks(other) / len(other)
        by_chance = np.sort(_chance_maxima(ranked, feature_values, shifts))
        result.chance[name] = float(by_chance[int(0.95 * len(by_chance))])
        best_cells = np.argsort(-np.abs(rho))[:best]
        as_good = len(by_chance) - np.searchsorted(by_chance, np.abs(rho[best_cells]))
        p = np.minimum(1, (1 + as_good) / (1 + len(shifts)) * (len(halves) - len(absent)))
        result.findings[name] = [
            Finding(name, cell // found.units + 1, cell % found.units, float(rho[cell]), float(chance),
                    float(rho_held_out[cell]), *_contrast(name, checked[:, cell], other))
            for cell, chance in zip(best_cells.tolist(), p, strict=True)
        ]  # fmt: skip
    return result


def _contrast(name: str, values: np.ndarray, feature_values: np.ndarray) -> tuple[float | None, float, float]:
    """The area under the ROC curve, and the mean values at a yes and at a no; an amount is split at its median."""
    middle = float(np.median(feature_values)) if features.is_amount(name) else 0.0
    split = feature_values > (middle if middle < feature_values.max() else 0.0)
    auc = None if features.is_amount(name) else roc_auc(values, split)
    return auc, float(values[split].mean()), float(values[~split].mean())


def _shifts(N: int, seed: int) -> np.ndarray:
    """At most SHIFTS distances, spread over the text with some jitter, none within GUARD of the true place."""
    if N <= 3 * GUARD:
        return np.array([N // 2])
    even = np.linspace(GUARD, N - GUARD, SHIFTS)
    jitter = np.random.default_rng(seed).uniform(-0.5, 0.5, SHIFTS) * (even[1] - even[0])
    return np.unique(np.clip(even + jitter, GUARD, N - GUARD).astype(np.int64))


def _chance_maxima(ranked: np.ndarray, feature_values: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """For each shift of the feature round the text the greatest |correlation| of any cell."""
    N, best = len(feature_values), np.empty(len(shifts))
    for begin in range(0, len(shifts), 50):
        part = shifts[begin : begin + 50]
        moved = np.stack([np.roll(feature_values, int(shift)) for shift in part], axis=1)
        best[begin : begin + len(part)] = np.abs(ranked.T @ moved).max(axis=0) / N
    return best


def _ranks_of_cells(values: np.ndarray) -> np.ndarray:
    """(N, C) → ranks in each column with mean 0 and variance 1; equal values, which are rare here, by their place."""
    N = len(values)
    ranks = np.empty(values.shape, np.float32)
    line = ((np.arange(N) - (N - 1) / 2) / np.sqrt((N * N - 1) / 12)).astype(np.float32)
    for column in range(values.shape[1]):
        ranks[np.argsort(values[:, column]), column] = line
    return ranks


def _ranks(feature_values: np.ndarray) -> np.ndarray:
    """(N,) → ranks with mean 0 and variance 1; equal values share the mean of theirs."""
    _distinct, group, counts = np.unique(feature_values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[group]
    return ((ranks - ranks.mean()) / ranks.std()).astype(np.float32)


def roc_auc(values: np.ndarray, yes: np.ndarray) -> float:
    """Area under the ROC curve: how likely a value at a yes is above one at a no (Mann and Whitney 1947)."""
    _distinct, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    positives = int(yes.sum())
    return float((ranks[yes].sum() - positives * (positives + 1) / 2) / (positives * (len(yes) - positives)))


def peaks(found: CellActivity, layer: int, unit: int, count: int = 6, lowest: bool = False) -> list[tuple[int, float]]:
    """Where in the text the cell was highest, or lowest: places APART from one another, with the values there."""
    values = found.cell(layer, unit)
    places = found.starts[:, None] + np.arange(values.shape[1])
    order = np.argsort(values, axis=None)
    chosen: list[tuple[int, float]] = []
    for index in order if lowest else order[::-1]:
        place = int(places.flat[index])
        if all(abs(place - other) >= APART for other, _value in chosen):
            chosen.append((place, float(values.flat[index])))
            if len(chosen) == count:
                break
    return chosen
