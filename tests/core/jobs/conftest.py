"""A fake Ray cluster, with the fixtures `client` and `cluster`."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import ray_cluster
from core.jobs.ray_cluster import Cluster
from tests.core.jobs.fake_ray import FakeRay
from tests.core.jobs.fake_ray_client import ADDRESS, FakeRayClient


@pytest.fixture
def ray() -> Iterator[FakeRay]:
    made = FakeRay()
    yield made
    made.lose_nodes()


@pytest.fixture
def client(ray: FakeRay, monkeypatch: pytest.MonkeyPatch, toy: Path) -> Iterator[FakeRayClient]:
    """Set RAY_ADDRESS to the fake cluster, which a thread advances until `client.gone` is set."""
    made, over = FakeRayClient(ray), threading.Event()

    def move_on() -> None:
        while not over.wait(0.05):
            if not made.gone:
                ray.move_on()

    mover = threading.Thread(target=move_on, daemon=True)
    mover.start()
    monkeypatch.setenv("RAY_ADDRESS", ADDRESS)
    monkeypatch.setattr(ray_cluster, "RayClientProcess", lambda address: made)
    monkeypatch.setattr(ray_cluster, "_clusters", {})
    monkeypatch.setattr(ray_cluster, "is_listening", lambda address: not made.gone)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(ray_cluster, "POLL_SECONDS", 0.1)
    yield made
    over.set()
    mover.join()


@pytest.fixture
def cluster(client: FakeRayClient) -> Cluster:
    found = ray_cluster.configured()
    assert found is not None
    return found
