"""The clerk's side of core/jobs/ray_cluster.py: a process that speaks to Ray, and ends when Ray ends it."""

import json
import os
import socket
import sys
import time
from typing import Any

from core.i18n import _
from core.jobs import ray_node

NAMESPACE = "hidden-state"
CONNECT_SECONDS = 5.0  # seconds
POLL_SECONDS = 0.25  # seconds between two looks at an actor that is about to go


class RayClient:
    """Answers one question after another with Ray, which it is given."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if question["do"] == "known":
            return {"known": [path for path in question["paths"] if self._find_actor(f"run:{path}") is not None]}
        if question["do"] == "where":
            return {"address": self._ray.get_runtime_context().gcs_address}
        name = f"run:{question['path']}"
        if question["do"] == "cancel":
            found = self._find_actor(name)
            if found is not None:
                self._ray.kill(found, no_restart=True)
            return {}
        return self._submit(name, question)

    def _find_actor(self, name: str) -> Any:
        try:
            return self._ray.get_actor(name, namespace=NAMESPACE)
        except ValueError:
            return None

    def _wait_until_gone(self, name: str) -> bool:
        """Is no actor of that name left? One whose run has just ended goes by itself, any other is sent away."""
        for turn in range(40):
            found = self._find_actor(name)
            if found is None:
                return True
            if turn == 20:
                self._ray.kill(found, no_restart=True)
            time.sleep(POLL_SECONDS)
        return False

    def _submit(self, name: str, question: dict[str, Any]) -> dict[str, Any]:
        cpus, gpus = question["cpus"], question["gpus"]
        sizes = [item.get("Resources", {}) for item in self._ray.nodes() if item.get("Alive")]
        if not any(size.get("CPU", 0) >= cpus and size.get("GPU", 0) >= gpus for size in sizes):
            text = _(
                "No node of the cluster has {cpus} processor cores and {gpus} GPUs: ask for less (--cpus, --gpus)."
            )
            return {"error": text.format(cpus=cpus, gpus=gpus)}
        if not self._wait_until_gone(name):
            return {"error": _("The cluster has not let go of this run yet: try again in a moment.")}
        order = question["order"] | {"home": self._ray.get_runtime_context().get_node_id()}
        actor = self._ray.remote(ray_node.TrainingActor).options(
            name=name,
            namespace=NAMESPACE,
            lifetime="detached",
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=-1,
        )
        actor.remote(order)
        return {}


def main(address: str) -> int:
    """Answer the lines of standard input until it ends. What Ray prints must not come between the answers."""
    if not is_listening(address):
        return 1
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import ray

    ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    # A node unpickles the actor before it is known to have this program.
    ray.cloudpickle.register_pickle_by_value(ray_node)
    client = RayClient(ray)
    for line in sys.stdin:
        answers.write(json.dumps(client.answer(json.loads(line))) + "\n")
        answers.flush()
    return 0


def is_listening(address: str) -> bool:
    """Does anybody listen at host:port? Ray itself takes a minute to find out that nobody does."""
    host, _colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return True  # "auto"
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        return False
    return True


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))  # Ray's own leave-taking waits for a minute where its cluster is gone
