"""Local by default: the app that `make run` starts, asked from outside."""

import base64
import os
import socket
import subprocess
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.selection import sampled

ROOT = Path(__file__).resolve().parents[2]
EVIL = "http://evil.example"


def words_of_run() -> list[str]:
    """The command that `make run` ends in."""
    said = subprocess.run(["make", "-n", "run"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return next(line for line in said.splitlines() if "streamlit run app.py" in line).split()


@contextmanager
def serving(words: list[str], folder: Path, **environment: str) -> Iterator[tuple[psutil.Process, int, Path]]:
    """A server started by `words` on a port of its own, without a browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--server.headless=true", f"--server.port={port}"],
            cwd=ROOT, env=os.environ | {"HIDDEN_STATE_RUNS": str(folder), "HIDDEN_STATE_COLD": "1"} | environment,
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while ask(port, "/_stcore/health") != 200:
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield psutil.Process(process.pid), port, folder / "log"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Iterator[tuple[psutil.Process, int, Path]]:
    """The server as `make run` starts it, which is a plain `streamlit run app.py`."""
    assert words_of_run()[1:] == ["run", "app.py"]
    with serving(words_of_run(), tmp_path_factory.mktemp("doors")) as started:
        yield started


def ask(port: int, path: str, method: str = "GET", **headers: str) -> int:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, data=b"{}" if method != "GET" else None, timeout=10) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] is None
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def knock(port: int, origin: str, host: str) -> int:
    """The answer to a WebSocket that a page of `origin` opens to `host`."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET /_stcore/stream HTTP/1.1", f"Host: {host}", f"Origin: {origin}", "Upgrade: websocket"]
    lines += ["Connection: Upgrade", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall("\r\n".join(lines).encode())
        return int(line.recv(300).split()[1])


def test_only_this_machine_reaches_it(app):
    process, port, _log = app
    listening = [item.laddr for item in process.net_connections("inet") if item.status == psutil.CONN_LISTEN]
    assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", port)]


def test_its_own_page_is_let_in_and_no_other(app):
    _process, port, _log = app
    assert knock(port, f"http://127.0.0.1:{port}", f"127.0.0.1:{port}") == 101
    assert knock(port, f"http://localhost:{port}", f"localhost:{port}") == 101
    assert knock(port, EVIL, f"127.0.0.1:{port}") == 403
    assert knock(port, f"{EVIL}:{port}", f"evil.example:{port}") == 403, "a name elsewhere that leads here"


@pytest.mark.parametrize(
    ("flag", "environment"),
    sampled([("--server.address=0.0.0.0", {}), ("--server.address=127.0.0.1", {"HIDDEN_STATE_DEMO": "1"})]),
    ids=["bound to every address", "hosted demo"],
)
def test_a_hosted_app_answers_to_whatever_name_it_is_given(flag, environment, tmp_path):
    with serving([*words_of_run(), flag], tmp_path, **environment) as (_process, port, _log):
        assert knock(port, "http://x.example.org", "x.example.org") == 101
        assert knock(port, EVIL, "x.example.org") == 403


def test_names_that_somebody_configured_are_left_as_they_are(tmp_path):
    with serving([*words_of_run(), "--server.allowedHosts=studio.example.org"], tmp_path) as (_process, port, _log):
        assert knock(port, "http://studio.example.org", "studio.example.org") == 101
        assert knock(port, f"http://localhost:{port}", f"localhost:{port}") == 403


def test_files_are_taken_only_with_the_page_s_own_token(app):
    _process, port, _log = app
    assert ask(port, "/_stcore/upload_file/session/file", "PUT", Origin=EVIL) == 403
    assert ask(port, "/_stcore/upload_file/session/file", "PUT") == 403


def test_no_program_drives_it_without_a_browser(app):
    _process, port, _log = app
    assert ask(port, "/_stcore/agent/interact", "POST") >= 400
    assert ask(port, "/_stcore/agent/mcp", "POST") >= 400


def test_a_foreign_page_that_knocks_makes_it_ask_nobody_for_its_address(app):
    _process, port, log = app
    assert knock(port, EVIL, f"127.0.0.1:{port}") == 403
    assert "external IP" not in log.read_text()


def test_nothing_is_told_to_anybody():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["enableXsrfProtection"] is config["server"]["enableCORS"] is True
    assert config["client"]["showErrorDetails"] == "none"
