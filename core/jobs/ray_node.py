"""What one node of a cluster does for one run. Nothing but the standard library is imported before the node is known to
see the run's folder and this program: a node that does not must still be able to say so."""

import json
import os
import platform
import socket
import sys
import threading
import time
import traceback
from importlib import import_module
from typing import Any

LOCK_TIMEOUT = 180.0  # seconds that a run waits for what trained it on a lost node to let go of its folder


class TrainingActor:
    """The actor that Ray places on a node with enough free cores; it trains the run, and is gone when that has ended.

    Ray makes it anew on another node where its own is lost; then the run goes on from its last checkpoint, as any run
    does that is started again. order: root, path, mark, cpus, home (a node's id), words (sentences).
    """

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        threading.Thread(target=self._train, daemon=True).start()

    def _train(self) -> None:
        import ray

        me = ray.get_runtime_context()
        try:
            fault = find_missing(self._order)
            if not fault:
                train(self._order)
        except Exception:
            traceback.print_exc()  # into the run's log, or Ray's where there is none
            fault = "broken"
        if fault:
            self._report_failure(fault)
        ray.kill(me.current_actor, no_restart=True)

    def _report_failure(self, fault: str) -> None:
        """From here the folder may be out of reach: the node that the run was started from writes the sentence."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        home = NodeAffinitySchedulingStrategy(self._order["home"], soft=True)
        sentence = self._order["words"][fault].replace("{node}", platform.node() or socket.gethostname())
        ray.get(ray.remote(fail).options(num_cpus=0, scheduling_strategy=home).remote(self._order["path"], sentence))


def find_missing(order: dict[str, Any]) -> str:
    """ "folder" where this node does not see the very folder that was meant, "program" where not these files."""
    try:
        with open(os.path.join(order["path"], "launch.json"), encoding="utf-8") as file:
            if json.load(file).get("mark") != order["mark"]:
                return "folder"
    except (OSError, ValueError, AttributeError):
        return "folder"
    return "" if os.path.isfile(os.path.join(order["root"], "core", "__main__.py")) else "program"


def train(order: dict[str, Any]) -> None:
    """Train the run in this process, on as many cores as it was given; what is printed goes to the run's log."""
    os.chdir(order["root"])
    sys.path.insert(0, order["root"])
    os.environ["HIDDEN_STATE_CORES"] = os.environ["TF_NUM_INTRAOP_THREADS"] = str(order["cpus"])
    log = os.open(os.path.join(order["path"], "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream in (1, 2):
        os.dup2(log, stream)
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} on the node {platform.node()}", flush=True)
    run, queue, worker = (import_module(f"core.{name}") for name in ("runs.run", "jobs.queue", "jobs.worker"))
    worker.work(run.Run(order["path"]), wait_for_slot=queue.no_wait, lock_timeout=LOCK_TIMEOUT)


def fail(path: str, sentence: str) -> None:
    """Write into the run's status that it failed, unless it has ended meanwhile."""
    target = os.path.join(path, "status.json")
    with open(target, encoding="utf-8") as file:
        status = json.load(file)
    if status.get("state") not in ("queued", "running"):
        return
    status |= {"state": "failed", "error": sentence, "phase": "", "eta": None, "ended_at": time.time()}
    part = os.path.join(path, f".status.json.{os.getpid()}-{time.monotonic_ns()}.part")
    with open(part, "x", encoding="utf-8") as file:
        json.dump(status, file)
    os.replace(part, target)
