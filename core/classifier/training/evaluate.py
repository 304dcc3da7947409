"""Evaluate a trained run on its test part or on a labelled table, and compare it with the linear baselines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data.prepare import Prepared, prepare
from core.classifier.data.rows import one_number
from core.classifier.training import metrics
from core.classifier.training.baselines import fit_baselines
from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import load_arrays
from core.runs.files import is_number
from core.runs.run import Run
from core.training.verdict import Verdict

FOLDS = 5
FEW = 2000

Progress = Callable[[int, int], None]


@dataclass
class Evaluation:
    """Predictions on labelled texts. y: (B,) class numbers; logits: (B, C); names: row names for display;
    baselines: name of a linear model → its predictions (B,)."""

    classes: list[str]
    texts: list[str]
    names: list[str]
    y: np.ndarray
    logits: np.ndarray
    temperature: float
    baselines: dict[str, np.ndarray] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)  # of the baselines, for people
    baseline_val_accuracy: dict[str, float] = field(default_factory=dict)

    @property
    def p(self) -> np.ndarray:
        """(B, C) probabilities, calibrated on the validation part."""
        return metrics.softmax(self.logits, self.temperature)

    @property
    def predicted(self) -> np.ndarray:
        return self.logits.argmax(1)

    @property
    def accuracy(self) -> metrics.Interval:
        return metrics.wilson(int((self.predicted == self.y).sum()), len(self.y))

    @property
    def best_linear(self) -> str | None:
        """The linear baseline that was chosen on the validation part, where its answers on these rows are known."""
        return metrics.best_linear({name: self.baseline_val_accuracy.get(name, 0.0) for name in self.baselines})

    def accuracy_of(self, baseline: str) -> float:
        """The share of these rows that a baseline answered rightly."""
        return float(np.mean(self.baselines[baseline] == self.y))

    def accuracy_gain_over(self, baseline: str) -> metrics.Interval:
        """Accuracy difference between network and baseline on the same rows, with its interval."""
        return metrics.difference(self.predicted == self.y, self.baselines[baseline] == self.y)

    def summary(self) -> dict[str, Any]:
        """All metrics as JSON, for the command line."""
        C = len(self.classes)
        accuracy, predicted = self.accuracy, self.predicted
        each = metrics.per_class(self.y, predicted, C)
        found: dict[str, Any] = {
            "rows": len(self.y),
            "accuracy": accuracy.value,
            "accuracy_interval": [accuracy.low, accuracy.high],
            "macro_f1": metrics.macro_f1(self.y, predicted, C),
            "loss": metrics.cross_entropy(self.logits / self.temperature, self.y),
            "temperature": self.temperature,
            "ece": metrics.reliability(self.p, self.y).ece,
            "ece_uncalibrated": metrics.reliability(metrics.softmax(self.logits), self.y).ece,
            "classes": {label: item._asdict() for label, item in zip(self.classes, each, strict=True)},
            "confusion": metrics.confusion(self.y, predicted, C).tolist(),
        }
        if C == 2:
            found["roc_auc"] = metrics.roc(self.y == 1, self.p[:, 1]).area
            found["average_precision"] = metrics.precision_recall(self.y == 1, self.p[:, 1]).area
        for name in self.baselines:
            found.setdefault("baselines", {})[name] = self.accuracy_of(name)
        if self.best_linear:
            found["best_linear_baseline"] = self.best_linear
        return found


def load_evaluation(run: Run, part: str = "test", data: Prepared | None = None) -> Evaluation:
    """Load a finished run's saved predictions for its "test" or "validation" part; needs no TensorFlow.

    Raises UserError where the run has no final predictions yet.
    """
    config = run.options
    assert isinstance(config, ClassifierConfig)
    try:
        arrays, meta = load_arrays(run.path / "predictions.npz")
        logits, y, places = (arrays[f"{part}_{what}"] for what in ("logits", "labels", "places"))
        known = {key.removeprefix("baseline_"): value for key, value in arrays.items() if key.startswith("baseline_")}
        classes = [str(label) for label in meta["classes"]]
        temperature = metrics.fit_temperature(arrays["validation_logits"], arrays["validation_labels"])
    except (OSError, ValueError, KeyError):
        raise UserError(
            _("The run “{run}” has no final figures yet: let it train to its end.").format(run=run.id)
        ) from None
    data = data or prepare(run.sources(), config)
    if data.classes != classes or len(y) != len(places) or (len(places) and places.max() >= len(data.texts)):
        raise UserError(_("The figures of “{run}” do not fit its data: train anew.").format(run=run.id))
    given = run.report.get("baselines", {})
    return Evaluation(
        classes,
        [data.texts[place] for place in places],
        [data.names[place] for place in places],
        y,
        logits,
        temperature,
        known if part == "test" else {},
        {name: str(item.get("label", name)) for name, item in given.items() if isinstance(item, dict)},
        val_accuracies(given),
    )


def val_accuracies(baselines: Any) -> dict[str, float]:
    """Validation accuracy by name out of report.json's `baselines`; what is no number there is left out."""
    items = baselines.items() if isinstance(baselines, dict) else ()
    return {
        name: float(item["val_accuracy"])
        for name, item in items
        if isinstance(item, dict) and is_number(item.get("val_accuracy"))
    }


