"""End a visitor's training that holds more memory than a hosted demo gives it.

The estimates before a run starts are formulas; this is what the process really holds.
"""

import os
import time
from contextlib import suppress

import psutil

from core.hosting import refusals
from core.hosting.limits import LIMITS
from core.i18n import _
from core.runs.run import Run
from core.runs.status import Status, process_start


def resident_mb(pid: int) -> float:
    """Return the memory that a process and its children hold, in MB (10⁶ bytes); 0 where it is gone."""
    total = 0
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        for item in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += item.memory_info().rss
    return total / 1e6


def end_if_too_large(run: Run, status: Status) -> bool:
    """End the process of `status` where it holds more than LIMITS.resident_mb; return whether it did.

    The run remains, with its last checkpoint, and its status says what happened.
    """
    if status.pid is None or status.pid == os.getpid():
        return False
    held = resident_mb(status.pid)
    if held <= LIMITS.resident_mb or process_start(status.pid) != status.process_start:
        return False
    with suppress(psutil.Error):
        process = psutil.Process(status.pid)
        process.kill()  # it allocates while it is asked
        process.wait(10)
    refusals.count("memory")
    known = Status.read(run.path / "status.json") or status
    known.state, known.ended_at, known.heartbeat = "failed", time.time(), time.time()
    known.message, known.phase, known.eta = "", "", None
    known.error = _(
        "This training held {held:,.0f} MB of memory and was ended, since this hosted demo gives it {limit:,}."
    ).format(held=held, limit=LIMITS.resident_mb)
    known.error += " " + (
        _("Continue goes on from its last checkpoint but needs as much again: smaller batches or networks need less.")
        if run.has_checkpoint
        else _("There is no checkpoint yet to continue from: train again with smaller batches or a smaller network.")
    )
    known.write(run.path / "status.json")
    return True
