"""Start, stop and continue the process that trains a run. The server itself never trains."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import psutil

from core.errors import UserError
from core.i18n import _, language
from core.jobs import ray_cluster
from core.runs import policy
from core.runs.extend import extend
from core.runs.run import Run
from core.runs.status import Status, process_start, this_host

ROOT = Path(__file__).resolve().parents[2]


class Launcher(Protocol):
    """Interface for starting a run's training; ChildProcess is the default."""

    def start(self, run: Run) -> None:
        """Start or continue the training of `run` and return without waiting for it."""


class ChildProcess:
    """Train in a child process with its own session, which outlives the tab and the server.

    niceness: how much the process yields to others on a busy processor, from 0 to 19; without effect on Windows.
    """

    def __init__(self, niceness: int = 0) -> None:
        self._niceness = niceness

    def start(self, run: Run) -> None:
        with run.log_path.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "core", "work", str(run.path.resolve())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "HIDDEN_STATE_LANGUAGE": language()},
                **_detached_process_options(),
            )
        if self._niceness and os.name != "nt":
            with suppress(psutil.Error):  # it has ended already
                psutil.Process(process.pid).nice(self._niceness)
        # Wait for the child, which would otherwise stay a zombie process until the server ends.
        with suppress(RuntimeError):  # no more threads
            threading.Thread(target=process.wait, daemon=True).start()


def _detached_process_options() -> dict[str, Any]:
    if os.name == "nt":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}  # type: ignore[attr-defined]
    return {"start_new_session": True}


def launcher() -> Launcher:
    """Return the launcher that the policy or the environment selects.

    Raises UserError where a Ray cluster is configured and Ray is not installed.
    """
    return policy.current().launcher() or ray_cluster.configured() or ChildProcess()


def enqueue(run: Run, more: Mapping[str, float] | None = None) -> None:
    """Set the status of `run` to queued, for a process that is about to train it.

    more: how much longer than planned to train, one of {"steps": n}, {"epochs": x}, {"seconds": t}; it also lets a
    finished run continue. Raises UserError where the run is active, has nothing to continue, or its folder cannot be
    written.
    """
    policy.current().check_change(run.path)
    status = run.status
    if status.active or (status.state == "finished" and not more):
        raise UserError(
            _("The run “{run}” is {state}: there is nothing to continue.").format(run=run.id, state=status.state)
        )
    run.options, run.sources()  # raise UserError for a damaged run before anything is changed
    policy.current().check_start(run.path.parent)
    if run.usable and not run.has_checkpoint:
        raise UserError(
            _("The run “{run}” is here without its checkpoint: it can be trained again, not continued.").format(
                run=run.id
            )
        )
    try:
        run.clear_stop()
        if more:
            status.total = extend(run, more)
        status.state, status.pid, status.process_start, status.host = "queued", None, "", ""
        status.cluster = ""
        status.queued_at, status.error, status.message, status.ended_at = time.time(), "", "", None
        status.write(run.path / "status.json")
    except OSError as error:
        raise UserError(_start_error(run, error)) from None


def start(run: Run, more: Mapping[str, float] | None = None) -> None:
    """Queue `run` and start its training process.

    more: as for enqueue(). Raises UserError as enqueue() does, or where no process can be started.
    """
    chosen = launcher()
    enqueue(run, more)
    try:
        chosen.start(run)
    except (OSError, UserError) as error:
        sentence = str(error) if isinstance(error, UserError) else _start_error(run, error)
        _mark_failed(run, sentence)
        raise UserError(sentence) from None


def start_each(runs: Sequence[Run]) -> Iterator[Run]:
    """Start the runs of a sweep in this order; yield each once it is started.

    The first error, such as an unreachable cluster or a full disk, would stop the others too: the remaining runs are
    marked as failed with the same message. Raises UserError that lists which runs were started and which were not.
    """
    for number, run in enumerate(runs):
        try:
            start(run)
        except UserError as error:
            for rest in runs[number:]:
                _mark_failed(rest, str(error))
            ids = [one.id for one in runs]
            raise UserError(
                _(
                    "{reason} Started: {started}. Not started: {rest}; Continue, or `runs resume RUN`, starts each."
                ).format(reason=error, started=", ".join(ids[:number]) or _("none"), rest=", ".join(ids[number:]))
            ) from None
        yield run


def _mark_failed(run: Run, sentence: str) -> None:
    status, path = run.status, run.path / "status.json"
    status.state, status.error, status.message = "failed", sentence, ""
    with suppress(OSError):
        try:
            status.write(path)
        except OSError:
            status.overwrite(path)


def _start_error(run: Run, error: OSError) -> str:
    return _("The run “{run}” cannot be started: {reason}.").format(run=run.id, reason=error.strerror or error)


def stop(run: Run, wait: float = 0.0, force: bool = False) -> None:
    """Request an orderly stop; with `force`, or if the run is still active after `wait` > 0 seconds, end its process.

    Ending means terminate, then kill after 5 seconds. Only a process whose pid and start time both match the status is
    signalled, so that a reused pid is safe. Raises UserError where the stop file cannot be written.
    """
    policy.current().check_change(run.path)
    if not run.active:
        return
    try:
        run.request_stop()
    except OSError as error:
        if not force:  # on a full disk the stop file cannot be written, but the process can still be ended
            raise UserError(
                _("The run “{run}” cannot be asked to stop: {reason}.").format(
                    run=run.id, reason=error.strerror or error
                )
            ) from None
    if run.status.cluster and run.status.pid is None:
        force = True  # no process has started that could read the stop file
    deadline = time.monotonic() + (0 if force else wait)
    while wait and run.active and time.monotonic() < deadline:
        time.sleep(0.1)
    if not run.active or not (force or wait):
        return
    held = run.status.cluster
    if held:
        with suppress(UserError):  # an unreachable cluster has nothing to cancel
            ray_cluster.cluster_at(held).cancel(run)
    else:
        _end_process(run.status)
    status = run.status
    if status.state == "died" or (held and run.active):
        status.state, status.error, status.phase = "stopped", "", ""
        status.message = _("It was ended at once: Continue goes on from its last checkpoint.")
        with suppress(OSError):
            status.write(run.path / "status.json")


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
    except psutil.Error:
        return
