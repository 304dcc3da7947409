"""The command line that repeats a run."""

import shlex
from typing import Any

from core.families import family as find_family
from core.runs.extend import extensions
from core.runs.placement import Placement
from core.runs.run import START, Run
from core.schema import BUDGETS, budget


def command(run: Run) -> str:
    """Return the command line that repeats `run` on the data in its folder, and a line for each extension."""
    options = run.options
    if (run.path / START).exists():  # a branch also needs the weights that it started from
        return shlex.join(["python", "-m", "core", "runs", "again", run.id])
    preset, devices = run.config.get("preset"), Placement.of(run).devices
    family, defaults = find_family(run.family), type(options)()
    words = ["python", "-m", "core", "train", family.key, f"--{family.data_flag}", f"run:{run.id}"]
    if preset:
        words += ["--preset", str(preset)]
    if devices:
        words += ["--devices", devices]
    for name in type(options).model_fields:
        value, flag = getattr(options, name), "--" + name.replace("_", "-")
        if name in BUDGETS:
            if value is not None and name == budget(options):
                words += [flag, _typed(value)]
        elif value == getattr(defaults, name) and not preset:
            continue
        elif isinstance(value, bool):
            words.append(flag if value else "--no-" + flag[2:])
        elif isinstance(value, str):
            words.append(f"{flag}={value}")  # with "=" a value may begin with a dash
        else:
            words += [flag, _typed(value)]
    then = [f"python -m core runs resume RUN --more-steps {steps}" for steps in extensions(run)]
    return "\n".join([shlex.join(words), *then])


def _typed(value: Any) -> str:
    """Format `value` so that from_text() restores it."""
    if isinstance(value, list | tuple):
        return ",".join(map(_typed, value))
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)
