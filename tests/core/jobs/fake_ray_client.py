"""A replacement for RayClientProcess that uses the fake Ray of fake_ray.py, without a child process."""

import json
import time
from collections.abc import Callable
from typing import Any

from core.jobs.ray_client import RayClient
from core.jobs.ray_cluster import ClusterUnavailableError
from tests.core.jobs.fake_ray import FakeRay

ADDRESS = "10.0.0.1:6379"


def until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


class FakeRayClient:
    """Requests and answers are converted to JSON and back, as in the real one."""

    is_running = True

    def __init__(self, ray: FakeRay) -> None:
        self.client, self.gone = RayClient(ray), False
        self.asked: list[str] = []

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(question["do"])
        if self.gone:
            raise ClusterUnavailableError
        answer: dict[str, Any] = json.loads(json.dumps(self.client.answer(json.loads(json.dumps(question)))))
        return answer
