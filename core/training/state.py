"""The state that a run continues from: the loop's progress, the family's variables, and the plan."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import Arrays, checkpoints, load_arrays, load_newest
from core.runs.run import START, Run
from core.training.planning import Costs
from core.training.task import ArrayFile, Files, Plan, Sizes, Task


@dataclass
class Progress:
    """The training loop's state, stored in each checkpoint."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int | None = None
    best_figures: dict[str, float] = field(default_factory=dict)
    since_best: int = 0
    rollbacks: int = 0
    rate: float = 1.0  # factor on the learning rate, halved at each roll-back
    average: float | None = None  # running mean of the loss, to detect spikes
    regular: int = 0  # step of the newest checkpoint that the plan scheduled; a roll-back returns to it
    ended_early: bool = False
    extensions: int = 0  # number of the plan's extensions that have started


def read_arrays(task: Task) -> Arrays:
    """Return copies of all of the task's variables; without a copy, an array may share memory with its variable."""
    return {name: np.asarray(variable).copy() for name, variable in task.variables().items()}


def restore_variables(task: Task, arrays: Arrays, *, only: str = "") -> bool:
    """Assign `arrays` to the variables whose names begin with `only`; return False, unchanged, if they do not fit."""
    return assign({name: item for name, item in task.variables().items() if name.startswith(only)}, arrays)


def assign(variables: Mapping[str, Any], arrays: Arrays) -> bool:
    """Assign `arrays` to `variables` by name; where names or shapes differ, assign none and return False."""
    fits = set(arrays) == set(variables) and all(
        arrays[name].shape == tuple(variable.shape) for name, variable in variables.items()
    )
    if fits:
        for name, variable in variables.items():
            variable.assign(arrays[name])
    return fits


def record_task(run: Run, task: Task) -> None:
    """Write what a task says of its run before the first step; baselines are computed only where there are none yet."""
    write_files(run, task.files)
    run.write_json("facts.json", task.facts)
    if run.read_json("baselines.json") is None:
        run.write_json("baselines.json", [item.as_json() for item in task.baselines()])


def write_files(run: Run, files: Files) -> None:
    for name, content in files.items():
        if isinstance(content, ArrayFile):
            content.write(run.path / name)
        else:
            run.write_json(name, content)


def load_start_weights(run: Run, task: Task) -> None:
    """If `run` is a branch, load the weights it starts from. Raises UserError where they do not fit or are damaged."""
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
    """Restore the variables from the newest readable checkpoint; return its progress and the plan, None if missing.

    Newer, damaged checkpoints are renamed, since they would otherwise always count as the newest. Raises UserError
    where the checkpoint does not fit the run's options.
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
    """Return whether model.keras can be loaded; rename it if not. The task's variables are unchanged."""
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


def record_plan(run: Run, plan: Plan, costs: Costs | None, sizes: Sizes) -> None:
    """Write plan.json: the plan, and the measurements by which a budget in seconds became steps."""
    about = {"steps_per_epoch": sizes.steps_per_epoch, "notes": sizes.notes, "extensions": []}
    run.write_json("plan.json", asdict(plan) | ({"costs": asdict(costs)} if costs else {}) | about)


def meta(progress: Progress, plan: Plan) -> dict[str, Any]:
    return asdict(progress) | {"plan": asdict(plan)}


def read_plan(recorded: Any) -> Plan | None:
    """Return the plan in plan.json or in a checkpoint's metadata, or None where it is invalid."""
    if not isinstance(recorded, dict):
        return None
    values = {name: recorded.get(name) for name in Plan.__dataclass_fields__}
    sound = all(isinstance(value, int) and value >= 1 for value in values.values())
    return Plan(**values) if sound else None  # type: ignore[arg-type]
