"""Load test of a hosted demo: websocket sessions that open pages and generate text while one network is trained.

Each visitor opens the first page and others, generates 200 characters, and leaves, with pauses of a few seconds between
clicks. Nothing is rendered: a page's time is from the request to the server's message that its script has ended. Part
of `python -m bench app`; HIDDEN_STATE_VISIT_SECONDS is the duration in seconds (default 60, with --quick 15). The
clients run on the same machine and use the same cores.
"""

import asyncio
import os
import random
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

from bench.app import LOG, ROOT, WHO, server
from bench.session import session
from core.jobs import launch
from core.runs.folders import visible
from core.runs.run import Run

VISITORS, QUICK_VISITORS = 50, 10
SECONDS, QUICK_SECONDS = 60.0, 15.0
READING = (2.0, 8.0)  # seconds between two clicks
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
        rows += singlebehave(1 if quick else 3)
    if only in "visitors":
        seconds = float(os.environ.get("HIDDEN_STATE_VISIT_SECONDS") or (QUICK_SECONDS if quick else SECONDS))
        rows += crowd(QUICK_VISITORS if quick else VISITORS, seconds)
    return rows


# A single visitor ----------------------------------------------------------------------------------------------------
def singlebehave(turns: int) -> list[dict[str, Any]]:
    """Measure the time from starting the server to the first page, and page switches."""
    first, switches = [], []
    for _turn in range(turns):
        began = time.perf_counter()
        with server(demo_runs, warm=False) as address:
            found, times = asyncio.run(_visit_pages(address))
            first.append(found - began)
            switches += times
    return [
        row("alone: start of the server to the first page", statistics.median(first), "s"),
        row("alone: page switch, 95th percentile", percentile(switches), "s"),
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
        measured = simulate(address, runs, visitors, seconds, memory_of(server_process()))
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
        for item in trainings(runs):
            launch.stop(item, wait=30)
    print(*measured.faults, sep="\n", end="", file=sys.stderr)
    return measured


def figures(name: str, measured: Measurements) -> list[dict[str, Any]]:
    quarter = max(1, len(measured.memory) // 4)
    servers = [own for own, _together in measured.memory]
    early, late = servers[quarter : 2 * quarter] or servers, servers[-quarter:]
    return [
        row(f"{name}: faults", len(measured.faults), "of all that they did"),
        row(f"{name}: page, 95th percentile of {len(measured.pages)}", percentile(measured.pages), "s"),
        row(f"{name}: page, median", statistics.median(measured.pages), "s"),
        row(f"{name}: 200 characters, 95th percentile of {len(measured.texts)}", percentile(measured.texts), "s"),
        row(f"{name}: health while training, slowest", max(measured.health), "s"),
        row(f"{name}: a training under way", measured.trained / max(1, len(measured.memory)), "of the time"),
        row(f"{name}: server's memory, second quarter of the time", statistics.median(early), "MB"),
        row(f"{name}: server's memory, last quarter", statistics.median(late), "MB"),
        row(f"{name}: server and training together, most", max(together for _own, together in measured.memory), "MB"),
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
    people = [behave(address, end, random.Random(chance.random()), measured) for _number in range(visitors)]
    await asyncio.gather(
        keep_training(address, runs, end, measured), monitor(address, runs, end, measured, memory), *people
    )


async def behave(address: str, end: float, chance: random.Random, measured: Measurements) -> None:
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


async def keep_training(address: str, runs: Path, end: float, measured: Measurements) -> None:
    """Start a training whenever none is active."""
    while time.monotonic() < end:
        if not any(item.active for item in trainings(runs)):
            try:
                async with session(address) as client:
                    form = await client.open("text-train", TRAIN)
                    await client.press("Train", form, "text-train", TRAIN)
            except Exception as fault:
                measured.faults.append(f"training: {type(fault).__name__}: {fault}")
        await asyncio.sleep(1)


async def monitor(
    address: str, runs: Path, end: float, measured: Measurements, memory: Callable[[], tuple[float, float]]
) -> None:
    while time.monotonic() < end:
        began = time.perf_counter()
        await asyncio.to_thread(_healthy, address, measured)
        measured.health.append(time.perf_counter() - began)
        measured.memory.append(await asyncio.to_thread(memory))
        measured.trained += any(item.status.state == "running" for item in trainings(runs))
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


def trainings(runs: Path) -> list[Run]:
    return [Run(path) for folder in visible(runs / ".visitors") for path in visible(folder)]


def server_process() -> psutil.Process:
    return next(child for child in psutil.Process().children() if "streamlit" in " ".join(child.cmdline()))


# Runs and figures -----------------------------------------------------------------------------------------------------
def demo_runs(folder: Path) -> None:
    """Copy the runs that ship with the project into `folder`."""
    for demo in (ROOT / "saved_models").glob("demo-*"):
        shutil.copytree(demo, folder / demo.name)


def percentile(values: list[float], share: float = 0.95) -> float:
    """Return the value that `share` of the values do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def row(work: str, value: float, unit: str) -> dict[str, Any]:
    return {"work": work, "who": WHO, "value": value, "unit": unit}
