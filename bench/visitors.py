"""Load test of a hosted demo: websocket sessions that open pages and generate text while one network is trained.

Each visitor opens the first page and others, generates 200 characters, and leaves, with pauses of a few seconds between
clicks. Nothing is rendered: a page's time is from the request to the server's message that its script has ended. Part
of `python -m bench app`; HIDDEN_STATE_VISIT_SECONDS is the duration in seconds (default 60, with --quick 15). The
clients run on the same machine and use the same cores.
"""

import asyncio
import html
import os
import random
import re
import shutil
import statistics
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from bench.app import LOG, ROOT, WHO, server
from core.jobs import launch
from core.runs.folders import visible
from core.runs.run import Run

VISITORS, QUICK_VISITORS = 50, 10
SECONDS, QUICK_SECONDS = 60.0, 15.0
READING = (2.0, 8.0)  # seconds between two clicks
PATIENCE = 60.0  # seconds; a page that takes longer has failed
PAGES = (
    "text-train",
    "runs",
    "learn",
    "perceptron",
    "attention",
    "lstm-gru",
    "text-inside",
    "classify-use",
    "gan-draw",
)
LENGTH = 200
WRITE = f"run=demo-lighthouse&length={LENGTH}"
TRAIN = "seconds=300"


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows for many visitors and for a single one. Errors of visitors are printed to standard error."""
    rows: list[dict[str, Any]] = []
    if only in "alone: first page":
        rows += single_visitor(1 if quick else 3)
    if only in "visitors":
        seconds = float(os.environ.get("HIDDEN_STATE_VISIT_SECONDS") or (QUICK_SECONDS if quick else SECONDS))
        rows += crowd(QUICK_VISITORS if quick else VISITORS, seconds)
    return rows


# A single visitor ----------------------------------------------------------------------------------------------------
def single_visitor(turns: int) -> list[dict[str, Any]]:
    """Measure the time from starting the server to the first page, and page switches."""
    first, switches = [], []
    for _turn in range(turns):
        began = time.perf_counter()
        with server(demo_runs, warm=False) as address:
            found, times = asyncio.run(_visit_pages(address))
            first.append(found - began)
            switches += times
    return [
        _row("alone: start of the server to the first page", statistics.median(first), "s"),
        _row("alone: page switch, 95th percentile", percentile(switches), "s"),
    ]


async def _visit_pages(address: str) -> tuple[float, list[float]]:
    async with session(address) as client:
        await client.open("")
        found, times = time.perf_counter(), []
        for page in PAGES:
            await client.open(page)  # imports what it needs
            times.append((await client.open(page)).seconds)
        return found, times


# Many visitors -------------------------------------------------------------------------------------------------------
@dataclass
class Measurements:
    """Seconds of pages, generated texts and health checks, memory in MB over time, and errors."""

    pages: list[float] = field(default_factory=list)
    texts: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)  # of the server, and of all processes together
    trained: int = 0  # number of checks during which a run was training
    faults: list[str] = field(default_factory=list)


def crowd(visitors: int, seconds: float) -> list[dict[str, Any]]:
    folders = list[Path]()

    def prepare(folder: Path) -> None:
        folders.append(folder)
        demo_runs(folder)

    with server(prepare, HIDDEN_STATE_DEMO="1") as address:
        (runs,) = folders
        measured = simulate(address, runs, visitors, seconds, memory_of(_server_process()))
        if measured.faults:
            print((runs / LOG).read_text(errors="replace")[-20_000:], file=sys.stderr)
    return figures(f"{visitors} visitors", measured)


def simulate(
    address: str, runs: Path, visitors: int, seconds: float, memory: Callable[[], tuple[float, float]]
) -> Measurements:
    """Simulate the visitors of a demo with the runs folder `runs`.

    memory() returns the MB of the server and of all its processes together.
    """
    measured = Measurements()
    try:
        asyncio.run(_crowd(address, runs, visitors, seconds, measured, memory))
    finally:
        for item in _trainings(runs):
            launch.stop(item, wait=30)
    print(*measured.faults, sep="\n", end="", file=sys.stderr)
    return measured


def figures(name: str, measured: Measurements) -> list[dict[str, Any]]:
    quarter = max(1, len(measured.memory) // 4)
    servers = [own for own, _together in measured.memory]
    early, late = servers[quarter : 2 * quarter] or servers, servers[-quarter:]
    return [
        _row(f"{name}: faults", len(measured.faults), "of all that they did"),
        _row(f"{name}: page, 95th percentile of {len(measured.pages)}", percentile(measured.pages), "s"),
        _row(f"{name}: page, median", statistics.median(measured.pages), "s"),
        _row(f"{name}: 200 characters, 95th percentile of {len(measured.texts)}", percentile(measured.texts), "s"),
        _row(f"{name}: health while training, slowest", max(measured.health), "s"),
        _row(f"{name}: a training under way", measured.trained / max(1, len(measured.memory)), "of the time"),
        _row(f"{name}: server's memory, second quarter of the time", statistics.median(early), "MB"),
        _row(f"{name}: server's memory, last quarter", statistics.median(late), "MB"),
        _row(f"{name}: server and training together, most", max(together for _own, together in measured.memory), "MB"),
    ]  # fmt: skip


async def _crowd(
    address: str,
    runs: Path,
    visitors: int,
    seconds: float,
    measured: Measurements,
    memory: Callable[[], tuple[float, float]],
) -> None:
    end = time.monotonic() + seconds
    chance = random.Random(0)
    people = [_visitor(address, end, random.Random(chance.random()), measured) for _number in range(visitors)]
    await asyncio.gather(
        _keep_training(address, runs, end, measured), _monitor(address, runs, end, measured, memory), *people
    )


async def _visitor(address: str, end: float, chance: random.Random, measured: Measurements) -> None:
    await asyncio.sleep(chance.uniform(0, READING[1]))
    while time.monotonic() < end:
        try:
            async with session(address) as client:
                measured.pages.append((await client.open("")).seconds)
                for page in chance.sample(PAGES, 2):
                    await asyncio.sleep(chance.uniform(*READING))
                    measured.pages.append((await client.open(page)).seconds)
                await asyncio.sleep(chance.uniform(*READING))
                page_of_writing = await client.open("text-write", WRITE)
                measured.pages.append(page_of_writing.seconds)
                await asyncio.sleep(chance.uniform(*READING))
                answer = await client.press("Write", page_of_writing, "text-write", WRITE)
                if len(answer.text) < LENGTH:
                    raise RuntimeError(f"too little was written: {answer.text}")
                measured.texts.append(answer.seconds)
        except Exception as fault:
            measured.faults.append(f"{type(fault).__name__}: {fault}")
        await asyncio.sleep(chance.uniform(*READING))


async def _keep_training(address: str, runs: Path, end: float, measured: Measurements) -> None:
    """Start a training whenever none is active."""
    while time.monotonic() < end:
        if not any(item.active for item in _trainings(runs)):
            try:
                async with session(address) as client:
                    form = await client.open("text-train", TRAIN)
                    await client.press("Train", form, "text-train", TRAIN)
            except Exception as fault:
                measured.faults.append(f"training: {type(fault).__name__}: {fault}")
        await asyncio.sleep(1)


async def _monitor(
    address: str, runs: Path, end: float, measured: Measurements, memory: Callable[[], tuple[float, float]]
) -> None:
    while time.monotonic() < end:
        began = time.perf_counter()
        await asyncio.to_thread(_healthy, address, measured)
        measured.health.append(time.perf_counter() - began)
        measured.memory.append(await asyncio.to_thread(memory))
        measured.trained += any(item.status.state == "running" for item in _trainings(runs))
        await asyncio.sleep(1)


def _healthy(address: str, measured: Measurements) -> None:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10) as answer:
            answer.read()
    except OSError as fault:
        measured.faults.append(f"health: {fault}")


def memory_of(process: psutil.Process) -> Callable[[], tuple[float, float]]:
    """Return a function that returns the MB of the process, and of it with its children."""

    def now() -> tuple[float, float]:
        own = process.memory_info().rss / 1e6
        return own, own + sum(_rss(child) for child in process.children(recursive=True)) / 1e6

    return now


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _trainings(runs: Path) -> list[Run]:
    return [Run(path) for folder in visible(runs / ".visitors") for path in visible(folder)]


def _server_process() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "streamlit" in " ".join(child.cmdline()))


# A session -----------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Answer:
    """Seconds until the script had ended, the ids of its buttons by label, and the text of its HTML elements."""

    seconds: float
    buttons: dict[str, str]
    text: str


class session:  # noqa: N801
    """A Streamlit session over a websocket, without a browser."""

    def __init__(self, address: str) -> None:
        self._url = address.replace("http://", "ws://") + "/_stcore/stream"
        self._socket: ClientConnection

    async def __aenter__(self) -> "session":
        self._socket = await connect(self._url, subprotocols=["streamlit"], max_size=None, open_timeout=PATIENCE)  # type: ignore[list-item]
        return self

    async def __aexit__(self, *_fault: object) -> None:
        await self._socket.close()

    async def open(self, page: str, query: str = "") -> Answer:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        return await self._ask(message)

    async def press(self, label: str, answer: Answer, page: str, query: str) -> Answer:
        message = BackMsg()
        message.rerun_script.page_name, message.rerun_script.query_string = page, query
        state = message.rerun_script.widget_states.widgets.add()
        state.id, state.trigger_value = answer.buttons[label], True
        return await self._ask(message)

    async def _ask(self, message: BackMsg) -> Answer:
        began, buttons, written = time.perf_counter(), dict[str, str](), dict[tuple[int, ...], str]()
        await self._socket.send(message.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            while True:
                received = ForwardMsg.FromString(await self._socket.recv(decode=False))
                kind = received.WhichOneof("type")
                if kind == "delta":
                    element = received.delta.new_element
                    if element.HasField("button"):
                        buttons[element.button.label] = element.button.id
                    if element.html.body:
                        written[tuple(received.metadata.delta_path)] = element.html.body
                    if element.HasField("exception") or "failed" in element.alert.body:
                        raise RuntimeError(element.exception.message or element.alert.body)
                elif kind == "script_finished" and received.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    words = re.sub(r"<style>.*?</style>|<[^>]*>", "", "".join(written.values()))
                    return Answer(time.perf_counter() - began, buttons, html.unescape(words))


def demo_runs(folder: Path) -> None:
    """Copy the runs that ship with the project into `folder`."""
    for demo in (ROOT / "saved_models").glob("demo-*"):
        shutil.copytree(demo, folder / demo.name)


def percentile(values: list[float], share: float = 0.95) -> float:
    """Return the value that `share` of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def _row(work: str, value: float, unit: str) -> dict[str, Any]:
    return {"work": work, "who": WHO, "value": value, "unit": unit}
