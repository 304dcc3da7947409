"""Measure `python -m core serve` under load: requests per second and latency, for one client and for several at once.

The clients are threads of this process and use the same cores. The service computes one request at a time, so the
latency with n clients is n times that of one.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.app import ROOT, WHO
from bench.ports import free_port

CALLERS = (1, 8)
SECONDS, QUICK_SECONDS = 15.0, 2.0
PATIENCE = 90.0
REVIEW = "The soup was cold, but the staff was kind and I would come again."
ASKED: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("write 200 characters", "demo-lighthouse", "/generate", {"prompt": "The keeper", "length": 200}),
    ("judge a text", "demo-reviews", "/classify", {"texts": [REVIEW]}),
    ("judge 64 texts", "demo-reviews", "/classify", {"texts": [REVIEW] * 64}),
    ("draw 64 pictures", "demo-digits", "/sample", {"count": 64}),
)
JSON = {"Content-Type": "application/json"}


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows of every kind of request whose name contains `only`. Raises RuntimeError where one fails."""
    rows: list[dict[str, Any]] = []
    for what, demo, path, question in ASKED:
        work = f"serve: {what}"
        if only not in work:
            continue
        with service(demo) as port:
            call(port, path, question)  # the first compiles
            for callers in CALLERS:
                spent, taken = load(port, path, question, callers, QUICK_SECONDS if quick else SECONDS)
                rows += figures(f"{work}, {callers} at once" if callers > 1 else work, spent, taken)
    return rows


def figures(work: str, spent: list[float], taken: float) -> list[dict[str, Any]]:
    """Return the rows of one measurement. spent: seconds of each request; taken: seconds of all together."""
    late = statistics.quantiles(spent, n=20)[-1] if len(spent) > 1 else spent[0]
    return [
        {"work": f"{work}: requests", "who": WHO, "value": len(spent) / taken, "unit": "1/s"},
        {"work": f"{work}: median", "who": WHO, "value": 1000 * statistics.median(spent), "unit": "ms"},
        {"work": f"{work}: 95th percentile", "who": WHO, "value": 1000 * late, "unit": "ms"},
    ]


def load(port: int, path: str, question: dict[str, Any], callers: int, seconds: float) -> tuple[list[float], float]:
    """Let each client send requests one after another; return the seconds of each request, and of the whole."""
    spent, faults = list[float](), list[Exception]()
    began = time.perf_counter()

    def ask() -> None:
        try:
            while time.perf_counter() - began < seconds:
                spent.append(call(port, path, question))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return spent, time.perf_counter() - began


def call(port: int, path: str, question: dict[str, Any]) -> float:
    """Send one request; return the seconds from connecting to the complete answer."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("POST", path, json.dumps({**question, "seed": 0} if path != "/classify" else question), JSON)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {content[:200]!r}")
    return time.perf_counter() - began


@contextmanager
def service(demo: str) -> Iterator[int]:
    """Serve a shipped run with `python -m core serve`; yield its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "serve", str(ROOT / "saved_models" / demo), "--port", str(port)],
        cwd=ROOT,
        env=os.environ | {"HIDDEN_STATE_TOKEN": ""},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _healthy(port):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"{demo} is not served")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
