"""Train one run on one node of a Ray cluster.

Only the standard library is imported before the node has checked that it can read the run's folder and this program: a
node that cannot must still be able to report it.
"""

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

LOCK_TIMEOUT = 180.0  # seconds to wait until the process on a lost node has released the run's lock


class TrainingActor:
    """Ray actor that trains the run on a node with enough free cores and removes itself when training has ended.

    Ray restarts it on another node when its node is lost; the run then continues from its last checkpoint.

    order: root (folder of this program), path (run folder), mark (token in launch.json), cpus, home (id of the
    submitting node), words (messages for failures).
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
            traceback.print_exc()  # into the run's log, or Ray's log where the run's is not open yet
            fault = "broken"
        if fault:
            self._report_failure(fault)
        ray.kill(me.current_actor, no_restart=True)

    def _report_failure(self, fault: str) -> None:
        """Write the failure on the submitting node, since this node may not be able to reach the run folder."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        home = NodeAffinitySchedulingStrategy(self._order["home"], soft=True)
        sentence = self._order["words"][fault].replace("{node}", platform.node() or socket.gethostname())
        ray.get(ray.remote(fail).options(num_cpus=0, scheduling_strategy=home).remote(self._order["path"], sentence))


def find_missing(order: dict[str, Any]) -> str:
    """Return "folder" where this node does not see the run's folder, "program" where it lacks this program, else ""."""
    try:
        with open(os.path.join(order["path"], "launch.json"), encoding="utf-8") as file:
            if json.load(file).get("mark") != order["mark"]:
                return "folder"
    except (OSError, ValueError, AttributeError):
        return "folder"
    return "" if os.path.isfile(os.path.join(order["root"], "core", "__main__.py")) else "program"


def train(order: dict[str, Any]) -> None:
    """Train the run in this process on `cpus` cores, with standard output and error going to the run's log."""
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
    """Set the run's status to failed with `sentence` as its error, unless the run has ended meanwhile."""
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
