"""Assess the training curve in plain sentences, each with the figures that support it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.i18n import _
from core.runs.metrics import column

Kind = Literal["good", "info", "warning", "bad"]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """One assessment. changes: options for a new run that could improve the result."""

    kind: Kind
    text: str
    evidence: str
    changes: dict[str, Any] = field(default_factory=dict)
    action: str = ""


def diagnose_loss(rows: Rows, metric: str, *, ended: bool, epochs_per_step: float, patience: int = 3) -> list[Verdict]:
    """Assess a loss that should fall: overfitting, still improving or converged.

    rows: the lines of metrics.jsonl. metric: key of the validation loss. patience: evaluations without a new best
    before a rise counts as overfitting. Returns [] for fewer than three evaluations.
    """
    listed = list(rows)
    steps, values = column(listed, metric)  # type: ignore[arg-type]
    _train_steps, train = column(listed, "loss")  # type: ignore[arg-type]
    if len(values) < 3 or len(train) < 3:
        return []
    best = int(np.argmin(values))
    epoch = steps[best] * epochs_per_step
    since = len(values) - 1 - best
    rise = values[-1] - values[best]
    gap = values[-1] - float(np.mean(train[-max(1, len(train) // 10) :]))
    if since >= patience and rise > max(0.005, 0.01 * abs(values[best])) and gap > 0:
        return [
            Verdict(
                "warning",
                _("Overfitting since epoch {epoch:.1f}; the weights of that moment are kept.").format(epoch=epoch),
                _(
                    "Validation was {best:.3f} at step {step:,} and is {now:.3f} now; training is {gap:.3f} below it."
                ).format(best=values[best], step=steps[best], now=values[-1], gap=gap),
            )
        ]
    window = max(3, len(values) // 5)
    gain = max(values[-window - 1 : -window + 1] or values[:1]) - min(values[-window:])
    facts = _("Validation fell by {gain:.3f} over the last {count} evaluations, to {now:.3f}.").format(
        gain=max(gain, 0.0), count=window, now=min(values[-window:])
    )
    if gain > 0.004 * abs(values[-1]):
        text = _("It was still improving when it ended: more steps would help.") if ended else _("Still improving.")
        return [Verdict("info" if ended else "good", text, facts)]
    return [Verdict("good", _("It has settled: more of the same would change little."), facts)]
