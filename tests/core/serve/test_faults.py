"""The service under real connections that lie, stall, leave and flood; and models that change under it."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from pydantic import BaseModel
from starlette.testclient import TestClient

from core.errors import UserError
from core.families import family
from core.runs.run import Run
from core.runs.store import DEFAULT_DIR, create
from core.samples.registry import sample
from core.serve import app
from core.serve.app import Service
from core.serve.endpoint import Answer, Endpoint
from tests.core.toy_family import ToyOptions

TOKEN = "a token of twenty or so"


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
    """A wing's service module; each loading gives other endpoints, or fails."""

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
    monkeypatch.setattr(type(family("toy")), "room", lambda self, name: room)
    return Service(run, TOKEN)


@pytest.fixture
def port(service: Service) -> Iterator[int]:
    """The service as `python -m core serve` runs it, on a free port."""
    server = uvicorn.Server(uvicorn.Config(service.application(), port=0, log_level="critical"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = server.force_exit = True
    thread.join(10)


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def call(port: int, path: str, *, body: bytes = b"{}", length: int | None = None, token: str = TOKEN) -> socket.socket:
    """A request as raw bytes; `length` is what it says of its length."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Length: {len(body) if length is None else length}\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def answer(connection: socket.socket) -> tuple[int, bytes]:
    received = bytearray()
    with connection, contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    head, _gap, body = bytes(received).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def works(port: int) -> bool:
    return answer(call(port, "/number"))[0] == 200


def test_a_request_of_100_mb_is_refused_before_it_has_come(port: int) -> None:
    began = time.monotonic()
    status, body = answer(call(port, "/number", length=100_000_000))
    assert (status, time.monotonic() - began < 2) == (413, True)
    assert "2,000,000 bytes" in json.loads(body)["error"]
    assert works(port)


def test_100_mb_that_do_not_say_their_length_are_cut_off(port: int) -> None:
    connection = socket.create_connection(("127.0.0.1", port), 20)
    head = f"POST /number HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.sendall(head.encode())
    sent, chunk = 0, b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with contextlib.suppress(OSError):
        while sent < 100_000_000:
            connection.sendall(chunk)
            sent += 0x10000
            if sent > app.BODY_LIMIT + 0x10000:
                break
    connection.shutdown(socket.SHUT_WR)
    assert answer(connection)[0] == 413
    assert works(port)


def test_half_a_request_is_given_up_and_holds_nobody(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "BODY_SECONDS", 0.3)
    stalled = call(port, "/number", body=b'{"sec', length=20)
    assert works(port), "the others go on meanwhile"
    status, body = answer(stalled)
    assert (status, json.loads(body)["error"]) == (408, "The request did not come in whole in time.")
    call(port, "/number", body=b'{"sec', length=20).close()  # and one who hangs up
    assert works(port)


def test_a_wrong_token_is_refused_before_the_body_is_read(port: int) -> None:
    status, body = answer(call(port, "/slow", length=100, token="wrong"))
    assert status == 401
    assert "token" in json.loads(body)["error"]


def test_who_waits_too_long_or_stands_too_far_back_is_told_so(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "WAITING_SECONDS", 0.3)
    monkeypatch.setattr(app, "WAITING_LIMIT", 2)
    first = call(port, "/slow", body=b'{"seconds": 1.2}')
    time.sleep(0.2)
    others = [call(port, "/slow") for _ in range(5)]
    statuses = sorted(answer(other)[0] for other in others)
    assert statuses == [503] * 5
    assert answer(first)[0] == 200
    assert works(port)


def test_an_answer_that_takes_too_long_is_said_to_and_keeps_its_turn_until_it_is_done(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "ANSWER_SECONDS", 0.3)
    status, body = answer(call(port, "/slow", body=b'{"seconds": 1}'))
    assert (status, json.loads(body)["error"]) == (503, "The answer takes too long: ask for less.")
    assert works(port), "the next one waited for its turn"
    assert answer(call(port, "/slow", body=b'{"parts": -1}'))[0] == 422


def test_a_stream_comes_as_it_is_made_and_whole(port: int) -> None:
    status, body = answer(call(port, "/stream", body=b'{"parts": 5, "seconds": 0.05}'))
    assert status == 200
    assert body.count(b"x" * 1000) == 5


@pytest.mark.parametrize("wish", [b'{"parts": 50, "seconds": 0.1}', b'{"parts": 2, "seconds": 0.4}'])
def test_a_stream_that_ends_too_early_breaks_off(port: int, monkeypatch: pytest.MonkeyPatch, wish: bytes) -> None:
    monkeypatch.setattr(app, "ANSWER_SECONDS", 0.5 if b"50" in wish else 60.0)
    _status, body = answer(call(port, "/stream", body=wish))
    assert not body.endswith(b"0\r\n\r\n"), "what closes a whole answer"
    assert works(port)


def test_who_leaves_or_reads_slowly_in_mid_stream_holds_nobody(port: int, service: Service) -> None:
    leaving = call(port, "/stream", body=b'{"parts": 1000, "seconds": 0.02}')
    leaving.recv(100)
    leaving.close()
    sleeping = call(port, "/stream", body=b'{"parts": 20000}')  # 20 MB that are never read
    began = time.monotonic()
    assert works(port)
    assert time.monotonic() - began < 10
    sleeping.close()


def test_a_new_model_is_taken_up_and_one_that_does_not_load_leaves_the_old_one_answering(
    service: Service, room: Room
) -> None:
    with TestClient(service.application(), headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        def number() -> int:
            found: int = client.post("/number", json={}).json()["number"]
            return found

        assert number() == number() == 1
        service.run.model_path.write_bytes(b"22")
        assert number() == 2
        room.broken = True
        service.run.model_path.write_bytes(b"333")
        assert number() == 2
        room.broken = False
        service.run.model_path.write_bytes(b"4444")
        assert number() == 3
        service.run.model_path.unlink()
        refused = client.post("/number", json={})
        assert (refused.status_code, "no trained model" in refused.json()["error"]) == (422, True)


@pytest.mark.parametrize(
    ("demo", "path", "ask", "kind"),
    [
        ("demo-lighthouse", "/generate", {"prompt": "The", "length": 20}, "application/json"),
        ("demo-reviews", "/classify", {"texts": ["good, I would come again", "很难吃"]}, "application/json"),
        ("demo-digits", "/sample", {"count": 4, "seed": 1}, "image/png"),
        ("demo-digits", "/sample/arrays", {"count": 4}, "application/octet-stream"),
    ],
)
def test_every_family_answers_and_is_described(demo: str, path: str, ask: dict[str, Any], kind: str) -> None:
    with TestClient(Service(Run(DEFAULT_DIR / demo)).application()) as client:
        found = client.post(path, json=ask)
        assert (found.status_code, found.headers["content-type"]) == (200, kind)
        if path == "/classify":
            answers, classes = found.json()["answers"], found.json()["classes"]
            assert [sum(item["probabilities"]) for item in answers] == pytest.approx([1.0, 1.0])
            assert all(item["label"] == classes[max(range(len(classes)), key=item["probabilities"].__getitem__)]
                       for item in answers)  # fmt: skip
            unsure = client.post(path, json=ask | {"threshold": 1.0}).json()["answers"]
            assert [item["label"] for item in unsure] == [None, None]
            assert client.post(path, json={"texts": []}).status_code == 422
            assert client.post(path, json={"texts": ["x"] * 1001}).status_code == 422
        described = client.get("/openapi.json").json()["paths"][path]["post"]
        assert kind in described["responses"]["200"]["content"]
        assert set(ask) <= set(described["requestBody"]["content"]["application/json"]["schema"]["properties"])