@dataclass(frozen=True)
class LabelIssue:
    """A row whose label is probably wrong: the given label, an out-of-sample prediction, and both probabilities."""

    place: int
    name: str
    text: str
    given: str
    suggested: str
    p_given: float
    p_suggested: float


def find_label_issues(
    data: Prepared, count: int = 50, seed: int = 0, progress: Progress | None = None
) -> list[LabelIssue]:
    """Rows of all parts with probably wrong labels, most suspicious first.

    Each row is predicted by a linear model fitted without it (FOLDS-fold cross-validation); rows are ranked by the
    out-of-sample margin of another class (confident learning: Northcutt, Jiang and Chuang 2021).
    """
    C, y = len(data.classes), data.labels
    tokens = [data.tokenizer(text) for text in data.texts]
    characters = data.tokenizer.unit == "characters"
    p = np.zeros((len(y), C))
    for number, (rest, held) in enumerate(_folds(y, min(FOLDS, len(y)), seed), 1):
        found = fit_baselines(
            [data.texts[at] for at in rest], [tokens[at] for at in rest], y[rest], C, characters, quick=True
        )
        p[held] = found[-1].predict([data.texts[at] for at in held], [tokens[at] for at in held])
        if progress:
            progress(number, FOLDS)
    given = p[np.arange(len(y)), y]
    others = p.copy()
    others[np.arange(len(y)), y] = -1
    best = others.argmax(1)
    margin = others.max(1) - given
    order = [int(at) for at in np.argsort(-margin, kind="stable")[:count] if margin[at] > 0]
    return [
        LabelIssue(
            at, data.names[at], data.texts[at], data.classes[y[at]], data.classes[best[at]],
            float(given[at]), float(others[at].max()),
        )
        for at in order
    ]  # fmt: skip


def _folds(y: np.ndarray, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Stratified folds: pairs of indices to fit on and to predict."""
    rng = np.random.default_rng(seed)
    fold = np.zeros(len(y), int)
    for label in np.unique(y):
        mine = rng.permutation(np.nonzero(y == label)[0])
        fold[mine] = np.arange(len(mine)) % folds
    return [(np.nonzero(fold != number)[0], np.nonzero(fold == number)[0]) for number in range(folds)]


def verdicts(evaluation: Evaluation, rows: int) -> list[Verdict]:
    """Compare the network with the best linear baseline in words; rows: number of training rows."""
    best = evaluation.best_linear
    accuracy = evaluation.accuracy
    reached = _("{value:.1%} of {count:,} test rows are right (95 % interval {low:.1%} to {high:.1%}).").format(
        value=accuracy.value, count=len(evaluation.y), low=accuracy.low, high=accuracy.high
    )
    if best is None:
        return [Verdict("info", reached, "")]
    gain = evaluation.accuracy_gain_over(best)
    facts = _(
        "{label}: {value:.1%}. Accuracy of the network minus the baseline's: {gain:+.1f} points, "
        "interval {low:+.1f} to {high:+.1f}."
    )
    evidence = facts.format(
        label=_(evaluation.labels.get(best, best)),
        value=evaluation.accuracy_of(best),
        gain=100 * gain.value,
        low=100 * gain.low,
        high=100 * gain.high,
    )
    if gain.low > 0:
        return [Verdict("good", _("The network is better than the linear baseline.") + " " + reached, evidence)]
    if gain.high < 0:
        text = _("The linear baseline is better on this data.")
        if rows < FEW:
            text += " " + _("{rows:,} texts are few for a Transformer.").format(rows=rows)
        return [Verdict("warning", text + " " + reached, evidence)]
    text = _("Network and linear baseline are as good as each other, as far as these rows can tell.")
    return [Verdict("info", text + " " + reached, evidence)]


def evaluate_table(classifier: Any, texts: Sequence[str], labels: Sequence[str], names: Sequence[str]) -> Evaluation:
    """Evaluate a core.classifier.inference.classify.Classifier on labelled texts.

    Raises UserError for an unknown label.
    """
    number = {label: place for place, label in enumerate(classifier.classes)}
    labels = one_number(labels, classifier.classes)
    unknown = sorted(set(labels) - set(number))
    if unknown:
        raise UserError(
            _("The label “{label}” is none of the run's classes, which are: {classes}.").format(
                label=unknown[0], classes=", ".join(f"“{label}”" for label in classifier.classes[:20])
            )
        )
    y = np.array([number[label] for label in labels], np.int64)
    logits = classifier.logits(classifier.encode(texts))
    return Evaluation(classifier.classes, list(texts), list(names), y, logits, classifier.temperature)
