"""A hosted demo with a misbehaving visitor beside ten who behave, and the times of the texts that cost the most.

The misbehaving one does one thing after another: uploads that would unpack to gigabytes, endless combining marks, files
under invented ids, a table whose network would be too large, classes by the dozen, texts of the greatest length, a file
of millions of lines, a paste beyond the limit. The ten open pages and write, and a network is trained meanwhile; before
them somebody has opened each page and written once, as in a demo that has run for a while.

HIDDEN_STATE_VISIT_SECONDS is how long at least (default 120, with --quick 30); each attack is made at least once.
"""

import asyncio
import gzip
import http.client
import io
import os
import random
import sys
import threading
import time
import urllib.request
import uuid
import zipfile
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.app import LOG, server
from bench.session import Answer, session
from bench.visitors import (
    PAGES,
    WRITE,
    Measurements,
    behave,
    demo_runs,
    keep_training,
    memory_of,
    monitor,
    percentile,
    row,
    server_process,
    trainings,
)
from core.errors import UserError
from core.jobs import launch

BEHAVING = 10
SECONDS, QUICK_SECONDS = 120.0, 30.0
LONGEST = 90.0  # seconds that an attack may take before the next one begins
MARKS, FLAGS = 60_000, 100_000
DROP, TABLE = "Drop files here", "A table, or a .txt file with a text a line"


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows. Errors of those who behave are printed to standard error."""
    rows: list[dict[str, Any]] = []
    if only in "text: combining marks and flags":
        rows += worst_texts()
    if only in f"{BEHAVING} who behave beside one who does not":
        rows += mixed(float(os.environ.get("HIDDEN_STATE_VISIT_SECONDS") or (QUICK_SECONDS if quick else SECONDS)))
    return rows


# The worst texts ----------------------------------------------------------------------------------------------------
def worst_texts() -> list[dict[str, Any]]:
    """Measure how long preparing a text takes that is one letter with endless marks, or flags in a row."""
    from core.charlm.config import CharLMConfig
    from core.charlm.data import prepare as text
    from core.classifier.config import ClassifierConfig
    from core.classifier.data import prepare as table
    from core.sources import Source

    rows = []
    for name, worst in (
        (f"{MARKS:,} marks on one letter", "a" + "\u0301\u0316" * (MARKS // 2)),
        (f"{FLAGS:,} flags in a row", "\U0001f1e9\U0001f1ea" * FLAGS),
    ):
        plain = Source("worst.txt", worst.encode())
        csv = Source("worst.csv", ("text,label\n" + "good,yes\nbad,no\n" * 40 + worst + ",yes\n").encode())
        for kind, work in (
            ("text", lambda plain=plain: text.prepare([plain], CharLMConfig(nfkc=True, min_count=1))),
            ("table", lambda csv=csv: table.prepare([csv], ClassifierConfig())),
        ):
            began = time.perf_counter()
            with suppress(UserError):
                work()
            rows.append(row(f"{kind}: {name}", time.perf_counter() - began, "s"))
    return rows


# The crowd ----------------------------------------------------------------------------------------------------------
@dataclass
class Attacks:
    """Seconds of each attack by name, what the last one was told, and what ended in no answer."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)


def mixed(seconds: float) -> list[dict[str, Any]]:
    folders = list[Path]()

    def prepare(folder: Path) -> None:
        folders.append(folder)
        demo_runs(folder)

    measured, attacks = Measurements(), Attacks()
    with server(prepare, HIDDEN_STATE_DEMO="1") as address:
        (runs,) = folders
        process = server_process()
        peak = _Peak(process)
        try:
            asyncio.run(_crowd(address, runs, seconds, measured, attacks, process))
        finally:
            peak.stop()
            made = trainings(runs)
            lost = [item.id for item in made if item.status.state in ("died", "broken")]
            for item in made:
                launch.stop(item, wait=30)
        alive = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
        if measured.faults or lost or not alive:
            print(
                *measured.faults, *lost, (runs / LOG).read_text(errors="replace")[-20_000:], sep="\n", file=sys.stderr
            )
    for key in attacks.seconds:
        print(f"{key}: {attacks.told.get(key) or 'told nothing'}", file=sys.stderr)
    print(*attacks.unanswered, sep="\n", end="\n" if attacks.unanswered else "", file=sys.stderr)
    name = f"{BEHAVING} beside one who misbehaves"
    return [
        row(f"{name}: faults", len(measured.faults), "of all that they did"),
        row(f"{name}: page, 95th percentile of {len(measured.pages)}", percentile(measured.pages), "s"),
        row(f"{name}: 200 characters, 95th percentile of {len(measured.texts)}", percentile(measured.texts), "s"),
        row(f"{name}: runs lost", len(lost), f"of {len(made)}"),
        row(f"{name}: server's memory, most", peak.own, "MB"),
        row(f"{name}: server and its processes, most", peak.together, "MB"),
        row(f"{name}: server lives", float(alive), ""),
        *(row(f"attack: {key}, slowest of {len(took)}", max(took), "s") for key, took in attacks.seconds.items()),
    ]


