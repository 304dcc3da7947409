"""Runs on a Ray cluster, behind the launcher's one interface. Ray has the queue and the placement; the run folder, on a
path that all nodes share, is still all that anybody reads.

A run is one detached actor (core/jobs/ray_node.py) with its cores and GPUs declared: it outlives the process that
started it, and Ray restarts it on another node when its node is lost. This process never calls Ray, since Ray ends
a process whose cluster is gone: a child process (core/jobs/ray_client.py) does, over JSON lines.
"""

import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.jobs import ray_node
from core.jobs.ray_client import is_listening
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import HEARTBEAT_GRACE, Status, this_host

ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 60.0  # seconds within which a clerk must have answered
POLL_SECONDS = 5.0  # seconds between two looks at the runs that are looked after here
SILENCE_SECONDS = 30.0  # seconds without a word from a run of which the cluster knows nothing any more
SUBMIT_SECONDS = 90.0  # the same for a queued one: whoever started it may not have handed it over yet
QUEUED_SECONDS = 86_400.0  # the same for a queued one where nobody here can tell whether its cluster is gone


class ClusterUnavailableError(Exception):
    """The clerk, or the cluster behind it, does not answer."""


def configured() -> "Cluster | None":
    """The cluster that runs are to be started on: --launcher ray (HIDDEN_STATE_LAUNCHER), or RAY_ADDRESS.

    Raises UserError where Ray is not installed, or for a launcher that does not exist.
    """
    wanted, address = os.environ.get("HIDDEN_STATE_LAUNCHER", ""), os.environ.get("RAY_ADDRESS", "")
    if wanted not in ("", "process", "ray"):
        raise UserError(
            _("There is no launcher “{name}”: it is process or ray (HIDDEN_STATE_LAUNCHER).").format(name=wanted[:40])
        )
    if wanted == "process" or not (wanted or address):
        return None
    if not installed():
        raise UserError(
            _(
                "Ray is not installed here: `pip install -r requirements-cluster.txt`, or do without --launcher ray "
                "and RAY_ADDRESS."
            )
        )
    return cluster_at(address or "auto")


def installed() -> bool:
    return importlib.util.find_spec("ray") is not None


_clusters = dict[str, "Cluster"]()


def cluster_at(address: str) -> "Cluster":
    """The one cluster of that address: two would look after the same runs."""
    return _clusters.get(address) or _clusters.setdefault(address, Cluster(address))


def watch_if_on_cluster(run: Run, status: Status) -> None:
    """Look after `run` from now on where it is a cluster's, whoever started it. Returns at once."""
    if belongs_to_cluster(status):
        cluster_at(status.cluster).watch(run)


def poll_clusters(runs: Iterable[Run]) -> None:
    """Look at those of `runs` that are a cluster's once, now: for a command, which ends before a watch would look."""
    found = set[Cluster]()
    for run in runs:
        status = run.status
        if belongs_to_cluster(status):
            there = cluster_at(status.cluster)
            there.watch(run, background=False)
            found.add(there)
    for there in found:
        there.poll()


def belongs_to_cluster(status: Status) -> bool:
    """Is it the cluster's to say how the run of this status ends? One that is silent for long reads as "died"."""
    return bool(status.cluster) and status.state in ("queued", "running", "died")


