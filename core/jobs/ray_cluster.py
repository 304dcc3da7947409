"""Launch runs on a Ray cluster. Ray queues and places them; their state is read from the run folder on a shared path.

A run is one detached Ray actor (core/jobs/ray_node.py) with declared cores and GPUs: it outlives the process that
started it, and Ray restarts it on another node when its node is lost. Ray terminates a process whose cluster is gone;
therefore this process never imports Ray and a child process (core/jobs/ray_client.py) calls it, with one JSON request
and one JSON answer per line over its standard input and output.
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
ANSWER_SECONDS = 60.0  # timeout of one request to the child process
POLL_SECONDS = 5.0  # between checks of the watched runs
SILENCE_SECONDS = 30.0  # without a heartbeat before a running run that the cluster does not know counts as lost
SUBMIT_SECONDS = 90.0  # the same for a queued run, which may not have been submitted yet
QUEUED_SECONDS = 86_400.0  # the same for a queued run whose cluster cannot be asked from this machine


class ClusterUnavailableError(Exception):
    """The child process, or the cluster that it calls, does not answer."""


def configured() -> "Cluster | None":
    """Return the cluster selected by --launcher ray (HIDDEN_STATE_LAUNCHER) or RAY_ADDRESS; None where none is.

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
                "Ray is not installed here: `python .ci/install.py cluster`, or do without --launcher ray "
                "and RAY_ADDRESS."
            )
        )
    return cluster_at(address or "auto")


def installed() -> bool:
    return importlib.util.find_spec("ray") is not None


_clusters = dict[str, "Cluster"]()


def cluster_at(address: str) -> "Cluster":
    """Return the only Cluster object of that address, so that no run is watched twice."""
    return _clusters.get(address) or _clusters.setdefault(address, Cluster(address))


def watch_if_on_cluster(run: Run, status: Status) -> None:
    """Watch `run` in a background thread if it belongs to a cluster, also one that another process started."""
    if belongs_to_cluster(status):
        cluster_at(status.cluster).watch(run)


def poll_clusters(runs: Iterable[Run]) -> None:
    """Check once, now, those of `runs` that belong to a cluster; for a command, which ends before a thread would."""
    clusters = set[Cluster]()
    for run in runs:
        status = run.status
        if belongs_to_cluster(status):
            cluster = cluster_at(status.cluster)
            cluster.watch(run, background=False)
            clusters.add(cluster)
    for cluster in clusters:
        cluster.poll()


def belongs_to_cluster(status: Status) -> bool:
    """Return whether a cluster decides how this run ends; one without a heartbeat for long has the state "died"."""
    return bool(status.cluster) and status.state in ("queued", "running", "died")


class Cluster:
    """Start runs on the Ray cluster at `address`, and watch them until they have ended.

    start_client: creates the child process that calls Ray; tests replace it.
    """

    def __init__(self, address: str, start_client: "Callable[[], RayClientProcess] | None" = None) -> None:
        self.address = address
        self._start_client = start_client or (lambda: RayClientProcess(address))
        self._client: RayClientProcess | None = None
        self._lock = threading.Lock()
        # Watched run folders, each with the error message for the case that the cluster loses the run.
        self._lost_messages, self._watch_lock = dict[str, str](), threading.Lock()
        self._watch_thread: threading.Thread | None = None

    def start(self, run: Run) -> None:
        """Submit the queued `run` to the cluster. Raises UserError where the cluster does not accept it."""
        if self.address == "auto":  # record the real address: "auto" means another cluster on another machine
            found = str(self._request_or_user_error(do="where")["address"])
            if found not in ("", "auto"):
                cluster_at(found).start(run)
                return
        placement, mark = Placement.of(run), uuid.uuid4().hex
        placement.record(run, mark=mark)
        status = run.status
        status.cluster, status.host = self.address, this_host()
        status.write(run.path / "status.json")
        messages = {
            "folder": _(
                "The node “{node}” does not see the folder of this run: keep runs on a path that all nodes share "
                "(--runs-dir), then continue."
            ),
            "program": _("The node “{node}” does not have this program at the same path: put it there, then continue."),
            "broken": _("Training could not begin on the node “{node}”; the log of the run, or Ray's, says why."),
        }
        path = os.path.abspath(run.path)
        order = {"root": str(ROOT), "path": path, "mark": mark, "cpus": placement.cpus, "words": messages}
        self._request_or_user_error(
            do="submit", path=_actor_path(run), order=order, cpus=placement.cpus, gpus=placement.gpus
        )
        self.watch(run)

    def cancel(self, run: Run) -> None:
        """Remove `run` from the cluster at once. Raises UserError where the cluster cannot be reached."""
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

    # Watching runs ----------------------------------------------------------------------------------------------------
    def watch(self, run: Run, background: bool = True) -> None:
        """Watch `run` until it has ended: in a thread if `background`, else whenever poll() is called."""
        with self._watch_lock:
            # The message is translated now, since the thread has no language of its own.
            self._lost_messages.setdefault(_actor_path(run), self._lost_message(run))
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
        """Mark each run that the cluster has lost as failed; stop watching those that have ended."""
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
            known, no_answer = self._request({"do": "known", "paths": list(silent_runs)})["known"], False
        except (ClusterUnavailableError, OSError):
            known, no_answer = [], is_listening(self.address)
        for path, status in silent_runs.items():
            if path not in known and _seconds_silent(status) > _silence_limit(status, no_answer):
                with suppress(OSError, ValueError):
                    ray_node.fail(path, self._lost_messages[path])

    def _lost_message(self, run: Run) -> str:
        return _(
            "The cluster at “{address}” is gone, or gave up the run “{run}”: Continue goes on from its last checkpoint."
        ).format(address=self.address, run=run.id)


def _seconds_silent(status: Status) -> float:
    """Return the seconds since the run last wrote a heartbeat or was queued."""
    return abs(time.time() - max(status.heartbeat, status.queued_at))


def _silence_limit(status: Status, no_answer: bool) -> float:
    """Return the seconds without a heartbeat after which a run that its cluster does not know counts as lost.

    A queued run writes no heartbeat while Ray queues it, and only the machine that submitted it is known to reach that
    cluster. no_answer: the address accepts connections, but Ray is not installed here or does not answer in time.
    """
    if status.state == "running":
        return HEARTBEAT_GRACE if no_answer else SILENCE_SECONDS
    return SUBMIT_SECONDS if status.host == this_host() and not no_answer else QUEUED_SECONDS


def _actor_path(run: Run) -> str:
    """Return the resolved run folder, which identifies the run's actor."""
    return os.path.realpath(run.path)


class RayClientProcess:
    """Child process that calls Ray (core/jobs/ray_client.py)."""

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
        """Send one request and return its answer. Raises ClusterUnavailableError where none comes in time."""
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
        self._answers.put("")  # invalid JSON, so that a waiting ask() fails at once when the process has ended
