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

from core.hosting.classes import sweep as sweep_classes
from core.hosting.limits import LIMITS
from core.hosting.visitors import OWNER, acting, sweep
from core.i18n import _
from core.jobs.queue import slots, waiting
from core.runs.folders import root_of, run_folders
from core.runs.run import Run
from core.runs.status import START_GRACE, Status, is_alive

LOOK_SECONDS = 1.0
SWEEP_SECONDS = 600.0

log = logging.getLogger("hidden_state")


class VisitorScheduler:
    """Looks after the visitors' runs under `root`. start(run) starts the process that trains a run."""

    def __init__(self, root: Path, start: Callable[[Run], None]) -> None:
        self.root, self._start = root, start
        self._let_in: dict[Path, float] = {}
        self._swept = 0.0
        self._told: set[tuple[Path, str]] = set()

    def work(self) -> None:
        """Look again and again."""
        with acting(OWNER):
            while True:
                with self._apart(self.root):
                    self.look()
                time.sleep(LOOK_SECONDS)

    @contextmanager
    def _apart(self, path: Path) -> Iterator[None]:
        """What goes wrong with one run is logged once and keeps no other waiting."""
        try:
            yield
        except FileNotFoundError:
            pass  # a folder that goes away in this moment
        except Exception as fault:
            if (path, repr(fault)) not in self._told:
                self._told.add((path, repr(fault)))
                log.exception("The scheduler cannot look after %s", path.name)

    def look(self, now: float | None = None) -> None:
        """One round: the stopped leave, the overdue are ended, the next comes in, what is too old goes."""
        now = time.time() if now is None else now
        if now - self._swept > SWEEP_SECONDS:  # first: on a full disk it is what lets the others go on
            self._swept = now
            for clean in (sweep, sweep_classes):
                with self._apart(self.root):
                    clean(self.root, now)
            self._told.clear()
        busy = sum(self._one(path, now) for path in run_folders(self.root))
        if busy < slots():
            self._next(now)

    def _one(self, path: Path, now: float) -> bool:
        """Do for one run what is due; does it take a slot?"""
        run, status = Run(path), Status.read(path / "status.json")
        if status is None or not status.active:
            self._let_in.pop(path, None)
            return False
        if status.pid is not None:
            self._let_in.pop(path, None)
        coming, waits = path in self._let_in, status.pid is None and _of_visitor(run)
        busy = coming or (not waits and is_alive(status, now))
        with self._apart(path):
            if coming:
                busy = self._is_coming(run, status, now)
            elif waits:
                self._keep(run, status, now)
            elif busy and _of_visitor(run):
                self._watch(run, status, now)
        return busy

    def _is_coming(self, run: Run, status: Status, now: float) -> bool:
        """Has its process, which has been started, still time to say its first word?"""
        if now - self._let_in[run.path] < START_GRACE:
            return True
        status.state, status.error = "failed", _("Its training process did not begin: continue it to try again.")
        status.write(run.path / "status.json")
        return False

    def _keep(self, run: Run, status: Status, now: float) -> None:
        """A run in the line: it leaves where its visitor said so, else it is said to be alive."""
        if run.stop_requested():
            run.clear_stop()
            status.state, status.ended_at, status.message = "stopped", now, ""
        elif now - status.heartbeat < START_GRACE / 4:
            return
        status.heartbeat = now
        status.write(run.path / "status.json")

    def _watch(self, run: Run, status: Status, now: float) -> None:
        if status.state != "running" or status.started_at is None:
            return
        from core.jobs import launch

        overtime = now - status.started_at - LIMITS.turn_seconds
        if overtime > LIMITS.grace_seconds:
            launch.stop(run, force=True)
        elif not run.stop_requested() and (overtime > 0 or Run(run.path.parent).size() > LIMITS.visitor_bytes):
            run.request_stop()

    def _next(self, now: float) -> None:
        run = next(iter(waiting(self.root)), None)
        if run is None or run.status.pid is not None or run.path in self._let_in or not _of_visitor(run):
            return  # a run with a process of its own takes its slot itself
        self._let_in[run.path] = now
        try:
            self._start(run)
        except OSError as error:
            log.exception("A visitor's run cannot be started")
            status = run.status
            status.state = "failed"
            status.error = _("Its training process cannot be started: {reason}.").format(reason=error.strerror or error)
            status.write(run.path / "status.json")


def _of_visitor(run: Run) -> bool:
    return root_of(run.path.parent) != run.path.parent


_schedulers: dict[Path, threading.Thread] = {}
_lock = threading.Lock()


def ensure_scheduler(root: Path, start: Callable[[Run], None]) -> None:
    """Start a scheduler for `root` in this process, unless one runs."""
    with _lock:
        if root not in _schedulers or not _schedulers[root].is_alive():
            thread = threading.Thread(target=VisitorScheduler(root, start).work, name="scheduler", daemon=True)
            _schedulers[root] = thread
            thread.start()
