"""A cluster in a few lines, for whoever asks for `clerk` or `there`."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.jobs import ray_cluster
from core.jobs.ray_cluster import Cluster
from tests.core.jobs.fake_clerk import ADDRESS, FakeClerk
from tests.core.jobs.fake_ray import FakeRay


@pytest.fixture
def ray() -> Iterator[FakeRay]:
    made = FakeRay()
    yield made
    made.lose_nodes()


@pytest.fixture
def clerk(ray: FakeRay, monkeypatch: pytest.MonkeyPatch, toy: Path) -> Iterator[FakeClerk]:
    """RAY_ADDRESS leads to the fake cluster, which moves on by itself until it is gone."""
    made, over = FakeClerk(ray), threading.Event()

    def move_on() -> None:
        while not over.wait(0.05):
            if not made.gone:
                ray.move_on()

    mover = threading.Thread(target=move_on, daemon=True)
    mover.start()
    monkeypatch.setenv("RAY_ADDRESS", ADDRESS)
    monkeypatch.setattr(ray_cluster, "Clerk", lambda address: made)
    monkeypatch.setattr(ray_cluster, "_clusters", {})
    monkeypatch.setattr(ray_cluster, "listens", lambda address: not made.gone)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(ray_cluster, "LOOK", 0.1)
    yield made
    over.set()
    mover.join()


@pytest.fixture
def there(clerk: FakeClerk) -> Cluster:
    found = ray_cluster.configured()
    assert found is not None
    return found
