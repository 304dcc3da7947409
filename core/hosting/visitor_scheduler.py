"""A thread of the server that starts visitors' queued runs one after another and stops those that exceed their limits.

Outside a hosted demo each queued run is a waiting process. Thirty of those would take the memory that the one training
needs, so a visitor's queued run has no process: its status.json has no pid, and this thread renews its heartbeat.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.hosting.classes import remove_expired as remove_expired_classes
from core.hosting.limits import LIMITS
from core.hosting.memory_watch import end_if_too_large
from core.hosting.owner import is_paused
from core.hosting.visitors import OWNER, act_as, is_visitors, remove_expired
from core.i18n import _
from core.jobs.queue import queued_runs, slot_count
from core.runs.folders import run_folders
from core.runs.run import Run
from core.runs.status import START_GRACE, Status, is_alive

POLL_SECONDS = 1.0
MEMORY_SECONDS = 0.5
SWEEP_SECONDS = 600.0

log = logging.getLogger("hidden_state")


class VisitorScheduler:
    """Schedule the visitors' runs under `root`. start(run) starts the process that trains a run."""

    def __init__(self, root: Path, start: Callable[[Run], None]) -> None:
        self.root, self._start = root, start
        self._starting: dict[Path, float] = {}
        self._processes: dict[Path, Status] = {}  # of visitors' runs, as the last poll found them
        self._swept = 0.0
        self._logged_errors: set[tuple[Path, str]] = set()

    def run(self) -> None:
        """Call poll() every POLL_SECONDS and watch_memory() every MEMORY_SECONDS, as the owner, without end."""
        with act_as(OWNER):
            while True:
                with self._log_errors(self.root):
                    self.poll()
                for _turn in range(round(POLL_SECONDS / MEMORY_SECONDS)):
                    self.watch_memory()
                    time.sleep(MEMORY_SECONDS)

    @contextmanager
    def _log_errors(self, path: Path) -> Iterator[None]:
        """Log an error of one run, once, and suppress it, so that the other runs are still handled."""
        try:
            yield
        except FileNotFoundError:
            pass  # the folder was deleted meanwhile
        except Exception as fault:
            if (path, repr(fault)) not in self._logged_errors:
                self._logged_errors.add((path, repr(fault)))
                log.exception("The scheduler cannot look after %s", path.name)

    def poll(self, now: float | None = None) -> None:
        """Do one round: handle stop requests, end overdue runs, start the next run, delete expired runs and classes."""
        now = time.time() if now is None else now
        if now - self._swept > SWEEP_SECONDS:  # first, since on a full disk only this lets the rest succeed
            self._swept = now
            for clean in (remove_expired, remove_expired_classes):
                with self._log_errors(self.root):
                    clean(self.root, now)
            self._logged_errors.clear()
        self._processes.clear()
        busy = sum(self._update_run(path, now) for path in run_folders(self.root))
        if busy < slot_count() and not is_paused(self.root):
            self._start_next(now)

    def _update_run(self, path: Path, now: float) -> bool:
        """Do what is due for one run; return whether it occupies a slot."""
        run, status = Run(path), Status.read(path / "status.json")
        if status is None or not status.active:
            self._starting.pop(path, None)
            return False
        if status.pid is not None:
            self._starting.pop(path, None)
            if is_visitors(path):
                self._processes[path] = status
        starting, queued = path in self._starting, status.pid is None and is_visitors(run.path)
        busy = starting or (not queued and is_alive(status, now))
        with self._log_errors(path):
            if starting:
                busy = self._check_starting(run, status, now)
            elif queued:
                self._keep_queued(run, status, now)
            elif busy and is_visitors(run.path):
                self._enforce_limits(run, status, now)
        return busy

    def watch_memory(self) -> None:
        """End the trainings that hold too much memory."""
        for path, status in list(self._processes.items()):
            with self._log_errors(path):
                if end_if_too_large(Run(path), status):
                    del self._processes[path]

    def _check_starting(self, run: Run, status: Status, now: float) -> bool:
        """Return whether the started process still has time to write its first status; else mark the run as failed."""
        if now - self._starting[run.path] < START_GRACE:
            return True
        status.state, status.error = "failed", _("Its training process did not begin: continue it to try again.")
        status.write(run.path / "status.json")
        return False

    def _keep_queued(self, run: Run, status: Status, now: float) -> None:
        """Handle a queued run: stop it where its visitor requested that, else renew its heartbeat."""
        if run.stop_requested():
            run.clear_stop()
            status.state, status.ended_at, status.message = "stopped", now, ""
        elif now - status.heartbeat < START_GRACE / 4:
            return
        status.heartbeat = now
        status.write(run.path / "status.json")

    def _enforce_limits(self, run: Run, status: Status, now: float) -> None:
        if status.state != "running" or status.started_at is None:
            return
        from core.jobs import launch

        overtime = now - status.started_at - LIMITS.turn_seconds
        if overtime > LIMITS.grace_seconds:
            launch.stop(run, force=True)
        elif not run.stop_requested() and (overtime > 0 or Run(run.path.parent).size() > LIMITS.visitor_bytes):
            run.request_stop()

    def _start_next(self, now: float) -> None:
        run = next(iter(queued_runs(self.root)), None)
        if run is None or run.status.pid is not None or run.path in self._starting or not is_visitors(run.path):
            return  # a run with a process acquires its slot itself
        self._starting[run.path] = now
        try:
            self._start(run)
        except OSError as error:
            log.exception("A visitor's run cannot be started")
            status = run.status
            status.state = "failed"
            status.error = _("Its training process cannot be started: {reason}.").format(reason=error.strerror or error)
            status.write(run.path / "status.json")


_schedulers: dict[Path, threading.Thread] = {}
_lock = threading.Lock()


def ensure_scheduler(root: Path, start: Callable[[Run], None]) -> None:
    """Start the scheduler thread for `root` in this process, unless it is running."""
    with _lock:
        if root not in _schedulers or not _schedulers[root].is_alive():
            thread = threading.Thread(target=VisitorScheduler(root, start).run, name="scheduler", daemon=True)
            _schedulers[root] = thread
            thread.start()