class _Peak:
    """The most memory of a process, and of it with its children, in MB, looked at ten times a second."""

    def __init__(self, process: psutil.Process) -> None:
        self.own = self.together = 0.0
        self._memory, self._ended = memory_of(process), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            with suppress(psutil.Error):
                own, together = self._memory()
                self.own, self.together = max(self.own, own), max(self.together, together)

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()


async def _crowd(
    address: str, runs: Path, seconds: float, measured: Measurements, attacks: Attacks, process: psutil.Process
) -> None:
    async with session(address) as first:
        for page in PAGES:
            await first.open(page)
        await first.press("Write", await first.open("text-write", WRITE), "text-write", WRITE)
    chance = random.Random(0)
    end = time.monotonic() + seconds
    people = [behave(address, end, random.Random(chance.random()), measured) for _number in range(BEHAVING)]
    await asyncio.gather(
        keep_training(address, runs, end, measured),
        monitor(address, runs, end, measured, memory_of(process)),
        _misbehave(address, end, attacks),
        *people,
    )


async def _misbehave(address: str, end: float, attacks: Attacks) -> None:
    first = True
    while first or time.monotonic() < end:
        for name, attack in ATTACKS.items():
            if not first and time.monotonic() > end:
                return
            began = time.perf_counter()
            try:
                async with asyncio.timeout(LONGEST), Misbehaving(address) as visitor:
                    answer = await attack(visitor)
                    attacks.told[name] = " ".join(answer.told)[:200]
            except Exception as fault:  # what the server does to one who misbehaves is no fault of the bench
                attacks.unanswered.append(f"{name}: {type(fault).__name__}: {str(fault)[:200]}")
            attacks.seconds.setdefault(name, []).append(time.perf_counter() - began)
        first = False


