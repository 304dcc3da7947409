"""A run whose answers are slow, streamed or counted, and its service on a real port."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from core.endpoint import Answer, Endpoint
from core.errors import UserError
from core.families import family
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import sample
from core.serve.app import Service
from core.serve.connection import bind_sockets, server
from tests.core.serve.calls import TOKEN, until
from tests.core.toy_family import ToyOptions


class Wish(BaseModel):
    seconds: float = 0.0
    parts: int = 0


def slow(wish: Wish) -> Answer:
    time.sleep(wish.seconds)
    if wish.parts < 0:
        raise UserError("Less than nothing was asked for.")
    return {"slept": wish.seconds}


def streamed(wish: Wish) -> Iterator[str]:
    for number in range(wish.parts):
        time.sleep(wish.seconds)
        yield f"{number} " + "x" * 1000
    if wish.seconds > 0.3:
        raise ValueError("in its midst")


class Room:
    """A family's service module; each call of endpoints() returns other endpoints, or fails."""

    def __init__(self) -> None:
        self.loaded, self.broken = 0, False

    def endpoints(self, run: Run) -> list[Endpoint]:
        if self.broken:
            raise UserError("It does not fit.")
        self.loaded += 1
        number = self.loaded
        return [
            Endpoint("/slow", "", Wish, slow),
            Endpoint("/stream", "", Wish, streamed, "text/plain"),
            Endpoint("/number", "", Wish, lambda wish: {"number": number}),
        ]


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def service(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, toy: Path) -> Service:
    run = create(ToyOptions(), sample("ferry"), directory=tmp_path)
    run.model_path.write_bytes(b"1")
    monkeypatch.setattr(family("toy").service, "endpoints", room.endpoints)
    return Service(run, TOKEN)


@pytest.fixture
def port(service: Service) -> Iterator[int]:
    """Run the service as `python -m core serve` does, on a free port."""
    sockets = bind_sockets("127.0.0.1", 0)
    running = server(service.application())
    thread = threading.Thread(target=lambda: asyncio.run(running.serve(sockets)), daemon=True)
    thread.start()
    until(lambda: running.started)
    yield sockets[0].getsockname()[1]
    running.should_exit = running.force_exit = True
    thread.join(10)
