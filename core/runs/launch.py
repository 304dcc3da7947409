"""Starting, stopping and continuing the process that trains a run. The server itself never trains."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

import psutil

from core.errors import UserError
from core.i18n import _
from core.runs.run import Run
from core.runs.status import Status, process_start, this_host

ROOT = Path(__file__).resolve().parents[2]
STOP_PATIENCE = 30.0  # seconds for the training process to end by itself after it was asked


class Launcher(Protocol):
    """The one way to start a run's training; a child process is the default."""

    def start(self, run: Run) -> None:
        """Begin or continue the training of `run` and return at once."""


class ChildProcess:
    """Trains in a process of its own session: closing the tab or restarting the server does not reach it."""

    def start(self, run: Run) -> None:
        log = run.log_path.open("ab")
        try:
            detached = (
                {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}  # type: ignore[attr-defined]
                if os.name == "nt"
                else {"start_new_session": True}
            )
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "work", str(run.path.resolve())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                **detached,
            )
        finally:
            log.close()
        # Without a wait the ended child stays a zombie for as long as the server lives.
        threading.Thread(target=process.wait, daemon=True).start()


def launcher() -> Launcher:
    return ChildProcess()


def start(run: Run) -> None:
    """Queue `run` and start its process. Raises UserError where it is active already or the folder refuses."""
    if (run.status.pid is not None and run.active) or run.status.state == "finished":
        raise UserError(_("The run “{run}” is {state} already.").format(run=run.id, state=run.status.state))
    try:
        run.clear_stop()
        before = run.status
        status = before if before.state != "broken" else Status()
        status.state, status.pid, status.process_start, status.host = "queued", None, "", ""
        status.queued_at, status.error, status.message, status.ended_at = time.time(), "", "", None
        status.write(run.path / "status.json")
        launcher().start(run)
    except OSError as error:
        raise UserError(
            _("The run “{run}” cannot be started: {reason}.").format(run=run.id, reason=error.strerror or error)
        ) from None


def stop(run: Run, wait: float = 0.0, force: bool = False) -> None:
    """Ask the run to stop; with `force`, or after `wait` seconds > 0 in vain, terminate and then kill its process.

    The process is only touched where pid and start time agree, so that a reused pid is never hit.
    """
    if not run.active:
        return
    try:
        run.request_stop()
    except OSError as error:
        raise UserError(
            _("The run “{run}” cannot be asked to stop: {reason}.").format(run=run.id, reason=error.strerror or error)
        ) from None
    deadline = time.monotonic() + wait
    while wait and run.active and time.monotonic() < deadline:
        time.sleep(0.1)
    if run.active and (force or wait):
        _end_process(run.status)


def _end_process(status: Status) -> None:
    if status.pid is None or status.host != this_host() or process_start(status.pid) != status.process_start:
        return
    try:
        process = psutil.Process(status.pid)
        process.terminate()
        try:
            process.wait(5)
        except psutil.TimeoutExpired:
            if process_start(status.pid) == status.process_start:
                process.kill()
                process.wait(5)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        return
