"""Weights kept at a few moments of the training, for the film strip and for branching.

They are kept as float16 (relative error at most 2⁻¹¹), half the size: they are looked at, or trained further.
"""

from pathlib import Path

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import Arrays, load_arrays, save_arrays
from core.runs.run import Run
from core.training.task import Plan, Task

TOTAL_BYTES = 96_000_000  # for all snapshots of a run together


def _folder(run: Run) -> Path:
    return run.path / "snapshots"


def steps(run: Run) -> list[int]:
    """The steps at which weights were kept, in order."""
    return sorted(int(path.stem[5:]) for path in _folder(run).glob("step-*.npz") if path.stem[5:].isdigit())


def keep(run: Run, task: Task, step: int, plan: Plan | None) -> None:
    """Keep the weights of `step` if it is one of the moments: evenly spread over the plan, denser at the beginning."""
    wanted = task.sizes.snapshots
    if plan is None or not _is_due(step, plan, wanted):
        return
    weights = {
        name: np.asarray(item, np.float16) for name, item in task.variables().items() if name.startswith("model/")
    }
    if sum(array.nbytes for array in weights.values()) * wanted > TOTAL_BYTES:
        return
    _folder(run).mkdir(exist_ok=True)
    save_arrays(_folder(run) / f"step-{step:010d}.npz", weights, {"step": step})


def _is_due(step: int, plan: Plan, count: int) -> bool:
    evaluations = max(1, plan.total_steps // plan.eval_every)
    number, beyond = divmod(step, plan.eval_every)
    if beyond:  # the evaluation at the end of a plan that its rhythm does not divide
        return False
    wanted = {max(1, round(evaluations * (part / count) ** 1.6)) for part in range(1, count + 1)}
    return number in wanted


def load(run: Run, step: int) -> Arrays:
    """The weights kept at `step`, by variable name. Raises UserError where there are none."""
    try:
        arrays = load_arrays(_folder(run) / f"step-{step:010d}.npz")[0]
        return {name: array.astype(np.float32) for name, array in arrays.items()}
    except (OSError, ValueError):
        raise UserError(_("The run “{run}” keeps no weights of step {step}.").format(run=run.id, step=step)) from None
