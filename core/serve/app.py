"""The HTTP service of a trained run: limits, token, health, OpenAPI. The family package computes the answers."""

import asyncio
import hmac
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from core.bounds import option_error
from core.endpoint import Answer, Endpoint
from core.errors import UserError, one_line
from core.families import family
from core.faults import studio_log
from core.i18n import _
from core.runs.run import Run
from core.serve import connection
from core.serve.guard import refusal

BODY_LIMIT = 2_000_000  # bytes of a request
QUEUE_SECONDS = 30.0  # that a request may wait in the queue
ANSWER_SECONDS = 60.0  # timeout of a computation; one that cannot be cancelled blocks the queue until it ends
QUEUE_LIMIT = 16  # requests that may wait while one is computed
log = studio_log("serve")


class RefusedError(Exception):
    """A request that is answered with an HTTP status and a message."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Service:
    """HTTP service for one run. A model file that training has replaced is loaded again before the next answer."""

    def __init__(self, run: Run, token: str = "", names: Collection[str] | None = None) -> None:
        """token: what callers must send, "" for none. names: host names that it answers to, None for any."""
        self.run, self._token, self._names = run, token, names
        self._service = family(run.family).service
        self._stamp, self._endpoints = (-1, -1), dict[str, Endpoint]()
        self._compute_lock, self._queued = asyncio.Lock(), 0
        self._loading = threading.Lock()
        self.refresh()

    def refresh(self) -> dict[str, Endpoint]:
        """Load the model if its file has changed; return the endpoints. Raises UserError where there is no model."""
        with self._loading:
            stamp = self._model_stamp()
            if stamp != self._stamp:
                try:
                    self._endpoints = {endpoint.path: endpoint for endpoint in self._service.endpoints(self.run)}
                except Exception:
                    if not self._endpoints:
                        raise
                    log.exception("The new model cannot be loaded: the one before it goes on answering")
                self._stamp = stamp
            return self._endpoints

    def _model_stamp(self) -> tuple[int, int]:
        """Return Run.weights_stamp(). Raises UserError where there is no model."""
        try:
            return self.run.weights_stamp()
        except OSError:
            raise UserError(_("The run “{run}” has no trained model.").format(run=self.run.id)) from None

    def application(self) -> Starlette:
        routes = [
            Route("/health", self._guarded(self.health)),
            Route("/openapi.json", self._guarded(self.openapi)),
            *(Route(path, self._guarded(self.handle), methods=["POST"]) for path in self._endpoints),
        ]
        made = Starlette(
            routes=routes,
            middleware=[Middleware(connection.DelayedClose)],
            exception_handlers={HTTPException: _routing_error},
        )
        made.router.redirect_slashes = False
        return made

    def _guarded(self, handle: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            refused = refusal(request.method, request.headers, self._names)
            return _error_response(*refused) if refused else await handle(request)

        return guarded

    async def health(self, request: Request) -> Response:
        """Answer 503 where the model file is gone: a deleted run must not be served from memory."""
        facts = {"run": self.run.id, "family": self.run.family, "waiting": self._queued} if self._known(request) else {}
        try:
            await run_in_threadpool(self._model_stamp)
        except UserError as error:
            return JSONResponse({"state": "gone"} | ({"error": str(error)} | facts if facts else {}), 503)
        return JSONResponse({"state": "ready"} | facts)

    async def openapi(self, request: Request) -> Response:
        try:
            self._check_token(request)
        except RefusedError as error:
            return _error_response(error.status, str(error))
        return JSONResponse(describe(self.run, self._endpoints))

    async def handle(self, request: Request) -> Response:
        try:
            self._check_token(request)
            body = await self._body(request)
            endpoint = await run_in_threadpool(lambda: self.refresh()[request.url.path])
            try:
                question = endpoint.request.model_validate_json(body, strict=True)
            except ValidationError as error:
                raise option_error(endpoint.request, error) from None
            if self._queued >= QUEUE_LIMIT:
                raise RefusedError(503, _("Too many requests are waiting: try again in a moment."))
            return await self._answer(endpoint, question)
        except RefusedError as error:
            return _error_response(error.status, str(error))
        except UserError as error:
            return _error_response(422, str(error))
        except Exception:
            log.exception("A request failed")
            return _error_response(500, _("Something in the program failed; the service's log says what."))

    async def _answer(self, endpoint: Endpoint, question: Any) -> Response:
        """Wait in the queue, then compute; one request at a time, since two on the same cores would both be slower."""
        self._queued += 1
        try:
            await asyncio.wait_for(self._compute_lock.acquire(), QUEUE_SECONDS)
        except TimeoutError:
            raise RefusedError(503, _("Too many requests are waiting: try again in a moment.")) from None
        finally:
            self._queued -= 1
        first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        parts: asyncio.Queue[str | None] = asyncio.Queue()
        task = asyncio.create_task(self._compute(endpoint, question, first, parts))
        task.add_done_callback(lambda done: self._compute_lock.release())
        done, _pending = await asyncio.wait({task, first}, timeout=ANSWER_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            raise RefusedError(503, _("The answer takes too long: ask for less."))
        if first in done:
            return StreamingResponse(_stream(first.result(), parts, task), media_type=endpoint.media)
        answer = task.result()
        return Response(answer, media_type=endpoint.media) if isinstance(answer, bytes) else JSONResponse(answer)

    async def _compute(
        self, endpoint: Endpoint, question: Any, first: "asyncio.Future[str]", parts: "asyncio.Queue[str | None]"
    ) -> Any:
        """Return the answer. A streamed answer sets `first` to its first part and puts the rest, then None, in `parts`.

        The parts are buffered, so that a client that reads slowly does not block the queue.
        """
        deadline = time.monotonic() + ANSWER_SECONDS
        answer: Answer = await run_in_threadpool(endpoint.answer, question)
        if not isinstance(answer, Iterator):
            return answer
        first.set_result(await run_in_threadpool(next, answer, ""))  # an error up to here still sets the HTTP status
        try:
            async for part in iterate_in_threadpool(answer):
                if time.monotonic() > deadline:
                    raise TimeoutError("a stream took too long")
                parts.put_nowait(part)
        finally:
            parts.put_nowait(None)
        return None

    def _known(self, request: Request) -> bool:
        """Does the caller send the token, or is none wanted?"""
        given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
        return not self._token or hmac.compare_digest(given.encode(), self._token.encode())

    def _check_token(self, request: Request) -> None:
        if not self._known(request):
            raise RefusedError(401, _("This service wants its token: send “Authorization: Bearer …”."))

    async def _body(self, request: Request) -> bytes:
        """Return the request body. Raises RefusedError where its declared or actual size, or its time, is too large."""
        declared = request.headers.get("content-length", "0")
        if not declared.isdecimal() or int(declared) > BODY_LIMIT:
            raise _too_large()
        body = bytearray()
        try:
            async with asyncio.timeout(connection.BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > BODY_LIMIT:
                        raise _too_large()
        except TimeoutError:
            raise RefusedError(408, _("The request did not come in whole in time.")) from None
        except ClientDisconnect:
            raise RefusedError(400, _("The request broke off.")) from None
        return bytes(body)


async def _stream(first: str, parts: "asyncio.Queue[str | None]", task: "asyncio.Task[Any]") -> AsyncIterator[str]:
    """Yield the parts as they arrive. An error closes the connection, so that a client notices the missing rest."""
    try:
        yield first
        while (part := await parts.get()) is not None:
            yield part
        await task
    finally:
        task.cancel()  # the client has disconnected, or everything is sent


def _too_large() -> RefusedError:
    return RefusedError(413, _("A request has at most {limit:,} bytes.").format(limit=BODY_LIMIT))


async def _routing_error(request: Request, error: Exception) -> Response:
    """Answer the router's 404 and 405 as JSON."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        text = _("{path} takes {allowed}, not {method}.")
    else:
        text = _("There is nothing at {path}: /openapi.json says what there is.")
    allowed = (error.headers or {}).get("Allow", "")
    text = one_line(text.format(path=request.url.path, allowed=allowed, method=request.method))
    return _error_response(error.status_code, text, error.headers)


