"""Metrics of a classifier, computed from logits or probabilities and true classes.

y: (B,) true class numbers, predicted: (B,) class numbers, p: (B, C) probabilities, C classes.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Z95 = 1.959963984540054


def best_linear(val_accuracy: Mapping[str, float]) -> str | None:
    """The name of the linear baseline that is compared with: the best on the VALIDATION part, as the network's own
    weights are chosen; its test figure is what is reported. None where there is none ("majority" is not linear)."""
    linear = {name: value for name, value in val_accuracy.items() if name != "majority"}
    return max(linear, key=lambda name: linear[name], default=None)


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """(B, C) probabilities; a temperature above 1 makes them more even."""
    scaled = np.asarray(logits, np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(1, keepdims=True))
    return shifted / shifted.sum(1, keepdims=True)


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> float:
    """Mean negative log likelihood in nats of (B, C) logits."""
    scaled = np.asarray(logits, np.float64)
    shifted = scaled - scaled.max(1, keepdims=True)
    return float(np.mean(np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(y)), y]))


# Right and wrong ------------------------------------------------------------------------------------------------------
class Interval(NamedTuple):
    """A value and its 95 % confidence interval."""

    value: float
    low: float
    high: float


def wilson(right: int, total: int) -> Interval:
    """A share and its Wilson score interval (Wilson 1927), which holds for few rows and near 0 and 1 as well."""
    if not total:
        return Interval(math.nan, 0.0, 1.0)
    share, z2 = right / total, Z95**2
    middle = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def difference(one: np.ndarray, other: np.ndarray) -> Interval:
    """Difference of the shares of true values of `one` and `other` (B,) bool, with the interval for paired samples."""
    total = len(one)
    only_one, only_other = int((one & ~other).sum()), int((other & ~one).sum())
    gain = (only_one - only_other) / total
    deviation = math.sqrt(max(0.0, only_one + only_other - (only_one - only_other) ** 2 / total)) / total
    return Interval(gain, gain - Z95 * deviation, gain + Z95 * deviation)


def confusion(y: np.ndarray, predicted: np.ndarray, C: int) -> np.ndarray:
    """Confusion matrix (C, C): rows are true classes, columns predicted ones."""
    return np.bincount(np.asarray(y, np.int64) * C + predicted, minlength=C * C).reshape(C, C)


def rows_of_cell(y: np.ndarray, predicted: np.ndarray, true_class: int, predicted_class: int) -> np.ndarray:
    """Indices of the rows in one cell of the confusion matrix."""
    return np.nonzero((y == true_class) & (predicted == predicted_class))[0]


class ClassMetrics(NamedTuple):
    """precision: TP / (TP + FP); recall: TP / (TP + FN); support: true rows of the class."""

    precision: float
    recall: float
    f1: float
    support: int


def per_class(y: np.ndarray, predicted: np.ndarray, C: int) -> list[ClassMetrics]:
    """Metrics of each class; 0 / 0 counts as 0."""
    table = confusion(y, predicted, C)
    found = []
    for number in range(C):
        hit, true, taken = int(table[number, number]), int(table[number].sum()), int(table[:, number].sum())
        f1 = 2 * hit / (true + taken) if true + taken else 0.0
        found.append(ClassMetrics(hit / taken if taken else 0.0, hit / true if true else 0.0, f1, true))
    return found


def macro_f1(y: np.ndarray, predicted: np.ndarray, C: int) -> float:
    """Mean of F1 = 2 TP / (2 TP + FP + FN) over the classes that occur or are predicted."""
    found = [
        item.f1 for number, item in enumerate(per_class(y, predicted, C)) if item.support or (predicted == number).any()
    ]
    return float(np.mean(found)) if found else 0.0


# Ranking --------------------------------------------------------------------------------------------------------------
class Curve(NamedTuple):
    """Points (x, y), the thresholds that give them, and the area under them."""

    x: np.ndarray
    y: np.ndarray
    thresholds: np.ndarray
    area: float


def _cumulative(positive: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and false positives at each distinct score from the highest on; rows of equal score count together."""
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], np.cumsum(positive[order])
    last = np.append(np.nonzero(np.diff(ranked))[0], len(ranked) - 1)
    return hits[last].astype(float), (last + 1 - hits[last]).astype(float), ranked[last]


