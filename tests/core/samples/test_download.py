import contextlib
import hashlib
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import UserError
from core.samples import download
from core.samples.download import DOWNLOADS, Download, fetch

CONTENT = os.urandom(200_000)
DATA = os.environ.get("HIDDEN_STATE_DATA")
released = threading.Event()  # ends the silence of the path /silent


class Handler(BaseHTTPRequestHandler):
    requests: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.requests.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
            return
        body = {"/wrong": CONTENT[::-1], "/endless": CONTENT * 100}.get(self.path, CONTENT)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/silent":
            released.wait(10)
            return
        with contextlib.suppress(ConnectionError):  # the client may have closed the connection
            self.wfile.write(body[:1000] if self.path == "/truncated" else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def register(monkeypatch):
    """Serve files on loopback; the fixture registers a path as the download "thing"."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    released.clear()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    Handler.requests.clear()

    def register(path: str, port: int = server.server_port) -> None:
        url = f"http://127.0.0.1:{port}{path}"
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        thing = Download("The Thing", "thing.bin", url, sha256, len(CONTENT), "bytes", "none")
        monkeypatch.setitem(DOWNLOADS, "thing", thing)

    yield register
    released.set()
    server.shutdown()
    server.server_close()


def refused(tmp_path: Path) -> str:
    with pytest.raises(UserError) as error:
        fetch("thing", None, tmp_path)
    assert list(tmp_path.rglob("*")) == []
    return str(error.value)


def test_a_download_tells_its_progress_and_is_kept(register, tmp_path):
    register("/good")
    seen = []
    source = fetch("thing", lambda done, size: seen.append((done, size)), tmp_path / "new")
    assert (source.name, source.data) == ("thing.bin", CONTENT)
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert fetch("thing", None, tmp_path / "new") == source
    assert Handler.requests == ["/good"]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["thing.bin"]


@pytest.mark.parametrize("damaged", [CONTENT[:-1], CONTENT[::-1], b""])
def test_a_damaged_file_in_the_cache_is_downloaded_again(register, tmp_path, damaged):
    register("/good")
    (tmp_path / "thing.bin").write_bytes(damaged)
    assert fetch("thing", None, tmp_path).data == CONTENT
    assert (tmp_path / "thing.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["/wrong", "/truncated", "/endless"])
def test_another_file_than_the_known_one_is_refused(register, tmp_path, path):
    register(path)
    assert "is not the expected file" in refused(tmp_path)


def test_a_file_that_is_gone_is_reported(register, tmp_path):
    register("/missing")
    assert "Not Found" in refused(tmp_path)


def test_offline_is_one_clear_sentence(register, tmp_path):
    register("/good", port=9)  # nothing listens on the discard port
    message = refused(tmp_path)
    assert "“The Thing” could not be had" in message
    assert "check the internet connection" in message
    assert "\n" not in message


def test_a_server_that_says_nothing_is_given_up(register, tmp_path, monkeypatch):
    monkeypatch.setattr(download, "TIMEOUT", 0.3)
    register("/silent")
    assert "timed out" in refused(tmp_path)


def test_an_error_of_the_listener_passes_and_leaves_nothing(register, tmp_path):
    register("/good")

    def cancel(done: int, size: int) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        fetch("thing", cancel, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_written_costs_only_the_cache(register, tmp_path):
    register("/good")
    (tmp_path / "file").write_text("not a folder")
    assert fetch("thing", None, tmp_path / "file" / "folder").data == CONTENT


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(UserError, match=r"“nothing”.*tinyshakespeare"):
        fetch("nothing", None, tmp_path)


@pytest.mark.parametrize("name", DOWNLOADS)
def test_every_download_is_whole_and_safe(name):
    entry = DOWNLOADS[name]
    assert entry.url.startswith("https://")
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256)
    assert entry.size > 0
    assert re.fullmatch(r"\w[\w.-]+", entry.file)
    assert entry.what
    assert entry.licence


def test_no_two_downloads_share_a_file():
    assert len({entry.file for entry in DOWNLOADS.values()}) == len(DOWNLOADS)


@pytest.mark.skipif(not DATA, reason="HIDDEN_STATE_DATA is not set")
def test_tiny_shakespeare_in_the_registry_is_the_well_known_file():
    data = (Path(DATA or "") / "tinyshakespeare.txt").read_bytes()
    entry = DOWNLOADS["tinyshakespeare"]
    assert (len(data), hashlib.sha256(data).hexdigest()) == (entry.size, entry.sha256)
