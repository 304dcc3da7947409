"""Requests as raw bytes, since a client library cannot send wrong lengths, stall or disconnect."""

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

TOKEN = "a token of twenty or so"


def until(condition: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def call(port: int, path: str, *, body: bytes = b"{}", length: int | None = None, token: str = TOKEN) -> socket.socket:
    """Send a request as raw bytes; `length` is its declared content length."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
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