def roc(positive: np.ndarray, score: np.ndarray) -> Curve:
    """False against true positive rate; the area is the chance that a positive row scores above a negative one."""
    hits, alarms, thresholds = _cumulative(positive.astype(bool), score)
    x = np.append(0.0, alarms / max(1.0, alarms[-1]))
    y = np.append(0.0, hits / max(1.0, hits[-1]))
    return Curve(x, y, np.append(np.inf, thresholds), float(np.trapezoid(y, x)))


def precision_recall(positive: np.ndarray, score: np.ndarray) -> Curve:
    """Recall against precision; the area is the average precision, a sum of steps without interpolation."""
    hits, alarms, thresholds = _cumulative(positive.astype(bool), score)
    recall, precision = hits / max(1.0, hits[-1]), hits / (hits + alarms)
    area = float(np.sum(np.diff(np.append(0.0, recall)) * precision))
    return Curve(recall, precision, thresholds, area)


# Confidence -----------------------------------------------------------------------------------------------------------
class Reliability(NamedTuple):
    """For each bin of confidence its mean, the share that is right, and how many rows it holds; ECE over all bins."""

    confidence: np.ndarray
    accuracy: np.ndarray
    rows: np.ndarray
    ece: float


def reliability(p: np.ndarray, y: np.ndarray, bins: int = 10) -> Reliability:
    """Expected calibration error = Σ (rows in bin / rows) · |accuracy − confidence| (Naeini et al. 2015)."""
    top, right = p.max(1), p.argmax(1) == y
    which = np.minimum((top * bins).astype(int), bins - 1)
    count = np.bincount(which, minlength=bins)
    sums = [np.bincount(which, weights=values, minlength=bins) for values in (top, right.astype(float))]
    confidence, accuracy = (np.divide(total, count, out=np.full(bins, np.nan), where=count > 0) for total in sums)
    ece = float(np.nansum(count / max(1, len(y)) * np.abs(accuracy - confidence)))
    return Reliability(confidence, accuracy, count, ece)


def fit_temperature(logits: np.ndarray, y: np.ndarray) -> float:
    """The temperature in [0.05, 20] whose probabilities fit `y` best (Guo et al. 2017); the answers stay the same.

    As if C more rows had been seen, one of each class (Platt 2000): few rows that are all right are no reason to be
    certain. The cross-entropy is convex in 1 / T, so a golden-section search finds its one minimum.
    """
    rows, C = logits.shape
    share = C / (rows + C)

    def loss(scale: float) -> float:
        scaled = np.asarray(logits, np.float64) * scale
        total = np.log(np.exp(scaled - scaled.max(1, keepdims=True)).sum(1)) + scaled.max(1)
        true = scaled[np.arange(rows), y]
        return float(np.mean(total - (1 - share) * true - share * scaled.mean(1)))

    low, high, golden = 1 / 20, 20.0, (math.sqrt(5) - 1) / 2
    for _ in range(60):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return 2 / (low + high)


class Coverage(NamedTuple):
    """At each threshold: the share of rows that are answered, and how many of those are right."""

    thresholds: np.ndarray
    coverage: np.ndarray
    accuracy: np.ndarray


def coverage(p: np.ndarray, y: np.ndarray, thresholds: np.ndarray | None = None) -> Coverage:
    """Coverage and accuracy when predictions below a confidence threshold are rejected."""
    levels = np.linspace(0, 0.99, 100) if thresholds is None else np.asarray(thresholds, float)
    order = np.argsort(p.max(1))
    top, right = p.max(1)[order], (p.argmax(1) == y)[order]
    first = np.searchsorted(top, levels, side="left")
    answered = len(y) - first
    hits = np.append(np.cumsum(right[::-1])[::-1], 0)[first]
    accuracy = np.divide(hits, answered, out=np.full(len(levels), np.nan), where=answered > 0)
    return Coverage(levels, answered / max(1, len(y)), accuracy)


def confident_mistakes(p: np.ndarray, y: np.ndarray, count: int = 20) -> np.ndarray:
    """Indices of the wrong predictions, most confident first."""
    wrong = np.nonzero(p.argmax(1) != y)[0]
    return wrong[np.argsort(-p[wrong].max(1), kind="stable")][:count]
