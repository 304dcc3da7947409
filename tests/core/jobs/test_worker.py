"""The final status of a training process after every kind of failure; the run can be continued once it is fixed."""

import errno
import os
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from core.errors import UserError
from core.jobs.launch import enqueue
from core.jobs.queue import run_lock
from core.jobs.worker import work
from core.runs.checkpoint import checkpoints
from core.runs.run import Run
from core.runs.status import Status
from tests.core.toy_family import ToyTask, toy_run


@pytest.fixture
def reference(toy, tmp_path):
    run = toy_run(tmp_path / "reference")
    assert work(run).state == "finished"
    return run.model_path.read_bytes(), [row["loss"] for row in run.metrics()]


def result(run: Run) -> tuple[bytes, list[float]]:
    return run.model_path.read_bytes(), [row["loss"] for row in run.metrics()]


def test_a_run_that_ends_well_says_so(toy):
    run = toy_run(toy)
    heard = []
    status = work(run, lambda status: heard.append(status.state))
    assert status.state == run.status.state == "finished"
    assert heard[0] == "running"
    assert heard[-1] == "finished"
    assert (status.error, status.phase, status.eta) == ("", "", None)
    assert status.ended_at >= status.started_at >= status.queued_at > 0


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
@pytest.mark.parametrize("moment", [3, 9, 17, 20])
def test_a_disk_that_refuses_at_any_moment_is_named_and_the_run_goes_on_when_mended(
    toy, monkeypatch, reference, code, moment
):
    run, calls = toy_run(toy), []
    whole = os.replace

    def refuse(source, target):
        calls.append(target)
        if len(calls) >= moment:
            raise OSError(code, os.strerror(code))
        return whole(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", refuse)
        status = work(run)
    assert status.state == "failed"
    assert os.strerror(code) in status.error
    assert run.status.error == status.error, "the last word is written over the old one where nothing new fits"
    assert not list(run.path.rglob("*.part"))
    assert work(run).state == "finished"
    assert result(run) == reference


def full_disk(folder: Path) -> bool:
    folder.mkdir()
    return (
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160k", "none", folder], capture_output=True).returncode == 0
    )


def test_a_disk_that_is_really_full_loses_nothing(toy, tmp_path, reference):
    small = tmp_path / "small"
    if not full_disk(small):
        pytest.skip("no right to mount a small disk here")
    try:
        run = toy_run(small)
        ballast = small / "ballast"
        with pytest.MonkeyPatch.context() as patch:
            original = ToyTask.train

            def fill(task, step, factors):
                if step == 50:
                    with ballast.open("wb", buffering=0) as file:
                        try:
                            while True:
                                file.write(bytes(512))
                        except OSError:
                            pass
                return original(task, step, factors)

            patch.setattr(ToyTask, "train", fill)
            status = work(run)
        assert status.state == "failed", status
        assert "No space left" in run.status.error
        assert checkpoints(run.checkpoint_path)
        ballast.unlink()
        assert work(run).state == "finished"
        assert result(run) == reference
    finally:
        subprocess.run(["umount", small], check=True)


def test_what_the_person_can_mend_is_a_sentence(toy, monkeypatch):
    run = toy_run(toy)
    monkeypatch.setattr(ToyTask, "__init__", lambda self, run: (_ for _ in ()).throw(UserError("The text is empty.")))
    assert work(run).error == "The text is empty."
    assert run.status.state == "failed"


class ResourceExhaustedError(Exception):
    """Has the name of TensorFlow's exception."""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RuntimeError("inner"), "log of the run"),
        (MemoryError(), "not enough memory"),
        (ResourceExhaustedError("OOM when allocating tensor"), "not enough memory"),
    ],
)
def test_a_fault_goes_to_the_log_and_the_run_says_so_without_its_traceback(toy, monkeypatch, capfd, fault, words):
    run = toy_run(toy)

    def fail(self, step, factors):
        raise fault

    monkeypatch.setattr(ToyTask, "train", fail)
    assert words in work(run).error
    assert "Traceback" not in run.status.error
    assert type(fault).__name__ in capfd.readouterr().err


def test_a_second_interruption_ends_at_once_and_the_run_is_stopped(toy, monkeypatch, reference):
    run = toy_run(toy)
    original = ToyTask.train

    def interrupt(task, step, factors):
        if step == 50:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return original(task, step, factors)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ToyTask, "train", interrupt)
        with pytest.raises(KeyboardInterrupt):
            work(run)
    assert run.status.state == "stopped"
    assert work(run).state == "finished"
    assert result(run) == reference


def test_the_signals_are_the_callers_own_again_after_it(toy):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    work(toy_run(toy))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_it_works_in_a_thread_too(toy):
    run, states = toy_run(toy), []
    thread = threading.Thread(target=lambda: states.append(work(run).state))
    thread.start()
    thread.join(30)
    assert states == ["finished"]


def test_a_folder_that_is_gone_is_a_failed_run_and_no_traceback(toy):
    run = toy_run(toy)
    shutil.rmtree(run.path)
    assert work(run).state == "failed"
    assert not run.path.exists()
    assert work(Run(toy / "a" / "b")).state == "failed"


def test_a_run_whose_folder_is_deleted_while_it_trains_ends(toy, monkeypatch):
    run = toy_run(toy)
    original = ToyTask.train

    def vanish(task, step, factors):
        if step == 50:
            shutil.rmtree(run.path)
        return original(task, step, factors)

    monkeypatch.setattr(ToyTask, "train", vanish)
    assert work(run).state == "failed"
    assert not run.path.exists()


def test_a_status_in_nonsense_does_not_hinder_the_run(toy):
    run = toy_run(toy)
    (run.path / "status.json").write_text('{"state": "running", "pid": "x", "step": 1e400, "queued_at": []}')
    assert run.status.state == "died"
    assert work(run).state == "finished"


def held_for(run: Run, seconds: float, last_word: str = "") -> threading.Thread:
    """Hold the lock of the run as another process would, write `last_word` as its state, and release it."""
    began = threading.Event()

    def hold() -> None:
        with run_lock(run) as first:
            assert first
            began.set()
            time.sleep(seconds)
            if last_word:
                Status(state=last_word).write(run.path / "status.json")

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait()
    return thread


def test_a_process_that_is_only_just_gone_is_waited_for(toy):
    run = toy_run(toy)
    enqueue(run)
    dying = held_for(run, 0.7)
    status = work(run, lock_timeout=20, only_if_queued=True)
    dying.join()
    assert (status.state, status.error) == ("finished", "")


@pytest.mark.parametrize("word", ["stopped", "finished", "running"])
def test_what_another_process_took_up_meanwhile_is_left_to_it(toy, word):
    run = toy_run(toy)
    enqueue(run)
    other = held_for(run, 0.7, word)
    work(run, lock_timeout=20, only_if_queued=True)
    other.join()
    assert run.metrics() == []
    assert Status.read(run.path / "status.json").state == word


def test_one_that_another_process_keeps_is_not_trained_twice(toy):
    run = toy_run(toy)
    enqueue(run)
    other = held_for(run, 1.5)
    status = work(run, lock_timeout=0.4, only_if_queued=True)
    assert (status.state, "already" in status.error) == ("failed", True)
    other.join()
    assert run.metrics() == []


def test_continuing_takes_a_new_place_in_the_queue(toy):
    run = toy_run(toy)
    Status(state="stopped", queued_at=1.0, error="old").write(run.path / "status.json")
    assert work(run).queued_at > 1e9
