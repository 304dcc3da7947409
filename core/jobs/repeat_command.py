"""The command line that repeats a run."""

import shlex
from typing import Any

from core.errors import UserError
from core.families import family as find_family
from core.i18n import _
from core.runs.extend import extensions, planned_steps
from core.runs.placement import Placement
from core.runs.run import START, Run
from core.schema import BUDGETS, Options, budget


def command(run: Run) -> str:
    """Return the command line that repeats `run` on the data in its folder, and a line for each extension.

    It names the steps that a budget in seconds became. Raises UserError where they are not known yet.
    """
    options, devices = run.options, Placement.of(run).devices
    words = ["python", "-m", "core", *(_branch(run) if (run.path / START).exists() else _training(run, options))]
    words += ["--devices", devices] if devices else []
    then = [f"python -m core runs resume RUN --more-steps {steps}" for steps in extensions(run)]
    return "\n".join([shlex.join(words), *then])


def _branch(run: Run) -> list[str]:
    """Return the words for a branch, which also needs the weights that it started from."""
    name, value = _budget(run)
    return ["runs", "again", run.id, *(["--set", f"{name}={value}"] if name != budget(run.options) else [])]


def _training(run: Run, options: Options) -> list[str]:
    preset, family = run.config.get("preset"), find_family(run.family)
    words = ["train", family.key, f"--{family.data_flag}", f"run:{run.id}"]
    words += ["--preset", str(preset)] if preset else []
    name, value = _budget(run)
    words += [f"--{name}", _typed(value)]
    for name in type(options).model_fields:
        value, flag = getattr(options, name), "--" + name.replace("_", "-")
        if name in BUDGETS:
            continue
        if isinstance(value, bool):
            words.append(flag if value else "--no-" + flag[2:])
        elif isinstance(value, str):
            words.append(f"{flag}={value}")  # with "=" a value may begin with a dash
        else:
            words += [flag, _typed(value)]
    return words


def _budget(run: Run) -> tuple[str, Any]:
    """Return the name and the value of the budget to repeat; seconds would be measured anew, so they become steps."""
    name = budget(run.options)
    if name != "seconds":
        return name, getattr(run.options, name)
    steps = planned_steps(run)
    if steps is None:
        text = _("How many steps {seconds:g} seconds are is not known yet: let the run begin first.")
        raise UserError(text.format(seconds=run.options.seconds))
    return "steps", steps


def _typed(value: Any) -> str:
    """Format `value` so that from_text() restores it."""
    if isinstance(value, list | tuple):
        return ",".join(map(_typed, value))
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)