def _error_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": text}, status, headers)


def describe(run: Run, endpoints: dict[str, Endpoint]) -> dict[str, Any]:
    """Return the service's description in OpenAPI 3.1."""
    paths = {
        endpoint.path: {
            "post": {
                "summary": endpoint.summary,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": endpoint.schema()}},
                },
                "responses": {
                    "200": {"description": "The answer", "content": {endpoint.media: {}}},
                    "400": {"description": "The request broke off, or says its length twice"},
                    "401": {"description": "No token, or a wrong one"},
                    "403": {"description": "Another host name, or a page of another site"},
                    "408": {"description": "The request did not come in whole in time"},
                    "413": {"description": f"More than {BODY_LIMIT} bytes"},
                    "415": {"description": "Not JSON by its content type"},
                    "422": {"description": "The request is wrong, or the run's model is gone"},
                    "500": {"description": "A fault of the program"},
                    "503": {"description": "Too many are waiting, or the answer takes too long"},
                },
            }
        }
        for endpoint in endpoints.values()
    }
    paths["/health"] = {
        "get": {
            "summary": "Is it ready?",
            "responses": {"200": {"description": "Yes"}, "503": {"description": "No: the run's model is gone"}},
        }
    }
    return {"openapi": "3.1.0", "info": {"title": f"Hidden State: {run.name}", "version": "1"}, "paths": paths}
