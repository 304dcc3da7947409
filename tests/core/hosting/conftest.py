"""A hosted demo with a demo run, and visitors who create runs without training them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.charlm.config import CharLMConfig
from core.hosting import visitors
from core.hosting.visitors import CurrentUser, act_as
from core.runs.run import Run
from core.runs.status import Status, own_process
from core.runs.store import create
from core.sources import Source

TEXT = ("The lamp was lit before the rain came over the water. " * 40).encode()
TOKENS = {name: f"{number:032x}" for number, name in enumerate(("ada", "bo", "cy"), start=1)}


@contextmanager
def visit(name: str, group: str = "") -> Iterator[None]:
    """Return a context that acts as the visitor of that name; each has their own token."""
    with act_as(CurrentUser(TOKENS.get(name) or name.encode().hex().ljust(32, "0")[:32], group)):
        yield


def make(name: str = "mine", **options: object) -> Run:
    """Create a run of the current user."""
    return create(
        CharLMConfig(units=8, **{"seconds": 60, "epochs": None} | options), [Source("a.txt", TEXT)], name=name
    )


def put(run: Run, state: str, **more: object) -> Run:
    """Write a status with that state and this process (pid=None: no process)."""
    status = own_process(Status(state=state))
    for key, value in more.items():
        setattr(status, key, value)
    status.write(run.path / "status.json")
    return run


@pytest.fixture
def demo(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root folder, with one demo run and one run of the machine's owner."""
    monkeypatch.setenv("HIDDEN_STATE_DEMO", "1")
    monkeypatch.setattr(visitors, "_user_source", lambda: visitors.OWNER)  # a screen may have set another
    make("demo-lighthouse")
    make("owners")
    return runs_folder
