"""What the owner of a hosted demo sees and does: work, memory, disk, and a pause of new work.

The page that shows it is behind a token, HIDDEN_STATE_OWNER_TOKEN; without one it does not exist.
"""

import hashlib
import hmac
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.i18n import _
from core.jobs.queue import queued_runs
from core.runs.folders import VISITORS, root_of, run_folders
from core.runs.run import Run
from core.runs.status import Status, is_alive, process_start

ENVIRONMENT, SHORTEST = "HIDDEN_STATE_OWNER_TOKEN", 16  # characters of a token; a shorter one counts as none
PAUSED = ".paused"
FAILED = 10  # of the newest that are listed


@dataclass(frozen=True)
class Work:
    """A run that waits, trains or failed: seconds since then, MB of its process, and a label of its visitor.

    The label is a digest of the visitor's token; "" for the owner's own run.
    """

    run: str
    family: str
    state: str
    visitor: str
    seconds: float
    memory_mb: float = 0.0
    error: str = ""


@dataclass(frozen=True)
class Disk:
    """Bytes that visitors' runs take, what they may take together, and what is free on the disk."""

    used: int
    limit: int
    free: int


# The token ------------------------------------------------------------------------------------------------------------
def has_token() -> bool:
    return len(_token()) >= SHORTEST


def is_token(given: str) -> bool:
    """Return whether `given` is the owner's token, in a time that does not depend on how much of it is right."""
    digests = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, _token()))
    return hmac.compare_digest(*digests) and has_token()


def _token() -> str:
    return os.environ.get(ENVIRONMENT, "").strip()


# The pause ------------------------------------------------------------------------------------------------------------
def is_paused(root: Path) -> bool:
    """Return whether new work is paused; a file says so, for a restarted server keeps the pause."""
    return (root / PAUSED).exists()


def pause(root: Path) -> None:
    """Refuse new runs, and leave those in the line where they are; what trains goes on. Raises UserError."""
    try:
        (root / PAUSED).touch()
    except OSError as error:
        raise UserError(_("New work cannot be paused: {reason}.").format(reason=error.strerror or error)) from None


def resume(root: Path) -> None:
    (root / PAUSED).unlink(missing_ok=True)


def check_pause(root: Path) -> None:
    """Raise UserError while new work is paused."""
    if is_paused(root):
        raise UserError(_("This hosted demo takes no new work now: what trains goes on; come back a little later."))


# What goes on ---------------------------------------------------------------------------------------------------------
def waiting(root: Path) -> list[Work]:
    """Return the runs in the line, the next one first."""
    return [_work(run, run.status, run.status.queued_at) for run in queued_runs(root)]


def running(root: Path) -> list[Work]:
    """Return the runs that train, each with the memory of its process."""
    return [
        _work(run, status, status.started_at or 0.0)
        for run, status in _statuses(root)
        if status.state == "running" and is_alive(status)
    ]


def failed(root: Path) -> list[Work]:
    """Return the newest FAILED runs that failed, or whose process is gone; the newest first."""
    found = [
        _work(run, run.status, status.ended_at or status.heartbeat)
        for run, status in _statuses(root)
        if status.state == "failed" or (status.active and not is_alive(status))
    ]
    return sorted(found, key=lambda item: item.seconds)[:FAILED]


def _statuses(root: Path) -> Iterator[tuple[Run, Status]]:
    for path in run_folders(root):
        status = Status.read(path / "status.json")
        if status is not None:
            yield Run(path), status


def _work(run: Run, status: Status, since: float) -> Work:
    family = ""
    with suppress(UserError):
        family = run.family
    owner = run.path.parent
    visitor = "" if root_of(owner) == owner else hashlib.sha256(owner.name.encode()).hexdigest()[:6]
    memory = _megabytes(status.pid) if status.pid and process_start(status.pid) == status.process_start else 0.0
    return Work(run.id, family, status.state, visitor, max(0.0, time.time() - since), memory, status.error)


def server_memory() -> float:
    """Return the resident MB of this process, which is the server."""
    return _megabytes(os.getpid())


def _megabytes(pid: int) -> float:
    with suppress(psutil.Error):
        return float(psutil.Process(pid).memory_info().rss / 1e6)
    return 0.0


def disk(root: Path) -> Disk:
    return Disk(Run(root / VISITORS).size(), LIMITS.all_bytes, shutil.disk_usage(root).free)