class Cluster:
    """Starts runs on the cluster at `address`, and looks after those, and what it is given, until they have ended."""

    def __init__(self, address: str, start_client: "Callable[[], RayClientProcess] | None" = None) -> None:
        self.address = address
        self._start_client = start_client or (lambda: RayClientProcess(address))
        self._client: RayClientProcess | None = None
        self._lock = threading.Lock()
        self._lost_messages, self._watch_lock = dict[str, str](), threading.Lock()
        self._watch_thread: threading.Thread | None = None

    def start(self, run: Run) -> None:
        """Hand `run`, which is queued, to the cluster. Raises UserError where it takes none."""
        if self.address == "auto":  # means another cluster on another machine, or none: what is written down must not
            found = str(self._request_or_user_error(do="where")["address"])
            if found not in ("", "auto"):
                cluster_at(found).start(run)
                return
        placement, mark = Placement.of(run), uuid.uuid4().hex
        placement.record(run, mark=mark)
        status = run.status
        status.cluster, status.host = self.address, this_host()
        status.write(run.path / "status.json")
        words = {
            "folder": _(
                "The node “{node}” does not see the folder of this run: keep runs on a path that all nodes share "
                "(--runs-dir), then continue."
            ),
            "program": _("The node “{node}” does not have this program at the same path: put it there, then continue."),
            "broken": _("Training could not begin on the node “{node}”; the log of the run, or Ray's, says why."),
        }
        path = os.path.abspath(run.path)
        order = {"root": str(ROOT), "path": path, "mark": mark, "cpus": placement.cpus, "words": words}
        self._request_or_user_error(
            do="submit", path=_actor_path(run), order=order, cpus=placement.cpus, gpus=placement.gpus
        )
        self.watch(run)

    def cancel(self, run: Run) -> None:
        """Take `run` from the cluster, at once. Raises UserError where that cannot be reached."""
        self._request_or_user_error(do="cancel", path=_actor_path(run))

    def _request_or_user_error(self, **question: Any) -> dict[str, Any]:
        try:
            answer = self._request(question)
        except ClusterUnavailableError:
            raise UserError(
                _(
                    "No Ray cluster answers at “{address}”: start one with `ray start --head`, or mend RAY_ADDRESS."
                ).format(address=self.address)
            ) from None
        if answer.get("error"):
            raise UserError(str(answer["error"]))
        return answer

    def _request(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._client is None or not self._client.is_running:
                self._client = self._start_client()
            return self._client.ask(question)

    # Looking after runs -----------------------------------------------------------------------------------------------
    def watch(self, run: Run, background: bool = True) -> None:
        """Look after `run` until it has ended; with `watch` in a thread, else where look() is called."""
        with self._watch_lock:
            self._lost_messages.setdefault(
                _actor_path(run), self._lost_message(run)
            )  # in the language of whoever sees it now
            if background and (self._watch_thread is None or not self._watch_thread.is_alive()):
                self._watch_thread = threading.Thread(target=self._watch_loop, daemon=True)
                self._watch_thread.start()

    def _watch_loop(self) -> None:
        while True:
            time.sleep(POLL_SECONDS)
            self.poll()
            with self._watch_lock:
                if not self._lost_messages:
                    self._watch_thread = None
                    return

    def poll(self) -> None:
        """Give each run that the cluster has lost its last word; forget those that have ended."""
        silent_runs = dict[str, Status]()
        for path in list(self._lost_messages):
            status = Status.read(Path(path, "status.json"))
            if status is None or status.cluster != self.address or not status.active:
                self._lost_messages.pop(path, None)
            elif _seconds_silent(status) > SILENCE_SECONDS:
                silent_runs[path] = status
        if not silent_runs:
            return
        try:
            known, unreachable = self._request({"do": "known", "paths": list(silent_runs)})["known"], False
        except (ClusterUnavailableError, OSError):
            known, unreachable = [], is_listening(self.address)
        for path, status in silent_runs.items():
            if path not in known and _seconds_silent(status) > _silence_limit(status, unreachable):
                with suppress(OSError, ValueError):
                    ray_node.fail(path, self._lost_messages[path])

    def _lost_message(self, run: Run) -> str:
        return _(
            "The cluster at “{address}” is gone, or gave up the run “{run}”: Continue goes on from its last checkpoint."
        ).format(address=self.address, run=run.id)


def _seconds_silent(status: Status) -> float:
    """Seconds since the run's last word."""
    return abs(time.time() - max(status.heartbeat, status.queued_at))


def _silence_limit(status: Status, unreachable: bool) -> float:
    """Seconds of silence after which a run that its cluster does not vouch for counts as lost.

    A queued run is silent for as long as its cluster's queue is, and only the machine that handed it over is known to
    reach that cluster. blind: somebody is there but cannot be asked, as there is no Ray here, or it is too slow.
    """
    if status.state == "running":
        return HEARTBEAT_GRACE if unreachable else SILENCE_SECONDS
    return SUBMIT_SECONDS if status.host == this_host() and not unreachable else QUEUED_SECONDS


def _actor_path(run: Run) -> str:
    """What the cluster calls the run: its folder, however one got there."""
    return os.path.realpath(run.path)


class RayClientProcess:
    """The child that speaks to Ray. Raises GoneError where it does not answer."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.jobs.ray_client", address],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)},
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._answers.get(timeout=ANSWER_SECONDS))
            return answer
        except (OSError, ValueError, queue.Empty):
            self._process.kill()
            self._process.wait()
            raise ClusterUnavailableError from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")  # no JSON: whoever waits learns that nobody is there
