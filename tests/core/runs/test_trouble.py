"""Damaged files, full disks and killed processes: the run is still listed, shows the error, and can be continued."""

import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.bundles.bundle import import_bundle
from core.errors import UserError
from core.jobs import launch
from core.jobs.rerun import create_rerun
from core.jobs.summary import summary
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.status import Status, own_process, process_start
from core.runs.store import create, delete, find, list_runs
from core.runs.trash import list_trash, restore
from tests.core.toy_family import ToyTask, toy_run

ROOT = Path(__file__).resolve().parents[3]
FILES = ["status.json", "metrics.jsonl", "plan.json", "about.json", "report.json", "log.txt", "stop"]


@pytest.fixture(autouse=True)
def no_fsync(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def reference(toy, tmp_path) -> tuple[bytes, list[float]]:
    run = toy_run(tmp_path / "reference")
    assert work(run).state == "finished"
    return result(run)


def result(run: Run) -> tuple[bytes, list[float]]:
    return run.model_path.read_bytes(), [row["loss"] for row in run.metrics()]


def half_trained(toy: Path, name: str = "half") -> Run:
    """Create a run that was stopped at its 50th step."""
    run = toy_run(toy, name=name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 10)
        assert work(run).state == "stopped"
    run.log_path.write_bytes(b"some lines\n" * 20)
    return run


# Files --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("harm", ["deleted", "emptied", "cut", "overwritten", "a folder"])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_somebody_deletes_or_truncates_costs_no_training(toy, reference, name, harm):
    run = half_trained(toy)
    path = run.path / name
    content = path.read_bytes() if path.exists() else b""
    path.unlink(missing_ok=True)
    if harm == "a folder":
        path.mkdir()
    elif harm != "deleted":
        path.write_bytes({"emptied": b"", "cut": content[: len(content) // 2], "overwritten": b"\xff\x00{" * 9}[harm])
    [listed] = list_runs(toy)
    facts = summary(listed)
    assert facts["state"] == ("died" if name == "status.json" else "stopped")
    if name == "status.json":
        assert "last checkpoint is there" in facts["error"]
    if harm == "a folder":
        if work(listed).state == "failed":
            assert "Make room or mend it" in (listed.status.error if name != "status.json" else "Make room or mend it")
        shutil.rmtree(path, ignore_errors=True)  # the damage is repaired
    listed.clear_stop()
    assert work(listed).state == "finished"
    model, losses = result(listed)
    rows = len(losses) if name == "metrics.jsonl" else 20  # lost metrics are not restored
    assert losses[-10:] == reference[1][-10:]
    assert losses == reference[1][:rows] or name == "metrics.jsonl"
    assert model == reference[0]


@pytest.mark.parametrize("harm", ["deleted", "damaged", "emptied", "a folder"])
def test_best_weights_that_were_lost_after_the_best_moment_are_looked_for_anew_and_said(toy, harm):
    run = toy_run(toy, worse_after=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 10)
        work(run)
    assert run.report["best_step"] < 50
    run.model_path.unlink()
    if harm == "a folder":
        run.model_path.mkdir()
    elif harm != "deleted":
        run.model_path.write_bytes(b"no model" if harm == "damaged" else b"")
    heard: list[str] = []
    assert work(run, lambda status: heard.append(status.message)).state == "finished"
    assert any("looked for anew" in message for message in heard)
    best = run.report["best_step"]
    assert 50 < best <= 100
    assert [row["val_loss"] for row in run.metrics() if row["step"] == best] == [run.report["best_value"]]


@pytest.mark.parametrize("harm", ["deleted", "changed"])
def test_data_that_somebody_deletes_or_changes_is_named_and_the_run_still_listed(toy, harm):
    run = half_trained(toy)
    path = run.path / "data" / "00000.txt"
    path.unlink() if harm == "deleted" else path.write_bytes(b"other")
    with pytest.raises(UserError, match=r"a\.txt.*half.*new run"):
        launch.start(run)
    assert summary(list_runs(toy)[0])["state"] == "stopped"


# Read-only ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def read_only(tmp_path) -> Iterator[tuple[Path, Callable[[bool], object]]]:
    """Mount a small disk. Yield it and a function that makes it read-only or not, since file modes do not stop root."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", disk], capture_output=True).returncode:
        pytest.skip("no right to mount a small disk here")
    switch = lambda on: subprocess.run(["mount", "-o", f"remount,{'ro' if on else 'rw'}", disk], check=True)  # noqa: E731
    yield disk, switch
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_folder_made_read_only_is_said_at_every_button_and_harms_nothing(toy, read_only, tmp_path):
    disk, switch = read_only
    run = half_trained(disk)
    binned_key = delete(half_trained(disk, "thrown"))
    own_process(active := Status(state="running")).write((toy_run(disk, name="busy").path) / "status.json")
    assert active.pid
    switch(True)
    assert {item.id for item in list_runs(disk)} == {"half", "busy"}
    attempts = [
        lambda: launch.start(run),
        lambda: launch.start(run, {"steps": 10}),
        lambda: launch.stop(find("busy", disk)),
        lambda: run.describe(name="new"),
        lambda: delete(run),
        lambda: create_rerun(run, {"width": 4}),
        lambda: restore(binned_key, disk),
        lambda: create(run.options, run.sources(), directory=disk),
        lambda: import_bundle(tmp_path / "absent.zip", disk),
    ]
    for attempt in attempts:
        with pytest.raises(UserError, match="Read-only file system"):
            attempt()
    assert work(run).state == "failed"
    assert run.status.state == "stopped"
    switch(False)
    assert work(run).state == "finished"


def refuse_writes(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let every write in `folder` fail as on a read-only file system."""

    def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
        def ask(path: Any, *given: Any, **named: Any) -> Any:
            mode = given[0] if original is io.open and given else named.get("mode", "r")
            writes = original is not io.open or not isinstance(mode, str) or set(mode) & set("wax+")
            if writes and isinstance(path, str | Path) and folder in Path(path).parents:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
            return original(path, *given, **named)

        return ask

    for module, name in ((io, "open"), *((os, name) for name in ("mkdir", "replace", "rename", "unlink", "rmdir"))):
        patch.setattr(module, name, guarded(getattr(module, name)))


@pytest.mark.parametrize("moment", [0, 5, 40, 60, 95])
def test_a_folder_that_becomes_read_only_while_a_run_trains_loses_nothing(toy, reference, moment):
    run, original = toy_run(toy), ToyTask.train
    with pytest.MonkeyPatch.context() as patch:

        def turn(task, step, factors):
            if step == moment:
                refuse_writes(patch, toy)
            return original(task, step, factors)

        patch.setattr(ToyTask, "train", turn)
        status = work(run)
    assert (status.state, "Read-only" in status.error) == ("failed", True)
    assert list_runs(toy)[0].id == run.id
    assert work(run).state == "finished"
    assert result(run) == reference


# Servers ------------------------------------------------------------------------------------------------------------
SERVER = """
import subprocess, sys, time
from tests.core import toy_family
from core.families import FAMILIES
from core.jobs import launch
from core.runs.run import Run

FAMILIES["toy"] = toy_family.TOY
real = subprocess.Popen
launch.subprocess.Popen = lambda words, **named: real(
    [sys.executable, toy_family.__file__, "work", words[-1]], **named)
launch.start(Run(sys.argv[1]))
print("started", flush=True)
time.sleep(60)
"""


def test_a_killed_server_takes_no_run_with_it(toy, reference):
    """Start a run as the server does; then kill the server and everything in its session."""
    run = toy_run(toy, delay=0.01)
    paths = str(ROOT)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(run.path)],
        env=os.environ | {"PYTHONPATH": paths}, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    with server.stdout:
        assert server.stdout.readline() == b"started\n"
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    deadline = time.monotonic() + 60
    while run.active or run.status.state == "died":
        assert time.monotonic() < deadline, run.log_path.read_text()
        time.sleep(0.05)
    assert run.status.state == "finished"
    assert result(run) == reference


@pytest.mark.parametrize(("attempt", "left"), [(delete, 0), (launch.enqueue, 1)])
def test_of_two_servers_that_do_the_same_to_one_run_one_does_it_and_the_other_says_why_not(toy, attempt, left):
    half_trained(toy)
    said: list[str] = []
    gate = threading.Barrier(8)

    def serve() -> None:
        run = find("half", toy)
        gate.wait()
        try:
            attempt(run)
            said.append("")
        except UserError as error:
            said.append(str(error))

    servers = [threading.Thread(target=serve) for _number in range(8)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    assert len(said) == 8
    assert said.count("") >= 1
    assert len(list_runs(toy)) == left
    if attempt is delete:
        assert said.count("") == len(list_trash(toy)) == 1
        assert all("half" in words for words in said if words)


# Clocks -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("jump", [-86_400.0 * 365, 86_400.0 * 365])
def test_a_clock_that_is_set_while_a_run_trains_changes_nothing(toy, reference, monkeypatch, jump):
    run, original, real = toy_run(toy), ToyTask.train, time.time

    def turn(task, step, factors):
        if step == 50:
            monkeypatch.setattr(time, "time", lambda: real() + jump)
            assert run.active, "it is known by its process, not by the clock"
        return original(task, step, factors)

    monkeypatch.setattr(ToyTask, "train", turn)
    status = work(run)
    assert status.state == "finished"
    assert 0 <= status.seconds < 60
    seconds = [row["seconds"] for row in run.metrics()]
    assert seconds == sorted(seconds)
    assert result(run) == reference


def test_the_process_of_a_run_that_became_a_zombie_or_another_is_not_the_run(toy):
    run, child = toy_run(toy), subprocess.Popen([sys.executable, "-c", ""])
    status = own_process(Status(state="running"))
    status.pid, status.process_start = child.pid, process_start(child.pid)
    status.write(run.path / "status.json")
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie: ended, but not waited for
    assert "log" in summary(list_runs(toy)[0])["error"]
    child.wait()
    status.pid = os.getpid()  # the pid is reused by another process
    status.write(run.path / "status.json")
    assert summary(list_runs(toy)[0])["state"] == "died"
    launch.enqueue(run)
    assert work(run).state == "finished"
