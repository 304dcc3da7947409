"""Diagnose classifier training from its metrics, including the comparison with the linear baselines."""

from dataclasses import replace
from typing import Any

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.training.metrics import best_linear
from core.i18n import _
from core.runs.checkpoint import load_arrays
from core.runs.metrics import column
from core.runs.run import Run
from core.runs.status import ENDED
from core.schema import budget
from core.training.verdict import Verdict, diagnose_loss

LATE = 3  # evaluations after which a network that knows no more than the majority class is said to be stuck


def verdicts(run: Run, rows: list[dict[str, Any]]) -> list[Verdict]:
    """Diagnose a run from its metrics so far; empty while there are too few."""
    config, status = run.options, run.status
    assert isinstance(config, ClassifierConfig)
    ended = status.state in ENDED
    per_step = status.epoch / status.step if status.step else 0.0
    curve = [
        _about_accuracy(item, rows, config)
        for item in diagnose_loss(rows, "val_loss", ended=ended, epochs_per_step=per_step)
    ]
    if stuck := _stuck(run, rows, config):
        return [stuck]
    settled = any(item.kind == "good" for item in curve)
    compared = _compared(run, config, settled) if status.state == "finished" else []
    return [*(compared or _so_far(run, rows)), *curve]


def _about_accuracy(verdict: Verdict, rows: list[dict[str, Any]], config: ClassifierConfig) -> Verdict:
    """Adapt the loss diagnosis: the best weights are chosen by accuracy, which can rise while the loss rises, too."""
    steps, accuracies = column(rows, "val_accuracy")
    if verdict.kind != "warning" or not accuracies:
        return verdict
    best = int(np.argmax(accuracies))
    return replace(
        verdict,
        text=_("Overfitting: it becomes surer of its mistakes; the weights of step {step:,} are kept.").format(
            step=steps[best]
        ),
        evidence=verdict.evidence
        + " "
        + _("Accuracy was best there, {best:.1%}, and is {now:.1%} now.").format(
            best=accuracies[best], now=accuracies[-1]
        ),
        changes={"dropout": min(0.5, config.dropout + 0.2), "word_dropout": min(0.5, config.word_dropout + 0.2)},
        action=_("Train again with more dropout"),
    )


def _stuck(run: Run, rows: list[dict[str, Any]], config: ClassifierConfig) -> Verdict | None:
    _steps, accuracies = column(rows, "val_accuracy")
    majority = _accuracy_of(run).get("majority")
    if majority is None or len(accuracies) < LATE or max(accuracies) > majority:
        return None
    return Verdict(
        "bad",
        _("It has learned nothing yet: always naming the most frequent class is as good."),
        _("Accuracy {best:.1%} after {count} evaluations; the most frequent class alone gives {majority:.1%}.").format(
            best=max(accuracies), count=len(accuracies), majority=majority
        ),
        {"distillation": 0.9, "informed_start": True, "learning_rate": config.learning_rate}
        if not (config.distillation and config.informed_start)
        else {"learning_rate": config.learning_rate / 3},
        _("Train again, taught by the linear model")
        if not (config.distillation and config.informed_start)
        else _("Train again with a third of the rate"),
    )


def _so_far(run: Run, rows: list[dict[str, Any]]) -> list[Verdict]:
    """Compare on validation accuracy, without an interval, while the run trains."""
    known, accuracies = _accuracy_of(run), column(rows, "val_accuracy")[1]
    name = best_linear(known)
    if name is None or not accuracies:
        return []
    best, top = known[name], max(accuracies)
    text = _("Above the linear baseline.") if top > best else _("Not above the linear baseline yet.")
    evidence = _("Best so far {top:.1%}, the linear baseline {best:.1%}, both on the validation part.")
    return [Verdict("good" if top > best else "info", text, evidence.format(top=top, best=best))]


def _compared(run: Run, config: ClassifierConfig, settled: bool) -> list[Verdict]:
    """Compare with the best linear model on the same test texts, with the interval of the difference."""
    # Brings scikit-learn, which a live run does not need.
    from core.classifier.training.evaluate import Evaluation, val_accuracies
    from core.classifier.training.evaluate import verdicts as judge

    report = run.report
    try:
        arrays, meta = load_arrays(run.path / "predictions.npz")
        y, logits = arrays["test_labels"], arrays["test_logits"]
        given = {key.removeprefix("baseline_"): value for key, value in arrays.items() if key.startswith("baseline_")}
        labels = {name: str(item["label"]) for name, item in report["baselines"].items()}
        found = judge(
            Evaluation(
                list(meta["classes"]), [], [], y, logits, 1.0, given, labels, val_accuracies(report["baselines"])
            ),
            int(report["rows"]["train"]),
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return []  # a run that was tampered with has no verdict, and its page says so elsewhere
    changes, action = _remedy(config, settled)
    return [item if item.kind == "good" else replace(item, changes=changes, action=action) for item in found]


def _remedy(config: ClassifierConfig, settled: bool) -> tuple[dict[str, Any], str]:
    if config.distillation < 0.5 or not config.informed_start:
        return {"distillation": 0.9, "informed_start": True}, _("Train again, taught by the linear model")
    if settled:  # no option change is likely to help
        return {}, ""
    name = budget(config)
    return {name: getattr(config, name) * 3}, _("Train again, three times as long")


def _accuracy_of(run: Run) -> dict[str, float]:
    """Validation accuracy of each baseline by name."""
    return {item["name"]: item["value"] for item in run.baselines}
