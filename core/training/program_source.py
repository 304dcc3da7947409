"""Generate the source code that the exported programs of all families share: docstring, schedule and constants."""

from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs.files import is_number
from core.runs.run import Run
from core.schema import Options
from core.version import label

FLOOR = 0.02  # as in core/training/schedule.py


def total_steps(run: Run, per_epoch: float) -> int:
    """Return the run's budget in steps, from its plan, or from its options where it has not started.

    Raises UserError for a budget in seconds that has not been converted into steps yet.
    """
    plan, options = run.read_json("plan.json"), run.options
    if isinstance(plan, dict) and is_number(plan.get("total_steps")):
        return int(plan["total_steps"])
    if options.seconds is not None:
        raise UserError(
            _("How many steps {seconds:g} seconds are is not known yet: let the run begin first.").format(
                seconds=options.seconds
            )
        )
    return options.steps or max(1, round((options.epochs or 1) * per_epoch))


def head(run: Run, what: str, reads: str, writes: str = "model.keras, the best weights that it saw") -> str:
    """Return the module docstring of a script: what it trains, which files it reads and writes."""
    return (
        f'"""Trains {what} in plain Keras, as one run of Hidden State did.\n\n'
        f"Beside it: {reads}. Needs keras and tensorflow. Run it with\n    python train.py [steps]\n"
        f'and it writes {writes}.\n"""\n\n'
        f"# The run: {_comment(run.name)}\n# Written by {label()}\n"
    )


def _comment(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ")


def rate(options: Options) -> str:
    """Return the source of a function `rate(step)`: the learning-rate schedule of core/training/schedule.py."""
    falls = {
        "cosine": f"({FLOOR} + {1 - FLOOR} * 0.5 * (1 + math.cos(math.pi * done)))",
        "linear": f"({FLOOR} + {1 - FLOOR} * (1 - done))",
        "constant": "1.0",
    }
    lines = [
        "def rate(step):",
        f"    rise = {options.warmup!r} * STEPS",
        "    up = min(1.0, (step + 1) / rise) if rise else 1.0",
        "    done = min(1.0, max(0.0, (step - rise) / max(1.0, STEPS - rise)))",
        f"    return {options.learning_rate!r} * up * {falls[options.schedule]}",
    ]
    return "\n".join(line for line in lines if "done =" not in line or options.schedule != "constant")


def listing(name: str, items: list[Any], a_line: int = 10) -> str:
    """Return `name = [...]` as ASCII source, `a_line` items per line."""
    rows = [", ".join(ascii(item) for item in items[at : at + a_line]) for at in range(0, len(items), a_line)]
    return f"{name} = [\n" + "".join(f"    {row},\n" for row in rows) + "]"
