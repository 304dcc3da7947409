"""Streamlit's upload route behind the limits of a hosted demo, without a server: requests as ASGI has them."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from streamlit import config
from streamlit.runtime import memory_uploaded_file_manager
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.hosting.limits import LIMITS
from core.hosting.uploads import COPIES, UploadLedger
from ui.shell import uploads

FEW = replace(LIMITS, session_upload_bytes=1000, all_upload_bytes=1500)


def in_own_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it in another thread: where a browser test ran before, this thread has Playwright's event loop."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, coroutine).result()


class Server:
    """Streamlit's part: its file manager, and a route that reads the body and keeps it, or answers `status`."""

    def __init__(self) -> None:
        self.files = uploads.BoundedFileManager("/_stcore/upload_file")
        self.status, self.bodies, self.active = 204, 0, {"ada", "bo"}
        self.app = uploads.UploadLimits(self.route)

    @property
    def uploaded_file_mgr(self) -> MemoryUploadedFileManager:
        return self.files

    def is_active_session(self, session: str) -> bool:
        return session in self.active

    async def route(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            while (await receive())["type"] != "websocket.disconnect":
                self.bodies += 1
            return
        data = (await receive())["body"]
        self.bodies += 1
        if self.status == 204:
            session, file = scope["path"].split("/")[-2:]
            self.files.add_file(session, UploadedFileRec(file, "a.csv", "text/csv", data))
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def url(self, session: str) -> str:
        return self.files.get_upload_urls(session, ["a.csv"])[0].upload_url

    def put(self, url: str, size: int, length: bytes | None = None) -> int:
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"x" * size, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            answers.append(message)

        headers = [(b"content-length", b"%d" % size if length is None else length)]
        scope = {"type": "http", "method": "PUT", "path": url, "headers": headers}
        in_own_loop(self.app(scope, receive, send))
        return int(answers[0]["status"])

    def held(self) -> int:
        return sum(len(file.data) for files in self.files.file_storage.values() for file in files.values())


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(uploads, "ledger", UploadLedger(FEW))
    made = Server()
    monkeypatch.setattr(uploads.runtime, "exists", lambda: True)
    monkeypatch.setattr(uploads.runtime, "get_instance", lambda: made)
    return made


def test_a_flood_to_invented_ids_is_refused_before_a_byte_is_read(server: Server) -> None:
    assert {server.put(f"/_stcore/upload_file/ada/{number}", 400) for number in range(300)} == {413}
    assert (server.bodies, server.held(), uploads.ledger.total) == (0, 0, 0)


def test_a_session_and_all_sessions_keep_what_they_may_and_no_more(server: Server) -> None:
    assert [server.put(server.url("ada"), 400) for _ in range(4)] == [204, 204, 413, 413]
    assert [server.put(server.url("bo"), 400) for _ in range(2)] == [204, 413]
    assert server.held() == uploads.ledger.total == 1200


def test_a_refused_transfer_holds_nothing_and_its_id_can_be_used_again(server: Server) -> None:
    url, server.status = server.url("ada"), 400
    assert server.put(url, 900) == 400
    assert uploads.ledger.total == 0
    server.status = 204
    assert server.put(url, 900) == 204
    server.files.remove_file(*url.split("/")[-2:])
    assert server.held() == uploads.ledger.total == 0


def test_a_file_larger_than_its_request_said_is_not_kept(server: Server) -> None:
    with pytest.raises(HTTPException):
        server.put(server.url("ada"), 900, b"10")
    assert server.put(server.url("ada"), 900, b"") == 411
    assert server.held() == uploads.ledger.total == 0


def test_files_go_when_their_session_has_left_for_good(server: Server) -> None:
    assert server.put(server.url("ada"), 400) == server.put(server.url("bo"), 400) == 204
    server.active.discard("ada")
    uploads.forget(0)
    assert list(server.files.file_storage) == ["bo"]
    assert uploads.ledger.total == 400


def test_a_message_over_the_bound_of_all_closes_its_connection_unread(server: Server) -> None:
    async def connection() -> list[Any]:
        messages = [{"type": "websocket.receive", "bytes": b"x" * size} for size in (500 // COPIES, 5, 2000)]
        closed = []

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            closed.append(message["code"])

        await server.app({"type": "websocket", "path": "/_stcore/stream"}, receive, send)  # type: ignore[arg-type]
        return closed

    assert in_own_loop(connection()) == [1013]
    assert server.bodies == 2


# The app --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def options() -> Iterator[None]:
    names = ("server.maxUploadSize", "server.maxWidgetStateSize", "server.disconnectedSessionTTL")
    before = {name: config.get_option(name) for name in names}
    yield
    for name, value in before.items():
        config.set_option(name, value)


def test_a_demo_is_limited_from_its_start_and_a_studio_at_home_is_not(
    options: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_uploaded_file_manager, "MemoryUploadedFileManager", MemoryUploadedFileManager)
    monkeypatch.delenv("HIDDEN_STATE_DEMO", raising=False)
    assert uploads.limit_uploads() == []
    assert memory_uploaded_file_manager.MemoryUploadedFileManager is MemoryUploadedFileManager
    monkeypatch.setenv("HIDDEN_STATE_DEMO", "1")
    assert len(uploads.limit_uploads()) == 1
    assert memory_uploaded_file_manager.MemoryUploadedFileManager is uploads.BoundedFileManager
    assert LIMITS.data_bytes <= config.get_option("server.maxUploadSize") * 2**20 < 1.1 * LIMITS.data_bytes
    assert config.get_option("server.maxWidgetStateSize") * 1e6 > 3 * LIMITS.data_bytes
