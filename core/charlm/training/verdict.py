"""Diagnose a character model's training from its metrics."""

from typing import Any

from core.i18n import _
from core.runs.files import is_number
from core.runs.run import Run
from core.runs.status import ENDED
from core.schema import budget
from core.training.verdict import Verdict, diagnose_loss

CHARS_PER_PARAMETER = 0.2  # below this, the network can memorise the text long before the budget ends


def verdicts(run: Run, rows: list[dict[str, Any]]) -> list[Verdict]:
    """Diagnose a run from its metrics so far; empty while there are too few."""
    status = run.status
    ended = status.state in ENDED
    per_step = status.epoch / status.step if status.step else 0.0
    found = diagnose_loss(rows, "val_loss", ended=ended, epochs_per_step=per_step)
    overfits = any(verdict.kind == "warning" for verdict in found)  # the one thing that it warns of
    baselines = {item["name"]: item["value"] for item in run.baselines}
    losses = [row["val_loss"] for row in rows if isinstance(row.get("val_loss"), float)]
    if ended and losses and "ngram" in baselines and min(losses) > baselines["ngram"]:
        found.append(
            Verdict(
                "warning",
                _("A table of five-character counts still predicts this text better."),
                _(
                    "Its loss is {table:.3f} nats, the network's best is {best:.3f}: train longer, or bring more text."
                ).format(table=baselines["ngram"], best=min(losses)),
                _longer(run),
                _("Train again, four times as long"),
            )
        )
    characters, parameters = (
        value if is_number(value) else None for value in map(run.facts.get, ("characters", "parameters"))
    )
    if characters and parameters and overfits and characters < CHARS_PER_PARAMETER * parameters:
        found.append(
            Verdict(
                "info",
                _("The text is too small for this network."),
                _("{characters:,} characters against {parameters:,} parameters: it learns them by heart.").format(
                    characters=characters, parameters=parameters
                ),
                {"units": max(16, run.options.units // 2), "dropout": min(0.6, run.options.dropout + 0.2)},  # type: ignore[attr-defined]
                _("Train again, smaller and with more dropout"),
            )
        )
    return found


def _longer(run: Run) -> dict[str, Any]:
    options = run.options
    name = budget(options)
    return {name: getattr(options, name) * 4}
