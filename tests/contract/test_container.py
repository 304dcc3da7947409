"""The container as far as it can be tried without an engine: its files alone, laid out as the Dockerfile says, and the
very commands that it runs."""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.contract.test_doors import knock

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text()).splitlines()
    if line.strip() and not line.startswith("#")
]
IGNORE = (ROOT / ".dockerignore").read_text().split()


def values(instruction: str) -> list[str]:
    return [rest for name, rest in INSTRUCTIONS if name == instruction]


def sent(path: str) -> bool:
    """Does .dockerignore let this file into the build? The last pattern that fits a path or a folder of it decides."""
    parts, kept = Path(path).parts, True
    folders = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    for pattern in IGNORE:
        bare = pattern.lstrip("!")
        fits = any(fnmatch(name, bare) and (bare == "*" or bare.count("/") == name.count("/")) for name in folders)
        if bare.startswith("**/"):
            fits = bare[3:] in parts
        if fits:
            kept = pattern.startswith("!")
    return kept


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's files below this folder, from what git holds and .dockerignore lets through."""
    root = tmp_path_factory.mktemp("image")
    held = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    files = [path for path in held if sent(path) and (ROOT / path).exists()]
    for line in values("COPY"):
        source, target = line.split()
        chosen = [path for path in files if path == source or path.startswith(f"{source}/")]
        assert chosen, f"COPY {source}: nothing of it is sent"
        for path in chosen:
            place = Path(target, Path(path).relative_to(source)) if path != source else Path(target, source)
            to = root / (place.relative_to("/") if place.is_absolute() else Path("app", place))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, to)
    return root


def test_it_runs_as_nobody_in_particular_and_keeps_its_runs_in_a_volume() -> None:
    order = [name for name, _rest in INSTRUCTIONS]
    assert order.index("USER") < order.index("CMD")
    assert values("USER") == ["studio"]
    assert values("VOLUME") == ["/runs"]
    assert any("chown -R studio /runs" in line for line in values("RUN"))
    assert order.index("VOLUME") > max(place for place, name in enumerate(order) if name == "RUN"), (
        "what a build does to a volume after it is named is lost"
    )
    assert "HIDDEN_STATE_RUNS=/runs" in values("ENV")[0]


def test_its_python_and_its_packages_are_those_of_everybody_else() -> None:
    version = re.fullmatch(r"python:3\.(\d+)-slim", values("FROM")[0])
    assert version
    assert 11 <= int(version[1]) <= 13
    assert [line for line in values("RUN") if "pip install" in line] == [
        "pip install --no-cache-dir -r requirements.txt -c constraints.txt"
    ]


def test_nothing_private_is_sent_to_the_build() -> None:
    sends = {"app.py", "core/families.py", "saved_models/demo-digits/config.json", ".streamlit/config.toml"}
    holds_back = {"saved_models/my-run/config.json", "tests/conftest.py", ".git/config", ".streamlit/secrets.toml"}
    holds_back |= {
        ".venv/bin/python",
        "core/__pycache__/families.pyc",
        "downloads/text.zip",
        "saved_models/.visitors/x",
    }
    assert {path for path in sends | holds_back if sent(path)} == sends


@pytest.mark.exhaustive
def test_its_files_alone_serve_the_app_and_its_health_check_says_so(image: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [word.replace("8501", port) for word in words(values("CMD")[0])]
    assert command[:3] == ["streamlit", "run", "app.py"]
    assert "--server.address=0.0.0.0" in command
    command = [word.replace("0.0.0.0", "127.0.0.1") for word in command]
    runs = image / "runs"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HIDDEN_STATE")}
    given = dict(re.findall(r'(STREAMLIT_\w+)="([^"]*)"', values("ENV")[0]))
    environment |= {"HIDDEN_STATE_RUNS": str(runs), "PYTHONPATH": ""} | given
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=image / "app", env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    check = shlex.split(values("HEALTHCHECK")[0].partition("CMD")[2].replace("8501", port))
    try:
        deadline = time.monotonic() + 60
        while subprocess.run([sys.executable, *check[1:]], capture_output=True).returncode:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline, "it never became healthy"
            time.sleep(0.3)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            assert page.status == 200
        assert knock(int(port), f"http://localhost:{port}", f"localhost:{port}") == 101
        assert knock(int(port), f"http://evil.example:{port}", f"evil.example:{port}") == 403
    finally:
        process.terminate()
        process.wait(20)
    listed = [sys.executable, "-m", "core", "runs", "list", "--json"]
    answer = subprocess.run(listed, cwd=image / "app", env=environment, capture_output=True, text=True, check=True)
    assert "demo-lighthouse" in answer.stdout
    unhealthy = subprocess.run([sys.executable, *check[1:]], capture_output=True)
    assert unhealthy.returncode, "nobody is there any more"


def words(text: str) -> list[str]:
    return re.findall(r'"([^"]*)"', text)
