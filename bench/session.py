"""A visitor's session over Streamlit's websocket, without a browser. Nothing is rendered."""

import asyncio
import html
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

PATIENCE = 60.0  # seconds; a page that takes longer has failed


@dataclass(frozen=True)
class Answer:
    """What a page has brought: seconds until its script had ended, and the text of its HTML elements.

    buttons, widgets: ids by label, and by kind and label; told: the texts of its notices.
    """

    seconds: float
    buttons: dict[str, str]
    text: str
    widgets: dict[tuple[str, str], str]
    told: list[str]

    def take(self, delta: Any) -> None:
        """Note an element. Raises RuntimeError for one that says that something failed."""
        if delta.WhichOneof("type") == "add_block":
            if delta.add_block.HasField("expandable"):
                self.widgets["expander", delta.add_block.expandable.label] = delta.add_block.expandable.id
            return
        element, kind = delta.new_element, delta.new_element.WhichOneof("type")
        part: Any = getattr(element, kind) if kind else None
        if kind == "button":
            self.buttons[part.label] = part.id
        elif hasattr(part, "id") and hasattr(part, "label"):
            self.widgets[kind, part.label] = part.id
        if kind == "alert":
            self.told.append(part.body)
        if element.HasField("exception") or "failed" in element.alert.body:
            raise RuntimeError(element.exception.message or element.alert.body)


class session:  # noqa: N801
    """A Streamlit session over a websocket, without a browser."""

    def __init__(self, address: str) -> None:
        self._url = address.replace("http://", "ws://") + "/_stcore/stream"
        self._socket: ClientConnection
        self.id = ""

    async def __aenter__(self) -> Self:
        self._socket = await connect(self._url, subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE)  # type: ignore[list-item]
        return self

    async def __aexit__(self, *_fault: object) -> None:
        await self._socket.close()

    async def open(self, page: str, query: str = "") -> Answer:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        return await self._ask(message)

    async def press(self, label: str, answer: Answer, page: str, query: str) -> Answer:
        return await self.change(page, query, {answer.buttons[label]: {"trigger_value": True}})

    async def change(self, page: str, query: str, widgets: Mapping[str, Mapping[str, Any]]) -> Answer:
        """Run the page again with these values, by the id of the widget, as `WidgetState` names them."""
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        for widget, values in widgets.items():
            message.rerun_script.widget_states.widgets.add(id=widget, **values)
        return await self._ask(message)

    async def places_for(self, names: list[str]) -> list[Any]:
        """Ask the server where files of these names may be uploaded to."""
        message = BackMsg()
        message.file_urls_request.request_id, message.file_urls_request.session_id = "files", self.id
        message.file_urls_request.file_names.extend(names)
        await self._socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                received = ForwardMsg.FromString(await self._socket.recv(decode=False))
                if received.WhichOneof("type") == "file_urls_response":
                    return list(received.file_urls_response.file_urls)

    async def _ask(self, message: BackMsg) -> Answer:
        began, written = time.perf_counter(), dict[tuple[int, ...], str]()
        found = Answer(0.0, {}, "", {}, [])
        await self._socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                received = ForwardMsg.FromString(await self._socket.recv(decode=False))
                kind = received.WhichOneof("type")
                if kind == "new_session":
                    self.id = received.new_session.initialize.session_id or self.id
                elif kind == "delta":
                    found.take(received.delta)
                    if received.delta.new_element.html.body:
                        written[tuple(received.metadata.delta_path)] = received.delta.new_element.html.body
                elif kind == "script_finished" and received.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    words = re.sub(r"<style>.*?</style>|<[^>]*>", "", "".join(written.values()))
                    return replace(found, seconds=time.perf_counter() - began, text=html.unescape(words))
