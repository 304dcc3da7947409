"""Find cells that track a feature of the text, with a permutation test against chance.

The statistic is Spearman's rank correlation of a cell's value with the feature (for a boolean feature it orders cells
as the area under the ROC curve does). Neighbouring characters are autocorrelated and no independent evidence, so the
null distribution comes from circular shifts of the feature, which keep its autocorrelation. Each shift contributes the
maximum over all cells, which corrects for searching among them (Westfall and Young 1993). Cells are selected on one
half of the characters and measured again on the held-out half.
"""

from dataclasses import dataclass

import numpy as np

from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inside import features
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.single_thread import one_thread
from core.errors import UserError
from core.i18n import _

WORK = 4e10  # maximum multiplications of one recording: a few seconds
VALUES = 20_000_000  # maximum recorded values
MOST, LEAST = 60_000, 2_000  # characters
STREAMS, WARM = 32, 100  # passages read in parallel; the first WARM characters of each only warm up the state
SHIFTS, GUARD = 500, 200  # number of shifts; shifts below GUARD characters correlate with the true alignment
APART = 60  # minimum distance between two reported peaks, in characters


@dataclass(frozen=True)
class CellActivity:
    """Values of one signal of all cells over B passages of L characters, spread evenly over a text.

    starts (B,): offset of each passage; symbols: its L characters; values (B, L, layers · U).
    """

    signal: str
    units: int
    starts: np.ndarray
    symbols: list[list[str]]
    values: np.ndarray

    def cell(self, layer: int, unit: int) -> np.ndarray:
        """Values (B, L) of one unit; layer from 1, unit from 0."""
        return self.values[:, :, (layer - 1) * self.units + unit]


@dataclass(frozen=True)
class Finding:
    """Result for one cell and one feature.

    rho: rank correlation on the selection half; p: family-wise p-value over all cells, Bonferroni-corrected for the
    number of features. On the held-out half: rho_held_out, the rank correlation; auc, the area under the ROC curve
    (None for a numeric feature); yes, no: mean values where the feature is true (or above its median) and elsewhere.
    """

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
    """findings: by feature, best first; chance: by feature, the 95 % quantile of the maximum over cells under shifts;
    absent: features that are constant in the recording; shifts: number of shifts."""

    findings: dict[str, list[Finding]]
    chance: dict[str, float]
    absent: list[str]
    shifts: int


def record_activity(network: NumpyNetwork, vocabulary: Vocabulary, ids: np.ndarray, signal: str) -> CellActivity:
    """Read passages of `ids` (T,) and record `signal` of every cell. Raises UserError where the text is too short."""
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
    """Rank all cells by every feature; return the `best` cells of each and the chance level."""
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
    """AUC, and mean cell values where the feature is true and false; a numeric feature is split at its median."""
    middle = float(np.median(feature_values)) if features.is_amount(name) else 0.0
    split = feature_values > (middle if middle < feature_values.max() else 0.0)
    auc = None if features.is_amount(name) else roc_auc(values, split)
    return auc, float(values[split].mean()), float(values[~split].mean())


def _shifts(N: int, seed: int) -> np.ndarray:
    """At most SHIFTS jittered distances, spread over the text, none within GUARD of 0."""
    if N <= 3 * GUARD:
        return np.array([N // 2])
    even = np.linspace(GUARD, N - GUARD, SHIFTS)
    jitter = np.random.default_rng(seed).uniform(-0.5, 0.5, SHIFTS) * (even[1] - even[0])
    return np.unique(np.clip(even + jitter, GUARD, N - GUARD).astype(np.int64))


def _chance_maxima(ranked: np.ndarray, feature_values: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """For each circular shift of the feature, the maximum |correlation| over all cells."""
    N, best = len(feature_values), np.empty(len(shifts))
    for begin in range(0, len(shifts), 50):
        part = shifts[begin : begin + 50]
        moved = np.stack([np.roll(feature_values, int(shift)) for shift in part], axis=1)
        best[begin : begin + len(part)] = np.abs(ranked.T @ moved).max(axis=0) / N
    return best


def _ranks_of_cells(values: np.ndarray) -> np.ndarray:
    """Standardised ranks of each column of (N, C), mean 0 and variance 1; ties, which are rare, by position."""
    N = len(values)
    ranks = np.empty(values.shape, np.float32)
    line = ((np.arange(N) - (N - 1) / 2) / np.sqrt((N * N - 1) / 12)).astype(np.float32)
    for column in range(values.shape[1]):
        ranks[np.argsort(values[:, column]), column] = line
    return ranks


def _ranks(feature_values: np.ndarray) -> np.ndarray:
    """Standardised ranks of (N,), mean 0 and variance 1; ties share their mean rank."""
    _distinct, group, counts = np.unique(feature_values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[group]
    return ((ranks - ranks.mean()) / ranks.std()).astype(np.float32)


def roc_auc(values: np.ndarray, yes: np.ndarray) -> float:
    """Area under the ROC curve: P(a positive's value > a negative's value) (Mann and Whitney 1947)."""
    _distinct, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[group]
    positives = int(yes.sum())
    return float((ranks[yes].sum() - positives * (positives + 1) / 2) / (positives * (len(yes) - positives)))


def peaks(found: CellActivity, layer: int, unit: int, count: int = 6, lowest: bool = False) -> list[tuple[int, float]]:
    """The `count` highest (or lowest) values of a cell and their text offsets, at least APART characters apart."""
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
