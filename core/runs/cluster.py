"""Runs on a Ray cluster, behind the launcher's one interface. Ray has the queue and the placement; the run folder, on a
path that all nodes share, is still all that anybody reads.

A run is one detached actor (core/runs/node.py) with its cores and GPUs declared: it outlives whoever started it, and
is made anew elsewhere when its node is lost. This process never speaks to Ray itself, for Ray ends a process whose
cluster is gone. A clerk does, a child that takes one JSON line and answers with one.
"""

import importlib.util
import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs import node
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import Status

ROOT = Path(__file__).resolve().parents[2]
SPACE = "hidden-state"
CONNECT = 5.0  # seconds
ANSWER = 60.0  # seconds within which a clerk must have answered
LOOK = 5.0  # seconds between two looks at the runs that were started from here
PAUSE = 0.25  # seconds between two looks at an actor that is about to go
SILENCE = 30.0  # seconds without a word from a run of which the cluster knows nothing any more


class GoneError(Exception):
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
    if importlib.util.find_spec("ray") is None:
        raise UserError(
            _(
                "Ray is not installed here: `pip install -r requirements-cluster.txt`, or do without --launcher ray "
                "and RAY_ADDRESS."
            )
        )
    return at(address or "auto")


@cache
def at(address: str) -> "Cluster":
    return Cluster(address)


class Cluster:
    """Starts runs on the cluster at `address`, and looks after those until they have ended."""

    def __init__(self, address: str, clerk: "Callable[[], Clerk] | None" = None) -> None:
        self.address = address
        self._new_clerk = clerk or (lambda: Clerk(address))
        self._clerk: Clerk | None = None
        self._lock, self._cared = threading.Lock(), dict[Path, Run]()
        self._watch: threading.Thread | None = None

    def start(self, run: Run) -> None:
        """Hand `run`, which is queued, to the cluster. Raises UserError where it takes none."""
        placement, mark = Placement.of(run), uuid.uuid4().hex
        placement.record(run, mark=mark)
        status = run.status
        status.cluster = self.address
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
        self._ask(do="submit", path=path, order=order, cpus=placement.cpus, gpus=placement.gpus)
        self._care(run)

    def cancel(self, run: Run) -> None:
        """Take `run` from the cluster, at once. Raises UserError where that cannot be reached."""
        self._ask(do="cancel", path=os.path.abspath(run.path))

    def _ask(self, **question: Any) -> dict[str, Any]:
        try:
            answer = self._asked(question)
        except GoneError:
            raise UserError(
                _(
                    "No Ray cluster answers at “{address}”: start one with `ray start --head`, or mend RAY_ADDRESS."
                ).format(address=self.address)
            ) from None
        if answer.get("error"):
            raise UserError(str(answer["error"]))
        return answer

    def _asked(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._clerk is None or not self._clerk.there:
                self._clerk = self._new_clerk()
            return self._clerk.ask(question)

    # Looking after what was started -----------------------------------------------------------------------------------
    def _care(self, run: Run) -> None:
        self._cared[run.path] = run
        if self._watch is None or not self._watch.is_alive():
            self._watch = threading.Thread(target=self._look_after, daemon=True)
            self._watch.start()

    def _look_after(self) -> None:
        while self._cared:
            time.sleep(LOOK)
            self.look()

    def look(self) -> None:
        """Give each run that the cluster has lost its last word; forget those that have ended."""
        for path, run in list(self._cared.items()):
            status = Status.read(path / "status.json")
            if status is None or status.cluster != self.address or status.state not in ("queued", "running"):
                self._cared.pop(path, None)
                continue
            try:
                known = bool(self._asked({"do": "known", "path": os.path.abspath(path)}).get("known"))
            except GoneError:
                known = False
            spoke = max(status.heartbeat, status.queued_at)
            if not known and abs(time.time() - spoke) > SILENCE:
                with suppress(OSError, ValueError):
                    node.fail(os.path.abspath(path), self._lost(run))

    def _lost(self, run: Run) -> str:
        return _(
            "The cluster at “{address}” is gone, or gave up the run “{run}”: Continue goes on from its last checkpoint."
        ).format(address=self.address, run=run.id)


class Clerk:
    """The child that speaks to Ray. Raises GoneError where it does not answer."""

    def __init__(self, address: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.runs.cluster", address],
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
    def there(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._answers.get(timeout=ANSWER))
            return answer
        except (OSError, ValueError, queue.Empty):
            self._process.kill()
            self._process.wait()
            raise GoneError from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")  # no JSON: whoever waits learns that nobody is there


# The clerk's side -----------------------------------------------------------------------------------------------------
class Desk:
    """Answers one question after another with Ray, which it is given."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        name = f"run:{question['path']}"
        if question["do"] == "known":
            return {"known": self._find(name) is not None}
        if question["do"] == "cancel":
            found = self._find(name)
            if found is not None:
                self._ray.kill(found, no_restart=True)
            return {}
        return self._submit(name, question)

    def _find(self, name: str) -> Any:
        try:
            return self._ray.get_actor(name, namespace=SPACE)
        except ValueError:
            return None

    def _away(self, name: str) -> bool:
        """Is no actor of that name left? One whose run has just ended goes by itself, any other is sent away."""
        for turn in range(40):
            found = self._find(name)
            if found is None:
                return True
            if turn == 20:
                self._ray.kill(found, no_restart=True)
            time.sleep(PAUSE)
        return False

    def _submit(self, name: str, question: dict[str, Any]) -> dict[str, Any]:
        cpus, gpus = question["cpus"], question["gpus"]
        sizes = [item.get("Resources", {}) for item in self._ray.nodes() if item.get("Alive")]
        if not any(size.get("CPU", 0) >= cpus and size.get("GPU", 0) >= gpus for size in sizes):
            text = _(
                "No node of the cluster has {cpus} processor cores and {gpus} GPUs: ask for less (--cpus, --gpus)."
            )
            return {"error": text.format(cpus=cpus, gpus=gpus)}
        if not self._away(name):
            return {"error": _("The cluster has not let go of this run yet: try again in a moment.")}
        order = question["order"] | {"home": self._ray.get_runtime_context().get_node_id()}
        actor = self._ray.remote(node.Turn).options(
            name=name,
            namespace=SPACE,
            lifetime="detached",
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=-1,
        )
        actor.remote(order)
        return {}


def main(address: str) -> int:
    """Answer the lines of standard input until it ends. What Ray prints must not come between the answers."""
    if not _open(address):
        return 1
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import ray

    ray.init(address=address, namespace=SPACE, log_to_driver=False, configure_logging=False)
    # A node unpickles the actor before it is known to have this program.
    ray.cloudpickle.register_pickle_by_value(node)
    desk = Desk(ray)
    for line in sys.stdin:
        answers.write(json.dumps(desk.answer(json.loads(line))) + "\n")
        answers.flush()
    return 0


def _open(address: str) -> bool:
    """Does anybody listen at host:port? Ray itself takes a minute to find out that nobody does."""
    host, _colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return True  # "auto"
    try:
        socket.create_connection((host, int(port)), CONNECT).close()
    except (OSError, OverflowError):
        return False
    return True


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))  # Ray's own leave-taking waits for a minute where its cluster is gone
