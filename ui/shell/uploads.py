"""Streamlit's uploads within the limits of a hosted demo: refused before they are read, and gone when a session leaves.

Streamlit itself keeps every file that is sent under any id for as long as the session lives, however many there are.
"""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config, runtime
from streamlit.runtime import memory_uploaded_file_manager
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec, UploadFileUrlInfo

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.hosting.uploads import UploadLedger
from core.i18n import _
from core.runs.policy import is_demo

UPLOAD, STREAM = "/_stcore/upload_file/", "/_stcore/stream"
TRY_AGAIN_LATER = 1013
ledger = UploadLedger()


def limit_uploads() -> list[Middleware]:
    """Set the limits of a hosted demo, and return what the app needs to keep them; [] where this is no demo.

    Call it before the server accepts its first connection.
    """
    if not is_demo():
        return []
    config.set_option("server.maxUploadSize", -(-LIMITS.data_bytes // 2**20))
    config.set_option("server.maxWidgetStateSize", LIMITS.message_mb)
    config.set_option("server.disconnectedSessionTTL", LIMITS.left_seconds)
    memory_uploaded_file_manager.MemoryUploadedFileManager = BoundedFileManager  # type: ignore[misc]
    return [Middleware(UploadLimits)]


class BoundedFileManager(MemoryUploadedFileManager):
    """Streamlit's file manager; it notes the ids that it gives out, and keeps no file that was not counted."""

    def get_upload_urls(self, session_id: str, file_names: Sequence[str]) -> list[UploadFileUrlInfo]:
        found = super().get_upload_urls(session_id, file_names[: LIMITS.session_uploads])
        ledger.issue(session_id, [item.file_id for item in found])
        return found

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        if not ledger.holds(session_id, file.file_id, len(file.data)):
            raise HTTPException(413, "File too large")
        super().add_file(session_id, file)

    def remove_file(self, session_id: str, file_id: str) -> None:
        super().remove_file(session_id, file_id)
        ledger.release(session_id, file_id)

    def remove_session_files(self, session_id: str) -> None:
        super().remove_session_files(session_id)
        ledger.leave(session_id)


class UploadLimits:
    """ASGI middleware: it counts what a request or message brings before it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._connections = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT" and UPLOAD in scope["path"]:
            await self._upload(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._stream(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        session, _slash, file = scope["path"].rpartition(UPLOAD)[2].partition("/")
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            await PlainTextResponse(_("The length of the file is missing."), 411)(scope, receive, send)
            return
        try:
            ledger.reserve(session, file, int(length))
        except UserError as error:
            await PlainTextResponse(str(error), 413)(scope, receive, send)
            return
        kept = False

        async def note_answer(message: Message) -> None:
            nonlocal kept
            kept = kept or (message["type"] == "http.response.start" and message["status"] < 300)
            await send(message)

        try:
            async with asyncio.timeout(LIMITS.upload_seconds):
                await self._app(scope, receive, note_answer)
        finally:
            if not kept:
                ledger.release(session, file)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close a connection whose message would make all messages and files too much."""
        number = next(self._connections)

        async def count() -> Message:
            message = await receive()
            size = len(message.get("bytes") or message.get("text") or b"")
            if message["type"] != "websocket.receive" or ledger.message(number, size):
                return message
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return {"type": "websocket.disconnect", "code": TRY_AGAIN_LATER}

        try:
            await self._app(scope, count, send)
        finally:
            asyncio.get_running_loop().call_later(LIMITS.left_seconds, forget, number)


def forget(connection: int) -> None:
    """Count the connection no more, and drop the files of sessions that have none."""
    ledger.disconnect(connection)
    if not runtime.exists():
        return
    instance: Any = runtime.get_instance()
    for session in ledger.sessions():
        if not instance.is_active_session(session):
            instance.uploaded_file_mgr.remove_session_files(session)
