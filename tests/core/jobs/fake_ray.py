"""A fake of the part of Ray that core/jobs/ray_cluster.py uses: nodes with cores, a queue, actors that restart.

An actor is a process of this file, `python fake_ray.py ORDER`, in which the real core/jobs/ray_node.py runs with
the toy family; killing it is losing its node.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()


class Actor:
    def __init__(self, order: dict[str, Any], cpus: int, restarts: int) -> None:
        self.order, self.cpus, self.restarts = order, cpus, restarts
        self.process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        environment = os.environ | {"PYTHONPATH": f"{HERE.parents[3]}{os.pathsep}{HERE.parents[1]}"}
        self.process = subprocess.Popen([sys.executable, HERE, json.dumps(self.order)], env=environment)


class FakeRay:
    """One node with `cpus` cores. move_on() restarts actors that have died and starts queued ones if cores are free."""

    def __init__(self, cpus: int = 1) -> None:
        self.cpus, self.actors = cpus, dict[str, Actor]()
        self._lock = threading.RLock()

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": {"CPU": float(self.cpus)}}, {"Alive": False, "Resources": {"CPU": 64.0}}]

    def get_runtime_context(self) -> Any:
        return types.SimpleNamespace(get_node_id=lambda: "home", gcs_address="10.0.0.1:6379")

    def remote(self, kind: type) -> Any:
        def options(name: str, lifetime: str, num_cpus: int, num_gpus: int, max_restarts: int, namespace: str) -> Any:
            assert (kind.__name__, lifetime, namespace) == ("TrainingActor", "detached", "hidden-state")

            def create(order: dict[str, Any]) -> None:
                with self._lock:
                    assert name not in self.actors
                    self.actors[name] = Actor(order, num_cpus, max_restarts)
                self.move_on()

            return types.SimpleNamespace(remote=create)

        return types.SimpleNamespace(options=options)

    def get_actor(self, name: str, namespace: str) -> Actor:
        self.move_on()
        found = self.actors.get(name)
        if found is None:
            raise ValueError(name)
        return found

    def kill(self, actor: Actor, no_restart: bool) -> None:
        assert no_restart
        with self._lock:
            self.actors = {name: other for name, other in self.actors.items() if other is not actor}
            self._end(actor)

    def move_on(self) -> None:
        with self._lock:
            self._move_on()

    def _move_on(self) -> None:
        for name, actor in list(self.actors.items()):
            code = None if actor.process is None else actor.process.poll()
            if code == 0:  # it removed itself, as an actor does when its run has ended
                del self.actors[name]
            elif code is not None and actor.restarts:
                actor.process = None
        used = sum(actor.cpus for actor in self.actors.values() if actor.process)
        for actor in self.actors.values():
            if actor.process is None and used + actor.cpus <= self.cpus:
                actor.begin()
                used += actor.cpus

    def lose_nodes(self) -> None:
        """Kill every process at once; move_on() restarts the actors."""
        with self._lock:
            for actor in self.actors.values():
                self._end(actor)

    def _end(self, actor: Actor) -> None:
        if actor.process:
            with contextlib.suppress(OSError):
                actor.process.kill()
            actor.process.wait()


def _live(order: dict[str, Any]) -> None:
    """A node: remote functions are called in this process."""
    ray, util, strategies = (types.ModuleType(name) for name in ("ray", "ray.util", "ray.util.scheduling_strategies"))
    actor = object()

    def kill(given: object, no_restart: bool) -> None:
        assert given is actor
        os._exit(0)

    def remote(task: Callable[..., Any]) -> Any:
        return types.SimpleNamespace(options=lambda **named: types.SimpleNamespace(remote=task))

    more: dict[str, Any] = {
        "get_runtime_context": lambda: types.SimpleNamespace(current_actor=actor),
        "kill": kill,
        "remote": remote,
        "get": lambda answer: answer,
    }
    vars(ray).update(more)
    vars(strategies)["NodeAffinitySchedulingStrategy"] = lambda node, soft: None
    sys.modules |= {"ray": ray, "ray.util": util, "ray.util.scheduling_strategies": strategies}
    from core.families import FAMILIES
    from core.jobs import worker
    from core.jobs.ray_node import TrainingActor
    from tests.core import toy_family

    worker.import_tensorflow = lambda *_: None  # the toy family needs no TensorFlow
    FAMILIES["toy"] = toy_family.TOY
    TrainingActor(order)
    time.sleep(120)


if __name__ == "__main__":
    _live(json.loads(sys.argv[1]))
