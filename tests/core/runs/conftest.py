"""A cluster in a few lines, for whoever asks for `clerk` or `there`."""

import importlib.util
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.runs import cluster
from core.runs.cluster import Cluster
from tests.core.runs.fake_clerk import ADDRESS, DeskClerk
from tests.core.runs.fake_ray import FakeRay


@pytest.fixture
def ray() -> Iterator[FakeRay]:
    made = FakeRay()
    yield made
    made.lose_nodes()


@pytest.fixture
def clerk(ray: FakeRay, monkeypatch: pytest.MonkeyPatch, toy: Path) -> Iterator[DeskClerk]:
    """RAY_ADDRESS leads to the fake cluster, which moves on by itself until it is gone."""
    made, over = DeskClerk(ray), threading.Event()

    def move_on() -> None:
        while not over.wait(0.05):
            if not made.gone:
                ray.move_on()

    mover = threading.Thread(target=move_on, daemon=True)
    mover.start()
    monkeypatch.setenv("RAY_ADDRESS", ADDRESS)
    monkeypatch.setattr(cluster, "Clerk", lambda address: made)
    monkeypatch.setattr(cluster, "_clusters", {})
    monkeypatch.setattr(cluster, "listens", lambda address: not made.gone)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(cluster, "LOOK", 0.1)
    yield made
    over.set()
    mover.join()


@pytest.fixture
def there(clerk: DeskClerk) -> Cluster:
    found = cluster.configured()
    assert found is not None
    return found
