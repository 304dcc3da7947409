"""Measure the screens in a real Chromium, against a server that has imported TensorFlow.

First picture: time from opening the address to the first drawn chart, with a warm browser cache. Control: time from
using a control to the redrawn page, by the browser's clock. Live training is not among the controls.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
PATIENCE = 60  # seconds
LOG = ".server.log"
WHO = "hidden-state"

DRAWN = "() => document.querySelector('[data-testid=stMain] .js-plotly-plot .main-svg') !== null"
RESTING = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
# Milliseconds until the script has run again and the browser has painted the result.
WATCH = """() => { window.answered = new Promise(resolve => {
    const app = document.querySelector('[data-testid=stApp]'), began = performance.now();
    let ran = false;
    new MutationObserver((_changes, watch) => {
        if (app.dataset.testScriptState === 'running') ran = true;
        else if (ran && app.dataset.testScriptState === 'notRunning') {
            watch.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began)));
        }
    }).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
}); }"""
ANSWER = "() => Promise.race([window.answered, new Promise(resolve => setTimeout(() => resolve(null), 10000))])"


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows of every screen whose name contains `only`. Needs Chromium and Playwright."""
    rows: list[dict[str, Any]] = []
    if not any(only in f"lab {key}" for key in lab_pages()):
        return rows
    with server() as address, browser() as page:
        page.goto(address)
        page.wait_for_function(RESTING)
        for key in lab_pages():
            work = f"lab {key}"
            if only in work:
                rows += lab_page(page, address, key, work, turns=1 if quick else 5)
    return rows


def lab_pages() -> list[str]:
    from core.lab.concept import MODULES

    return [key for key in MODULES if (ROOT / "pages" / "learn" / f"{key.replace('-', '_')}.py").exists()]


def lab_page(page: Any, address: str, key: str, work: str, turns: int) -> list[dict[str, Any]]:
    """Measure the first picture and the controls of one lab page."""
    first = []
    for _turn in range(turns + 1):  # the first opening imports the concept
        began = time.perf_counter()
        page.goto(f"{address}/{key}")
        page.wait_for_function(DRAWN, polling="raf")
        first.append(time.perf_counter() - began)
        page.wait_for_function(RESTING)
    presses = [press(page, control) for _turn in range(turns) for control in controls(page)]
    answers = [answer for answer in presses if answer is not None]
    return [
        {"work": f"{work}: first picture", "who": WHO, "value": statistics.median(first[1:]), "unit": "s"},
        {
            "work": f"{work}: control, median of {len(answers)}",
            "who": WHO,
            "value": statistics.median(answers),
            "unit": "ms",
        },
        {"work": f"{work}: control, slowest", "who": WHO, "value": max(answers), "unit": "ms"},
    ]


def controls(page: Any) -> list[Callable[[], None]]:
    """Return a function for each slider, choice and step button of the page, which uses the control once."""
    main = page.get_by_test_id("stMain")
    found: list[Callable[[], None]] = []
    for slider in main.get_by_role("slider").all():
        at_end = slider.input_value() == slider.get_attribute("max")
        found.append(lambda s=slider, k="ArrowLeft" if at_end else "ArrowRight": s.press(k))  # type: ignore[misc]
    for group in main.get_by_test_id("stButtonGroup").all():
        found.append(lambda g=group: g.get_by_role("radio", checked=False).first.click(timeout=2000))  # type: ignore[misc]
    for name in ("Next", "Back"):
        for button in main.get_by_role("button", name=name, exact=True).all():
            found.append(lambda b=button: b.click(timeout=2000))  # type: ignore[misc]
    return found


def press(page: Any, control: Callable[[], None]) -> float | None:
    """Return the milliseconds from using a control to the redrawn page; None if the control no longer exists."""
    from playwright.sync_api import Error

    try:
        page.evaluate(WATCH)
        control()
        answer: float | None = page.evaluate(ANSWER)
    except Error:
        return None
    page.wait_for_function(RESTING)
    return answer


@contextmanager
def server(
    prepare: Callable[[Path], None] = lambda runs: None, *, warm: bool = True, **environment: str
) -> Iterator[str]:
    """Run the app on a free port, with TensorFlow imported first if `warm`; yield its address.

    prepare(runs) fills the folder of runs, which is empty otherwise; what the server says on stderr is in LOG there.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as runs, open(Path(runs) / LOG, "wb") as log:
        prepare(Path(runs))
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                _SERVE if warm else _SERVE.replace("import tensorflow\n", ""),
                "--server.headless=true",
                f"--server.port={port}",
            ],
            cwd=ROOT,
            env=os.environ | {"HIDDEN_STATE_RUNS": runs} | environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
        try:
            await_health(address, lambda: process.poll() is not None)
            yield address
        finally:
            process.terminate()
            process.wait(20)


_SERVE = """
import sys
import tensorflow
from streamlit.web.cli import main
sys.argv = ["streamlit", "run", "app.py", *sys.argv[1:]]
main()
"""


def await_health(address: str, gone: Callable[[], bool] = lambda: False) -> None:
    """Wait for the app at `address`. Raises RuntimeError where it takes too long, or is `gone`."""
    deadline = time.monotonic() + PATIENCE
    while not _healthy(address):
        if time.monotonic() > deadline or gone():
            raise RuntimeError("the server did not start")
        time.sleep(0.05)


def _healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def browser() -> Iterator[Any]:
    """A page of a fresh Chromium, 1280 × 900."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        yield page
        chromium.close()
