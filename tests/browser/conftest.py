"""A real server and a real Chromium, on loopback."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-dev-shm-usage"]
PATIENCE = 60_000  # ms; TensorFlow takes seconds to import on a busy machine

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))  # a browser on a busy machine is not the code


@dataclass
class Server:
    """The app on a port of its own, with a runs folder of its own; it can be stopped and started again."""

    port: int
    runs: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"),
                f"--server.port={self.port}",
            ],
            cwd=ROOT,
            env=os.environ | {"HIDDEN_STATE_RUNS": str(self.runs), "HIDDEN_STATE_COLD": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("the server did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
            self.process = None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def session_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all test files, since each start imports TensorFlow again."""
    running = Server(free_port(), tmp_path_factory.mktemp("runs"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def server(session_server: Server) -> Iterator[Server]:
    """The running server, with the demo runs and no others; afterwards its runs are stopped and removed."""
    runs = session_server.runs
    for demo in (ROOT / "saved_models").glob("demo-*"):
        shutil.copytree(demo, runs / demo.name)
    if session_server.process is None:
        session_server.start()
    yield session_server
    from core.jobs import launch
    from core.runs.store import list_runs

    for run in list_runs(runs):
        launch.stop(run, wait=20)
    for left in runs.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        if os.environ.get("HIDDEN_STATE_BROWSER") == "required":
            pytest.fail("Chromium is required here and missing")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    yield opened
    context.close()


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn the page and nothing is running."""
    expect(page.get_by_test_id("stApp")).to_be_visible()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
    )


def no_fault(page: Page) -> None:
    """No exception box and no sentence of the fault kind on the screen."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Something in the program failed")).to_have_count(0)
