"""A run as a program of its own: plain Keras, no studio needed. The wings write the lines; here is what they share."""

import io
import zipfile
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.families import family
from core.i18n import _
from core.runs.files import is_number, write_bytes
from core.runs.run import Run
from core.schema import Options

FLOOR = 0.02  # as in core/training/schedule.py


def script_files(run: Run) -> dict[str, bytes]:
    """train.py, which trains this very network on this data, and the plain files that it reads.

    Raises UserError where the data is gone, or where a run with a budget in seconds was never begun.
    """
    files: dict[str, bytes] = family(run.family).room("program").files(run)
    return files


def can_be_written(run: Run) -> None:
    """Raise the UserError that script_files() would raise for data that is gone or a budget that is not known yet."""
    run.sources()
    total_steps(run, 1.0)


def use_script(run: Run) -> str:
    """A few lines that use `model.keras` beside them with nothing but Keras."""
    return str(family(run.family).room("program").use(run))


def write_script(run: Run, folder: Path) -> list[str]:
    """Put script_files() into a new or empty folder; return their names."""
    files = script_files(run)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(_("The folder “{folder}” is not empty: name a new one.").format(folder=folder))
        for name, content in files.items():
            write_bytes(folder / name, content)
    except OSError as error:
        raise UserError(
            _("“{folder}” cannot be written: {reason}.").format(folder=folder, reason=error.strerror or error)
        ) from None
    return list(files)


def script_zip(run: Run) -> bytes:
    """script_files() as one archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in script_files(run).items():
            archive.writestr(name, content)
    return out.getvalue()


# For the wings -------------------------------------------------------------------------------------------------------
def total_steps(run: Run, per_epoch: float) -> int:
    """The run's budget in steps: as planned, or from its options where it was not begun."""
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
    """The docstring that a script begins with."""
    return (
        f'"""Trains {what} in plain Keras, as one run of Hidden State did.\n\n'
        f"Beside it: {reads}. Needs keras and tensorflow. Run it with\n    python train.py [steps]\n"
        f'and it writes {writes}.\n"""\n\n# The run: ' + _comment(run.name) + "\n"
    )


def _comment(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode().replace("\n", " ")


def rate(options: Options) -> str:
    """A function `rate(step)`: the learning rate's way up and down."""
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
    """`name = [...]` in ASCII, some items a line."""
    rows = [", ".join(ascii(item) for item in items[at : at + a_line]) for at in range(0, len(items), a_line)]
    return f"{name} = [\n" + "".join(f"    {row},\n" for row in rows) + "]"
