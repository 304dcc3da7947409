"""The child process of core/jobs/ray_cluster.py that calls Ray. Ray ends it when the cluster is gone."""

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
POLL_SECONDS = 0.25  # between checks whether an actor has ended


class RayClient:
    """Answer requests with the module `ray`, which is passed in so that tests can replace it."""

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
        """Wait until no actor of that name exists; return whether that is so after 10 seconds.

        An actor whose run has just ended exits by itself; any other is killed after 5 seconds.
        """
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
    """Read one JSON request a line from standard input and write one JSON answer a line, until the input ends.

    Everything that Ray prints is redirected to standard error, so that standard output holds only the answers.
    """
    if not is_listening(address):
        return 1
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    import ray

    ray.init(address=address, namespace=NAMESPACE, log_to_driver=False, configure_logging=False)
    # Send the actor's code along: a node unpickles it before find_missing() has checked that it has this program.
    ray.cloudpickle.register_pickle_by_value(ray_node)
    client = RayClient(ray)
    for line in sys.stdin:
        answers.write(json.dumps(client.answer(json.loads(line))) + "\n")
        answers.flush()
    return 0


def is_listening(address: str) -> bool:
    """Return whether a server accepts connections at host:port; Ray itself needs a minute to notice that none does."""
    host, _colon, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return True  # "auto"
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        return False
    return True


if __name__ == "__main__":
    os._exit(main(sys.argv[1]))  # skips Ray's exit handlers, which wait a minute where the cluster is gone
