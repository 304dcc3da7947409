"""Weight snapshots at a few steps of the training, for showing weights over time and for branching.

They are stored as float16 (relative error at most 2⁻¹¹), which halves the size and is exact enough for both uses.
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
    """Return the steps at which snapshots were kept, in order."""
    return sorted(int(path.stem[5:]) for path in _folder(run).glob("step-*.npz") if path.stem[5:].isdigit())


def keep(run: Run, task: Task, step: int, plan: Plan | None) -> None:
    """Save a snapshot at `step` if one is due; they are spread over the plan, more densely at the beginning.

    Nothing is saved where all snapshots together would exceed TOTAL_BYTES.
    """
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
    if beyond:  # the last evaluation of a plan whose steps are no multiple of eval_every
        return False
    wanted = {max(1, round(evaluations * (part / count) ** 1.6)) for part in range(1, count + 1)}
    return number in wanted


def load(run: Run, step: int) -> Arrays:
    """Return the weights of the snapshot at `step`, float32 by variable name. Raises UserError where there is none."""
    try:
        arrays = load_arrays(_folder(run) / f"step-{step:010d}.npz")[0]
        return {name: array.astype(np.float32) for name, array in arrays.items()}
    except (OSError, ValueError):
        raise UserError(_("The run “{run}” keeps no weights of step {step}.").format(run=run.id, step=step)) from None
