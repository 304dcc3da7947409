"""Generate text from the same prompt and seed with the weight snapshots of a run."""

import threading
from typing import Any

import numpy as np

from core.charlm.inference.request import Settings
from core.charlm.inference.write import TextWriter, load_vocabulary
from core.charlm.training.model import build
from core.errors import UserError
from core.i18n import _
from core.runs.metrics import column
from core.runs.run import Run
from core.training import snapshots
from core.training.state import assign
from core.training.weights import shapes


class FilmStrip:
    """Generate with any snapshot of one run. Thread-safe: a lock serialises access to the shared model."""

    def __init__(self, run: Run) -> None:
        """Raises UserError where the run has no snapshots."""
        self.run, self.steps = run, kept_steps(run)
        config: Any = run.options
        vocabulary = load_vocabulary(run)
        needed = shapes(lambda: build(config, len(vocabulary)))
        first = snapshots.load(run, self.steps[0]).items()
        if {f"model/{path}": shape for path, shape in needed} != {n: a.shape for n, a in first}:
            raise misfit(self.steps[0])  # before a network of any size is built
        self._model = build(config, len(vocabulary))
        self._writer = TextWriter(self._model, config, vocabulary)
        self._lock, self._step = threading.Lock(), -1

    def text(self, step: int, prompt: str, settings: Settings) -> str:
        """Continue `prompt` with the weights of `step`. Raises UserError where they are gone or do not fit."""
        with self._lock:
            if step != self._step:
                assign_snapshot(self._model, snapshots.load(self.run, step), step)
                self._step = step
            return self._writer.write(prompt, settings)[0]


def kept_steps(run: Run) -> list[int]:
    """Steps with a weight snapshot. Raises UserError where there are none."""
    found = snapshots.steps(run)
    if not found:
        raise UserError(
            _(
                "The run “{run}” keeps no weights from its training, so there is no film: a run keeps them from its "
                "first evaluation on, unless its network is very large."
            ).format(run=run.id)
        )
    return found


def assign_snapshot(model: Any, arrays: dict[str, np.ndarray], step: int) -> None:
    """Assign a snapshot's arrays to the model's variables by name. Raises UserError, unchanged, where they differ."""
    variables = {f"model/{item.path}": item for item in model.variables if "seed" not in item.path}
    if not assign(variables, arrays):
        raise misfit(step)


def misfit(step: int) -> UserError:
    return UserError(_("The weights of step {step} do not fit this network: its folder was changed.").format(step=step))


def validation_losses(run: Run) -> tuple[list[int], list[float]]:
    """Steps and validation losses in nats."""
    return column(run.metrics(), "val_loss")


def latest_step(steps: list[int], step: int) -> int:
    """The last of `steps` at or before `step`, else the first."""
    return max((kept for kept in steps if kept <= step), default=steps[0])
