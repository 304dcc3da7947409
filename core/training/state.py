"""What a run continues from: the loop's own memory, the family's variables, and the plan."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import Arrays, checkpoints, load_arrays, load_newest
from core.runs.run import START, Run
from core.training.planning import Costs
from core.training.task import Plan, Sizes, Task


@dataclass
class Progress:
    """What the loop remembers from step to step; it travels inside each checkpoint."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int | None = None
    best_figures: dict[str, float] = field(default_factory=dict)
    since_best: int = 0
    rollbacks: int = 0
    rate: float = 1.0  # halved at each roll-back
    average: float | None = None  # running loss, what a spike is measured against
    regular: int = 0  # step of the newest checkpoint that the plan asked for; a roll-back goes there
    ended_early: bool = False
    extensions: int = 0  # how many of the plan's extensions were begun


def read_arrays(task: Task) -> Arrays:
    """Copies of every variable that the future depends on; np.array() may return a view of what trains on."""
    return {name: np.asarray(variable).copy() for name, variable in task.variables().items()}


def restore_variables(task: Task, arrays: Arrays, *, only: str = "") -> bool:
    """Assign `arrays` to the variables whose names begin with `only`; where they do not fit, only return False."""
    variables = {name: variable for name, variable in task.variables().items() if name.startswith(only)}
    fits = set(arrays) == set(variables) and all(
        arrays[name].shape == tuple(variable.shape) for name, variable in variables.items()
    )
    if fits:
        for name, variable in variables.items():
            variable.assign(arrays[name])
    return fits


def load_start_weights(run: Run, task: Task) -> None:
    """Put the weights of another run's snapshot into the network where `run` branches from it."""
    path = run.path / START
    if not path.exists():
        return
    try:
        arrays = {name: array.astype(np.float32) for name, array in load_arrays(path)[0].items()}
    except (OSError, ValueError):
        arrays = {}
    if not restore_variables(task, arrays, only="model/"):
        raise UserError(
            _(
                "The weights that “{run}” should begin from do not fit its network, or are damaged: branch again and "
                "keep the options that give the network its shape."
            ).format(run=run.id)
        )


def restore(run: Run, task: Task) -> tuple[Progress | None, Plan | None]:
    """Progress and plan of the newest sound checkpoint, whose variables are put back; None for what there is not.

    Checkpoints newer than that are damaged and set aside: they would otherwise count as the newest for ever.
    """
    found = load_newest(run.checkpoint_path)
    recorded = run.read_json("plan.json")
    plan = read_plan(recorded) or (read_plan(found[1].get("plan")) if found else None)
    progress = None
    if found is not None and plan is not None:
        arrays, kept = found
        if not restore_variables(task, arrays):
            raise UserError(
                _("The checkpoint of “{run}” does not fit its options: start a new run.").format(run=run.id)
            )
        progress = Progress(**{key: kept[key] for key in Progress.__dataclass_fields__ if key in kept})
        extensions = recorded.get("extensions") if isinstance(recorded, dict) else None
        if isinstance(extensions, list) and len(extensions) > progress.extensions:
            progress.extensions, progress.ended_early, progress.since_best = len(extensions), False, 0
    for path in checkpoints(run.checkpoint_path):
        if progress is None or path.stem > f"step-{progress.step:010d}":
            path.replace(path.with_name(f"damaged-{path.name}"))
    return progress, plan


def best_model_is_readable(run: Run, task: Task) -> bool:
    """Can the best weights be read back? What cannot is set aside; the task's variables are as before."""
    kept = read_arrays(task)
    try:
        task.load_model(str(run.model_path))
        return True
    except (UserError, OSError, ValueError, EOFError):
        if run.model_path.exists():
            run.model_path.replace(run.path / f"damaged-{run.model_path.name}")
        return False
    finally:
        restore_variables(task, kept)


def record_plan(run: Run, plan: Plan, costs: Costs, sizes: Sizes) -> None:
    """Write plan.json: what was decided, and what it was decided on."""
    about = {"steps_per_epoch": sizes.steps_per_epoch, "costs": asdict(costs), "notes": sizes.notes, "extensions": []}
    run.write_json("plan.json", asdict(plan) | about)


def meta(progress: Progress, plan: Plan) -> dict[str, Any]:
    return asdict(progress) | {"plan": asdict(plan)}


def read_plan(recorded: Any) -> Plan | None:
    """The plan in plan.json or in a checkpoint, or None where it is not sound."""
    if not isinstance(recorded, dict):
        return None
    values = {name: recorded.get(name) for name in Plan.__dataclass_fields__}
    sound = all(isinstance(value, int) and value >= 1 for value in values.values())
    return Plan(**values) if sound else None  # type: ignore[arg-type]
