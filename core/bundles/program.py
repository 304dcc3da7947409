"""Export a run as a program in plain Keras; core/<family>/program.py generates the code."""

from pathlib import Path

from core.errors import UserError
from core.families import family
from core.i18n import _
from core.runs.files import write_bytes, writing
from core.runs.run import Run
from core.training.program_source import sentences, total_steps
from core.version import label


def script_files(run: Run) -> dict[str, bytes]:
    """Return train.py, which trains the same network on the same data, and the data files that it reads.

    Raises UserError where the data is missing, or where a run with a budget in seconds has not started.
    """
    return family(run.family).program.files(run)


def check_exportable(run: Run) -> None:
    """Raise the UserError of script_files() for missing data or an unknown number of steps, without generating code."""
    run.sources()
    total_steps(run, 1.0)


def left_out(run: Run) -> list[str]:
    """Return what the run does and its program does not, one sentence each."""
    return [_(sentence) for sentence in sentences(family(run.family).program.LEFT_OUT)]


def use_script(run: Run) -> str:
    """Return a short Keras program that uses the `model.keras` beside it."""
    return f"# Written by {label()}\n{family(run.family).program.use(run)}"


def write_script(run: Run, folder: Path) -> list[str]:
    """Write script_files() into a new or empty folder; return their names. Raises UserError where that fails."""
    return write_folder(folder, script_files(run))


def write_folder(folder: Path, files: dict[str, bytes]) -> list[str]:
    """Write `files` into a new or empty folder; return their names. Raises UserError where that fails."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise UserError(_("The folder “{folder}” is not empty: name a new one.").format(folder=folder))
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_bytes(folder / name, content)
    return list(files)
