"""Who lets visitors' runs in, one after the other, and ends what overstays: a thread of the server.

At home each run waits as a process of its own. Thirty of those would take the memory that the one training needs, so a
visitor's run waits as nothing but its status.json: no pid, and a heartbeat that this thread renews.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.hosting.classes import remove_expired as remove_expired_classes
from core.hosting.limits import LIMITS
from core.hosting.visitors import OWNER, act_as, remove_expired
from core.i18n import _
from core.jobs.queue import queued_runs, slot_count
from core.runs.folders import root_of, run_folders
from core.runs.run import Run
from core.runs.status import START_GRACE, Status, is_alive

POLL_SECONDS = 1.0
SWEEP_SECONDS = 600.0

log = logging.getLogger("hidden_state")


class VisitorScheduler:
    """Looks after the visitors' runs under `root`. start(run) starts the process that trains a run."""

    def __init__(self, root: Path, start: Callable[[Run], None]) -> None:
        self.root, self._start = root, start
        self._starting: dict[Path, float] = {}
        self._swept = 0.0
        self._logged_errors: set[tuple[Path, str]] = set()

    def run(self) -> None:
        """Look again and again."""
        with act_as(OWNER):
            while True:
                with self._log_errors(self.root):
                    self.poll()
                time.sleep(POLL_SECONDS)

    @contextmanager
    def _log_errors(self, path: Path) -> Iterator[None]:
        """What goes wrong with one run is logged once and keeps no other waiting."""
        try:
            yield
        except FileNotFoundError:
            pass  # a folder that goes away in this moment
        except Exception as fault:
            if (path, repr(fault)) not in self._logged_errors:
                self._logged_errors.add((path, repr(fault)))
                log.exception("The scheduler cannot look after %s", path.name)

    def poll(self, now: float | None = None) -> None:
        """One round: the stopped leave, the overdue are ended, the next comes in, what is too old goes."""
        now = time.time() if now is None else now
        if now - self._swept > SWEEP_SECONDS:  # first: on a full disk it is what lets the others go on
            self._swept = now
            for clean in (remove_expired, remove_expired_classes):
                with self._log_errors(self.root):
                    clean(self.root, now)
            self._logged_errors.clear()
        busy = sum(self._update_run(path, now) for path in run_folders(self.root))
        if busy < slot_count():
            self._start_next(now)

    def _update_run(self, path: Path, now: float) -> bool:
        """Do for one run what is due; does it take a slot?"""
        run, status = Run(path), Status.read(path / "status.json")
        if status is None or not status.active:
            self._starting.pop(path, None)
            return False
        if status.pid is not None:
            self._starting.pop(path, None)
        coming, waits = path in self._starting, status.pid is None and _is_visitors(run)
        busy = coming or (not waits and is_alive(status, now))
        with self._log_errors(path):
            if coming:
                busy = self._check_starting(run, status, now)
            elif waits:
                self._keep_queued(run, status, now)
            elif busy and _is_visitors(run):
                self._enforce_limits(run, status, now)
        return busy

    def _check_starting(self, run: Run, status: Status, now: float) -> bool:
        """Has its process, which has been started, still time to say its first word?"""
        if now - self._starting[run.path] < START_GRACE:
            return True
        status.state, status.error = "failed", _("Its training process did not begin: continue it to try again.")
        status.write(run.path / "status.json")
        return False

    def _keep_queued(self, run: Run, status: Status, now: float) -> None:
        """A run in the line: it leaves where its visitor said so, else it is said to be alive."""
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
        if run is None or run.status.pid is not None or run.path in self._starting or not _is_visitors(run):
            return  # a run with a process of its own takes its slot itself
        self._starting[run.path] = now
        try:
            self._start(run)
        except OSError as error:
            log.exception("A visitor's run cannot be started")
            status = run.status
            status.state = "failed"
            status.error = _("Its training process cannot be started: {reason}.").format(reason=error.strerror or error)
            status.write(run.path / "status.json")


def _is_visitors(run: Run) -> bool:
    return root_of(run.path.parent) != run.path.parent


_schedulers: dict[Path, threading.Thread] = {}
_lock = threading.Lock()


def ensure_scheduler(root: Path, start: Callable[[Run], None]) -> None:
    """Start a scheduler for `root` in this process, unless one runs."""
    with _lock:
        if root not in _schedulers or not _schedulers[root].is_alive():
            thread = threading.Thread(target=VisitorScheduler(root, start).run, name="scheduler", daemon=True)
            _schedulers[root] = thread
            thread.start()
