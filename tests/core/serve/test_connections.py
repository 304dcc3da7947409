"""Connections with wrong lengths, stalled or too many connections, and unknown paths."""

import contextlib
import errno
import json
import socket
import time
import tracemalloc
import urllib.error
import urllib.request
from collections.abc import Callable
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import uvicorn
from starlette.applications import Starlette

from core.commands.main import main
from core.errors import UserError
from core.runs.store import DEFAULT_DIR
from core.serve import app, connection
from core.serve.connection import bind_sockets
from tests.core.serve.calls import TOKEN, answer, call, until, works

BIG = 100_000_000
JSON = "Content-Type: application/json"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.3)


def opened(port: int, head: str, *lines: str) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), 20)
    made.sendall("\r\n".join((f"{head} HTTP/1.1", "Host: x", f"Authorization: Bearer {TOKEN}", JSON, *lines)).encode())
    return made


def sentence(connection: socket.socket) -> tuple[int, str]:
    status, body = answer(connection)
    return status, json.loads(body)["error"]


def head_of(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1)
    return received


def test_who_sends_too_much_reads_why(port: int) -> None:
    for path, size, token, status in (
        ("/number", BIG, TOKEN, 413),
        ("/number", 3_000_000, TOKEN, 413),
        ("/number", 3_000_000, "wrong", 401),
        ("/nowhere", 3_000_000, TOKEN, 404),
        ("/health", 3_000_000, TOKEN, 405),
    ):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", b"x" * size, headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == status
        assert json.load(refused.value)["error"]
    assert works(port)


def test_100_mb_that_do_not_say_their_length_come_through_a_small_memory(port: int) -> None:
    sending = opened(port, "POST /number", "Transfer-Encoding: chunked", "\r\n")
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    tracemalloc.start()
    for _ in range(BIG // 0x100000 + 1):
        sending.sendall(chunk)
    sending.sendall(b"0\r\n\r\n")
    status, said = sentence(sending)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status, "2,000,000 bytes" in said) == (413, True)
    assert peak < 20_000_000


def test_a_refusal_does_not_wait_for_what_is_refused(port: int) -> None:
    for lines in (("Expect: 100-continue",), ()):
        asking = opened(port, "POST /number", f"Content-Length: {BIG}", *lines, "\r\n")
        # The body is never sent: an answer that waited for it would not come before the socket's timeout.
        assert head_of(asking).startswith(b"HTTP/1.1 413"), "and never 100, which would ask for it"
        asking.close()


@pytest.mark.usefixtures("hurried")
def test_who_drips_for_ever_is_let_go(port: int) -> None:
    dripping = opened(port, "POST /number", f"Content-Length: {BIG}", "\r\n")

    def gone() -> bool:
        try:
            dripping.sendall(b"x")
        except OSError:
            return True
        return False

    until(gone, 5)