class Misbehaving(session):
    """A session that also types, uploads, and puts files where nobody asked for them."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._address = address

    async def upload(self, page: str, query: str, label: str, name: str, data: bytes) -> Answer:
        """Upload `data` as the file `name` into the uploader `label` of a page, and wait for the page."""
        found = await self.open(page, query)
        (place,) = await self.places_for([name])
        status = await asyncio.to_thread(self.put, place.upload_url, name, data)
        if status >= 300:
            found.told.append(f"HTTP {status}")
            return found
        info = {"name": name, "size": len(data), "file_id": place.file_id, "file_urls": place}
        state = {"file_uploader_state_value": {"uploaded_file_info": [info]}}
        return await self.change(page, query, {found.widgets["file_uploader", label]: state})

    async def enter(self, page: str, query: str, kind: str, label: str, text: str) -> Answer:
        """Type `text` into a field of a page."""
        found = await self.open(page, query)
        return await self.change(page, query, {found.widgets[kind, label]: {"string_value": text}})

    def put(self, url: str, name: str, data: bytes) -> int:
        """Send one file as a browser does; return the status."""
        with urllib.request.urlopen(f"{self._address}/_stcore/health", timeout=30) as answer:
            cookies = answer.headers.get_all("Set-Cookie") or []
        pairs = [cookie.partition(";")[0] for cookie in cookies if "xsrf" in cookie]
        headers = {"Content-Type": "multipart/form-data; boundary=part"}
        if pairs:
            headers |= {"Cookie": pairs[0], "X-Xsrftoken": pairs[0].partition("=")[2]}
        head = f'--part\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        connection = http.client.HTTPConnection(self._address.removeprefix("http://"), timeout=60)
        try:
            connection.request("PUT", f"/{url.lstrip('/')}", head + data + b"\r\n--part--\r\n", headers)
            return connection.getresponse().status
        finally:
            connection.close()


# What it does -------------------------------------------------------------------------------------------------------
async def _wide_table(visitor: Misbehaving) -> Answer:
    head = ",".join(["text", "label", *(f"c{number}" for number in range(498))]).encode()
    return await visitor.upload(
        "classify-train", "classifier-way=upload", DROP, "w.csv", head + b"\n" + b"a\n" * 1_900_000
    )


async def _packed(visitor: Misbehaving) -> Answer:
    lines = b'{"text":"a","label":"b"}\n' * 4_000_000
    return await visitor.upload("classify-train", "classifier-way=upload", DROP, "b.jsonl.gz", gzip.compress(lines))


async def _nested(visitor: Misbehaving) -> Answer:
    inner = bytes(20_000_000)
    for level in range(4):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deeper.zip" if level else "t.csv", inner)
        inner = out.getvalue()
    return await visitor.upload("classify-train", "classifier-way=upload", DROP, "n.zip", inner)


async def _picture(visitor: Misbehaving) -> Answer:
    return await visitor.upload("gan-train", "gan-way=upload", DROP, "p.png", _png(6300))


def _png(side: int) -> bytes:
    """Return a grey PNG of `side` by `side` pixels, all black."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = side.to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(bytes((side + 1) * side))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def _marks(visitor: Misbehaving) -> Answer:
    text = "a" + "\u0301\u0316" * (MARKS // 2)
    return await visitor.enter("classify-use", "run=demo-reviews", "text_input", "A text", text)


async def _flags(visitor: Misbehaving) -> Answer:
    return await visitor.enter(
        "text-train", "charlm-way=paste", "text_area", "Your text", "\U0001f1e9\U0001f1ea" * 50_000
    )


async def _paste(visitor: Misbehaving) -> Answer:
    return await visitor.enter("text-train", "charlm-way=paste", "text_area", "Your text", "hello world " * 1_700_000)


async def _flood(visitor: Misbehaving) -> Answer:
    found = await visitor.open("")
    for _file in range(60):
        url = f"/_stcore/upload_file/{visitor.id}/{uuid.uuid4()}"
        status = await asyncio.to_thread(visitor.put, url, "x.txt", os.urandom(5_000_000))
    found.told.append(f"HTTP {status}")
    return found


async def _network(visitor: Misbehaving) -> Answer:
    words = [" ".join(f"q{row * 2000 + word}" for word in range(2000)) for row in range(200)]
    rows = "".join(f"{text},{'xy'[number % 2]}\n" for number, text in enumerate(["a b"] * 320 + words))
    query = "classifier-way=upload&vocabulary=100000&min_count=1&width=128&max_tokens=16&steps=50&tokens=words"
    return await visitor.upload("classify-train", query, DROP, "v.csv", b"text,label\n" + rows.encode())


async def _classes(visitor: Misbehaving) -> Answer:
    found = await visitor.open("text-train")
    opened: dict[str, dict[str, Any]] = {found.widgets["expander", "Share this set-up"]: {"bool_value": True}}
    for number in range(20):
        found = await visitor.change("text-train", "", opened)
        if "Leave the class" in found.buttons:
            left = {found.buttons["Leave the class"]: {"trigger_value": True}}
            found = await visitor.change("text-train", "", opened | left)
        named = {found.widgets["text_input", "Name of a class"]: {"string_value": f"c{number}"}}
        pressed = {found.buttons["Make a class address"]: {"trigger_value": True}}
        found = await visitor.change("text-train", "", opened | named | pressed)
        if found.told:
            break
    return found


async def _long_text(visitor: Misbehaving) -> Answer:
    query = "run=demo-lighthouse&length=20000"
    return await visitor.press("Write", await visitor.open("text-write", query), "text-write", query)


async def _many_lines(visitor: Misbehaving) -> Answer:
    return await visitor.upload("classify-use", "run=demo-reviews&way=file", TABLE, "lines.txt", b"a\n" * 2_500_000)


ATTACKS: dict[str, Callable[[Misbehaving], Awaitable[Answer]]] = {
    "a table of 500 columns": _wide_table,
    "a gzip of 100 MB of lines": _packed,
    "zips in zips": _nested,
    "a picture of 40 million pixels": _picture,
    "combining marks": _marks,
    "flags": _flags,
    "a paste of 20 MB": _paste,
    "60 files of 5 MB to invented ids": _flood,
    "a network larger than allowed": _network,
    "20 classes": _classes,
    "20,000 characters": _long_text,
    "2.5 million lines to classify": _many_lines,
}
