"""Sockets and connections of the HTTP service: timeouts, a connection limit, and early answers that clients can read.

The HTTP parser is fixed to h11, since uvicorn's default depends on what else is installed.
"""

import asyncio
import contextlib
import errno
import json
import os
import socket

import h11
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.errors import UserError
from core.i18n import _

BODY_SECONDS = 10.0  # to receive a request's head; its body; and the rest of a request that was already answered
CONNECTION_LIMIT = 100  # open at once; further ones are answered with 503
CLOSING = (b"connection", b"close")
ADDRESS_MISSING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # "localhost" resolves to ::1 even without IPv6


def server(application: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(application, http=Connection, ws="none", log_level="warning", timeout_keep_alive=10)
    )


def bind_sockets(host: str, port: int) -> list[socket.socket]:
    """Open a listening socket for each address of `host`. Raises UserError with the reason where none can be opened."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UserError(
            _("The host name “{host}” is unknown: give an address of this machine, such as 127.0.0.1.").format(
                host=host
            )
        ) from None
    sockets, faults = list[socket.socket](), list[OSError]()
    for kind, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
        try:
            sockets.append(socket.create_server(address, family=kind))
        except OSError as error:
            faults.append(error)
    grave = [fault for fault in faults if fault.errno not in ADDRESS_MISSING]
    if sockets and not grave:
        return sockets
    for opened in sockets:
        opened.close()
    fault = (grave or faults)[0]
    raise UserError(_listen_error(fault).format(host=host, port=port, reason=os.strerror(fault.errno or 0)))


def _listen_error(fault: OSError) -> str:
    if fault.errno == errno.EADDRINUSE:
        return _("Port {port} on {host} is taken: stop the program that uses it, or choose another --port.")
    if fault.errno in ADDRESS_MISSING:
        return _("{host} is no address of this machine: give one of its own, such as 127.0.0.1, with --host.")
    return _("The service cannot listen on port {port} of {host}: {reason}.")


class Connection(H11Protocol):
    """Connection with a timeout for the request head and JSON errors; uvicorn has no timeout and sends plain text."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > CONNECTION_LIMIT:
            text = _("Too many connections are open: try again in a moment.")
            self.app = DelayedClose(JSONResponse({"error": text}, 503, {"connection": "close"}))
        self._start_head_timeout()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._start_head_timeout()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_head_timeout()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, _("This is not a valid HTTP request."))

    def _start_head_timeout(self) -> None:
        """Start the timeout unless it runs; received bytes do not restart it. Cancel it when the head is complete."""
        if self.conn.their_state is not h11.IDLE:
            self._cancel_head_timeout()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(BODY_SECONDS, self._on_head_timeout)

    def _cancel_head_timeout(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _on_head_timeout(self) -> None:
        half, _closed = self.conn.trailing_data
        if half:
            self._refuse(408, _("The request did not come in whole in time."))
        else:
            self.transport.close()

    def _refuse(self, status: int, sentence: str) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):  # else an answer is being sent already
            body = json.dumps({"error": sentence}).encode()
            length = (b"content-length", str(len(body)).encode())
            headers = [(b"content-type", b"application/json"), length, CLOSING]
            for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class DelayedClose:
    """Middleware that delays closing a connection until the rest of the request is received and discarded.

    Closing while the client still sends would reset the connection, and the client would never see the answer. The
    delay is at most BODY_SECONDS.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        coming = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"

        async def receiving() -> Message:
            nonlocal coming
            message = await receive()
            coming = message.get("more_body", False)
            return message

        async def sending(message: Message) -> None:
            if coming and message["type"] == "http.response.start" and CLOSING not in message["headers"]:
                message["headers"] = [*message["headers"], CLOSING]
            elif coming and message["type"] == "http.response.body" and not message.get("more_body", False):
                await send({**message, "more_body": True})  # complete for the client, which knows the content length
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BODY_SECONDS):
                        while coming:
                            await receiving()
                message = {"type": "http.response.body", "body": b""}
            await send(message)

        return await self.app(scope, receiving, sending)
