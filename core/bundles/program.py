"""A run exported as a program in plain Keras; each family writes the lines (core/<family>/program.py)."""

import io
import zipfile
from pathlib import Path

from core.errors import UserError
from core.families import family
from core.i18n import _
from core.runs.files import write_bytes
from core.runs.run import Run
from core.training.program_source import total_steps


def script_files(run: Run) -> dict[str, bytes]:
    """train.py, which trains this very network on this data, and the plain files that it reads.

    Raises UserError where the data is gone, or where a run with a budget in seconds was never begun.
    """
    return family(run.family).program.files(run)


def check_exportable(run: Run) -> None:
    """Raise the UserError that script_files() would raise for data that is gone or a budget that is not known yet."""
    run.sources()
    total_steps(run, 1.0)


def use_script(run: Run) -> str:
    """A few lines that use `model.keras` beside them with nothing but Keras."""
    return family(run.family).program.use(run)


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