def test_a_refused_request_that_came_whole_leaves_its_connection_to_the_next(port: int) -> None:
    keeping = socket.create_connection(("127.0.0.1", port), 20)
    for _ in range(2):
        keeping.sendall(b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
        head = head_of(keeping).lower()
        assert head.startswith(b"http/1.1 404")
        assert b"connection: close" not in head
        keeping.recv(10_000)
    keeping.close()


@pytest.mark.usefixtures("hurried")
def test_half_a_body_is_given_up_and_holds_nobody(port: int) -> None:
    stalled = call(port, "/number", body=b'{"sec', length=20)
    assert works(port), "the others go on meanwhile"
    assert sentence(stalled) == (408, "The request did not come in whole in time.")
    call(port, "/number", body=b'{"sec', length=20).close()  # and a client that disconnects
    assert works(port)


@pytest.mark.usefixtures("hurried")
def test_half_a_head_is_given_up_also_behind_a_whole_request_and_also_in_drips(port: int) -> None:
    first = opened(port, "POST /number", "Content-Le")
    assert sentence(first) == (408, "The request did not come in whole in time.")
    second = opened(port, "GET /health", "\r\n")
    assert b" 200 " in head_of(second)
    second.sendall(b"GET /health HT")
    with contextlib.suppress(OSError):
        for _ in range(50):
            time.sleep(0.05)
            second.sendall(b"x")
        pytest.fail("it was never let go")
    second.close()


@pytest.mark.usefixtures("hurried")
def test_who_never_says_a_word_is_let_go(port: int) -> None:
    silent = socket.create_connection(("127.0.0.1", port), 5)
    assert silent.recv(1) == b""
    silent.close()


@pytest.mark.usefixtures("hurried")
def test_a_computation_that_outlasts_the_clock_is_not_cut_off(port: int) -> None:
    assert answer(call(port, "/slow", body=b'{"seconds": 0.6}'))[0] == 200


def test_one_connection_too_many_is_told_to_come_again(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BODY_SECONDS", 0.7)
    monkeypatch.setattr(connection, "CONNECTION_LIMIT", 2)
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(2)]
    status, said = sentence(call(port, "/number", body=b"x" * 3_000_000))
    assert (status, "Too many connections" in said) == (503, True)
    assert [one.recv(1) for one in silent] == [b"", b""]
    until(lambda: works(port), 5)
    for one in silent:
        one.close()


def test_who_is_lost_gets_one_sentence(port: int) -> None:
    for head, status, part in (
        ("GET /nowhere", 404, "/nowhere"),
        ("POST /number/", 404, "/number/"),
        ("GET /number", 405, "takes POST, not GET"),
        ("PUT /number", 405, "takes POST, not PUT"),
        ("GET /%0a%1b[31m", 404, "/openapi.json"),
        ("no request at all", 400, "valid HTTP"),
    ):
        found, said = sentence(opened(port, head, "Connection: close", "\r\n"))
        assert (found, part in said) == (status, True), said
        assert said.isprintable()


def test_a_body_that_breaks_the_rules_while_it_is_refused_ends_the_connection(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    breaking = opened(port, "POST /nowhere", "Transfer-Encoding: chunked", "\r\n")
    assert b" 404 " in head_of(breaking)
    breaking.sendall(b"no length\r\n")
    while breaking.recv(1000):
        pass
    breaking.close()
    assert "failed" not in caplog.text
    assert works(port)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], int]:
    """The command, with a run whose model is not loaded."""
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(DEFAULT_DIR))
    monkeypatch.setattr(app, "Service", lambda run, token, names: SimpleNamespace(application=Starlette))
    return lambda host, port: main(["serve", "demo-digits", "--host", host, "--port", str(port), "--token", TOKEN])


@pytest.mark.parametrize(
    ("host", "fault", "part"),
    [
        ("127.0.0.1", None, "is taken"),
        ("192.0.2.1", None, "no address of this machine"),
        ("a" * 70, None, "is unknown"),
        ("somewhere", socket.gaierror(socket.EAI_NONAME, "not known"), "is unknown"),
        ("127.0.0.1", PermissionError(errno.EACCES, "not for you"), "Permission denied"),
    ],
)
def test_a_place_that_cannot_be_listened_on_is_said_in_one_sentence(
    serve: Callable[[str, int], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    fault: OSError | None,
    part: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        if fault:
            failing = "getaddrinfo" if isinstance(fault, socket.gaierror) else "create_server"
            monkeypatch.setattr(socket, failing, Mock(side_effect=fault))
        assert serve(host, other.getsockname()[1]) == 2
    said = capsys.readouterr().err
    assert part in said
    assert said.count("\n") == 1, "and not that it answers there"


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_it_says_where_it_answers_once_it_is_heard_there(
    serve: Callable[[str, int], int],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    shown: str,
) -> None:
    try:
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("no IPv6 here")

    def run(_server: uvicorn.Server, sockets: list[socket.socket]) -> None:
        socket.create_connection((host, port), 5).close()
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", run)
    assert serve(host, port) == 0
    assert f"http://{shown}:{port} " in capsys.readouterr().err
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, port), 5)


def test_a_port_is_free_again_at_once() -> None:
    """Also while connections to an earlier server are in TIME_WAIT."""
    first = bind_sockets("127.0.0.1", 0)[0]
    place = first.getsockname()
    calling = socket.create_connection(place)
    accepted, _address = first.accept()
    accepted.close()  # the side that closes first enters TIME_WAIT
    calling.close()
    first.close()
    bind_sockets(*place)[0].close()


def test_localhost_is_heard_on_every_address_it_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        with pytest.raises(UserError):
            bind_sockets("localhost", port)
    sockets = bind_sockets("localhost", port)
    assert ("127.0.0.1", port) in [each.getsockname()[:2] for each in sockets]
    for each in sockets:
        each.close()
