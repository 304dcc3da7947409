"""The bin: deleted runs can be restored for a week, then they are removed from the disk."""

import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.i18n import _
from core.runs.names import clean_name
from core.runs.run import Run
from core.runs.store import BIN, list_runs, move_into_place, runs_dir

KEPT_SECONDS = 7 * 86_400.0
DRAFT_SECONDS = 86_400.0  # after which the incomplete run of a killed process is removed


@dataclass(frozen=True)
class TrashedRun:
    """A run in the bin; `key` identifies it for restore(), `deleted` is in seconds since 1970."""

    key: str
    id: str
    deleted: float
    run: Run


def list_trash(directory: str | Path | None = None) -> list[TrashedRun]:
    """Return the runs in the bin, the last deleted first."""
    folder = runs_dir(directory) / BIN
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        moment, dash, run_id = path.name.partition("-")
        if path.is_dir() and dash and run_id and moment.isdecimal() and len(moment) < 21:
            found.append(TrashedRun(path.name, run_id, int(moment) / 1e9, Run(path)))
    return sorted(found, key=lambda item: item.deleted, reverse=True)


def restore(key: str, directory: str | Path | None = None) -> Run:
    """Restore the run with that key, or the last deleted one with that id; it gets a new id if its own is taken.

    Raises UserError where it is not in the bin or cannot be moved.
    """
    items = list_trash(directory)
    item = next((item for item in items if item.key == key), None) or next((x for x in items if x.id == key), None)
    if item is None:
        raise UserError(_("There is no run “{run}” in the bin.").format(run=clean_name(key)[:80]))
    try:
        return Run(move_into_place(item.run.path, runs_dir(directory), item.id))
    except OSError as error:
        raise UserError(
            _("The run “{run}” cannot be brought back: {reason}.").format(run=item.id, reason=error.strerror or error)
        ) from None


def purge(directory: str | Path | None = None, older_than: float = KEPT_SECONDS) -> int:
    """Remove runs deleted more than `older_than` seconds ago from the disk; return how many were removed."""
    now, gone = time.time(), 0
    for item in list_trash(directory):
        if now - item.deleted > older_than:
            shutil.rmtree(item.run.path, ignore_errors=True)
            gone += not item.run.path.exists()
    parent = runs_dir(directory)
    for draft in parent.glob(".new-*") if parent.is_dir() else ():
        with suppress(FileNotFoundError):  # it was completed and renamed meanwhile
            if now - draft.stat().st_mtime > DRAFT_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
    return gone


def disk_use(directory: str | Path | None = None) -> tuple[int, int]:
    """Return the bytes of the current user's runs, and of those in the bin."""
    own = list_runs(runs_dir(directory))
    return sum(run.size() for run in own), sum(item.run.size() for item in list_trash(directory))
