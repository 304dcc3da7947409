"""Starting, queueing, stopping and continuing with real processes; those of the toy family start in half a second."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from core.errors import UserError
from core.jobs import launch
from core.jobs.queue import queued_runs, run_lock, training_slot
from core.runs.files import read_json
from core.runs.run import Run
from core.runs.status import Status, own_process, process_start, this_host
from tests.core import toy_family
from tests.core.toy_family import PLAN, toy_run
from tests.selection import sampled

ROOT = Path(__file__).resolve().parents[3]
SLOW = {"delay": 0.01}


@pytest.fixture
def processes(toy, monkeypatch):
    """Use the toy family's training processes; end all of them after the test."""
    started: list[subprocess.Popen] = []

    class ToyLauncher:
        def start(self, run: Run) -> None:
            with run.log_path.open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, toy_family.__file__, "work", str(run.path)],
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    stdout=log,
                    stderr=log,
                )
            started.append(process)
            threading.Thread(target=process.wait, daemon=True).start()

    monkeypatch.setattr(launch, "launcher", ToyLauncher)
    yield started
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()


def until(condition, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def ended(*runs: Run) -> bool:
    return all(not run.active for run in runs)


def test_a_started_run_trains_to_its_end_in_a_process_of_its_own(processes, toy):
    run = toy_run(toy)
    launch.start(run)
    until(lambda: ended(run))
    assert run.status.state == "finished", run.log_path.read_text()
    assert run.status.pid == processes[0].pid
    assert len(run.metrics()) == 20
    with pytest.raises(UserError, match="nothing to continue"):
        launch.start(run)


def test_with_one_slot_runs_train_one_after_another_the_first_asked_first(processes, toy):
    runs = [toy_run(toy, name=f"r{number}", delay=0.002) for number in range(3)]
    for run in runs:
        launch.start(run)
    seen: set[tuple[str, ...]] = set()

    def watch() -> bool:
        seen.add(tuple(run.status.state for run in runs))
        return ended(*runs)

    until(watch)
    assert all(states.count("running") <= 1 for states in seen), seen
    starts = [run.status.started_at for run in runs]
    ends = [run.status.ended_at for run in runs]
    assert starts == sorted(starts)
    assert all(start >= end for start, end in zip(starts[1:], ends, strict=False))


@pytest.mark.exhaustive
def test_with_two_slots_two_train_at_once(processes, toy, monkeypatch):
    monkeypatch.setenv("HIDDEN_STATE_SLOTS", "2")
    runs = [toy_run(toy, name=f"r{number}", **SLOW) for number in range(3)]
    for run in runs:
        launch.start(run)
    until(lambda: [run.status.state for run in runs].count("running") == 2)
    assert runs[2].status.state == "queued"
    for run in runs:
        launch.stop(run)
    until(lambda: ended(*runs))


def test_a_killed_process_is_shown_as_died_lets_go_of_its_slot_and_the_run_continues_exactly(processes, toy):
    reference = toy_run(toy, name="reference")
    launch.start(reference)
    until(lambda: ended(reference))
    run = toy_run(toy, name="killed", delay=0.005)
    for _kill in range(3):
        launch.start(run)
        rows = len(run.metrics())
        until(lambda rows=rows: len(run.metrics()) >= rows + 3)
        os.kill(run.status.pid, signal.SIGKILL)
        until(lambda: run.status.state == "died")
        assert "log" in run.status.error
    launch.start(run)
    until(lambda: ended(run))
    assert run.status.state == "finished"
    assert run.model_path.read_bytes() == reference.model_path.read_bytes()
    assert [row["loss"] for row in run.metrics()] == [row["loss"] for row in reference.metrics()]


@pytest.mark.exhaustive
def test_a_run_stopped_in_its_first_second_ends_without_a_fault(processes, toy):
    run = toy_run(toy, **SLOW)
    launch.start(run)
    launch.stop(run)
    until(lambda: ended(run))
    assert run.status.state == "stopped"
    assert not run.stop_requested()
    launch.start(run)
    until(lambda: run.status.step > 0)
    launch.stop(run, wait=20)
    assert run.status.state == "stopped"


@pytest.mark.exhaustive
def test_a_queued_run_can_be_stopped_while_it_waits(processes, toy):
    first = toy_run(toy, name="first", delay=0.1)  # trains longer than the other process takes to start
    second = toy_run(toy, name="second")
    launch.start(first)
    until(lambda: first.status.state == "running")
    launch.start(second)
    until(lambda: second.status.message != "")
    launch.stop(second, wait=10)
    assert second.status.state == "stopped"
    assert first.status.state == "running"
    launch.stop(first, wait=20)


def test_a_polite_signal_ends_a_run_as_stop_does(processes, toy):
    run = toy_run(toy, **SLOW)
    launch.start(run)
    until(lambda: len(run.metrics()) >= 2)
    processes[0].terminate()
    until(lambda: ended(run))
    assert run.status.state == "stopped"
    assert run.report["complete"] is False


@pytest.mark.exhaustive
def test_a_process_that_does_not_listen_is_ended_and_the_run_is_stopped(processes, toy):
    run = toy_run(toy, delay=2.0)
    launch.start(run)
    until(lambda: run.status.state == "running")
    processes[0].send_signal(signal.SIGSTOP)
    launch.stop(run, force=True)
    assert run.status.state == "stopped"
    assert "last checkpoint" in run.status.message
    assert process_start(processes[0].pid) == ""


def test_a_reused_pid_is_never_ended(toy):
    run = toy_run(toy)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        status = Status(state="running", pid=bystander.pid, host=this_host(), process_start="another:1")
        launch._end_process(status)
        status.write(run.path / "status.json")
        launch.stop(run, force=True)
        assert bystander.poll() is None
        assert run.status.state == "died"
    finally:
        bystander.kill()
        bystander.wait()


def test_two_processes_on_one_run_do_not_both_train_it(processes, toy):
    run = toy_run(toy, **SLOW)
    launch.start(run)
    with pytest.raises(UserError, match="queued"):
        launch.start(run)
    launch.launcher().start(run)  # as if two servers started it at the same moment
    until(lambda: any(process.poll() is not None for process in processes))
    assert sum(process.poll() is None for process in processes) == 1
    until(lambda: run.status.state == "running")
    until(lambda: ended(run))
    assert run.status.state == "finished"
    assert [row["step"] for row in run.metrics()] == list(range(5, 101, 5))


def test_what_cannot_be_started_says_why_and_is_not_left_waiting(toy, monkeypatch):
    class Refusing:
        def start(self, run: Run) -> None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(launch, "launcher", Refusing)
    run = toy_run(toy)
    with pytest.raises(UserError, match="Too many open files"):
        launch.start(run)
    assert run.status.state == "failed"


def test_a_run_whose_data_is_gone_is_not_started(toy):
    run = toy_run(toy)
    Status(state="stopped").write(run.path / "status.json")
    (run.path / "data" / "00000.txt").unlink()
    with pytest.raises(UserError, match="is gone"):
        launch.start(run)
    assert run.status.state == "stopped"


def test_the_real_launcher_starts_the_command_line_detached(toy, monkeypatch):
    seen = {}

    class Process:
        def __init__(self, words, **named):
            seen.update(named, words=words)

        def wait(self):
            return 0

    monkeypatch.setattr(subprocess, "Popen", Process)
    run = toy_run(toy, name="$(touch x); rm")
    launch.start(run)
    assert seen["words"][1:] == ["-m", "core", "work", str(run.path.resolve())]
    assert seen["start_new_session"] is True
    assert not seen.get("shell")
    assert (Path(seen["cwd"]) / "core" / "__main__.py").exists()


# Longer than planned --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "end"), sampled([({"steps": 30}, 130), ({"epochs": 2}, 120), ({"seconds": 1e-9}, 101)])
)
def test_a_finished_run_goes_on_as_much_longer_as_asked(processes, toy, more, end):
    run = toy_run(toy)
    launch.start(run)
    until(lambda: ended(run))
    before = [row for row in run.metrics() if row["step"] <= 100]
    launch.start(run, more=more)
    until(lambda: ended(run))
    assert run.status.state == "finished"
    rows = run.metrics()
    assert rows[: len(before)] == before, "what was learned before stays as it was recorded"
    assert rows[-1]["step"] == end
    assert read_json(run.path / "plan.json")["extensions"][0]["after"] == 100
    assert rows[-1]["lr_factor"] < before[-2]["lr_factor"] or end == 101


@pytest.mark.parametrize(
    "more", [{"steps": 0}, {"steps": -5}, {"epochs": float("nan")}, {"hours": 1}, {}, {"steps": 1e9}]
)
def test_an_extension_that_makes_no_sense_is_refused_and_changes_nothing(toy, more):
    run = toy_run(toy)
    Status(state="stopped", step=50).write(run.path / "status.json")
    before = read_json(run.path / "plan.json")
    with pytest.raises(UserError):
        launch.enqueue(run, more) if more else launch.extend(run, more)
    assert read_json(run.path / "plan.json") == before
    assert run.status.state == "stopped"


def test_a_run_without_a_plan_or_without_a_checkpoint_cannot_go_on_longer(toy):
    run = toy_run(toy)
    (run.path / "plan.json").unlink()
    with pytest.raises(UserError, match="not begun"):
        launch.enqueue(run, {"steps": 5})
    run.model_path.write_bytes(b"a model that came without its checkpoint")
    with pytest.raises(UserError, match="trained again, not continued"):
        launch.enqueue(run)


# The queue in one process -----------------------------------------------------------------------------------------
def queued(toy, name: str, at: float) -> Run:
    run = toy_run(toy, name=name)
    own_process(Status(state="queued", queued_at=at)).write(run.path / "status.json")
    return run


def test_the_oldest_waits_first_and_the_dead_do_not_count(toy):
    late, early, dead = queued(toy, "late", 30.0), queued(toy, "early", 10.0), queued(toy, "dead", 5.0)
    Status(state="queued", pid=2**22 + 1, host=this_host(), process_start="x").write(dead.path / "status.json")
    assert [run.id for run in queued_runs(toy)] == [early.id, late.id]
    positions = []
    with training_slot(late, lambda position: positions.append(position) or len(positions) < 2) as held:
        assert not held
    assert positions == [1, 1]
    with training_slot(early, lambda position: False) as held:
        assert held


def test_a_slot_is_free_again_after_an_error(toy):
    run = queued(toy, "one", 1.0)
    with contextlib.suppress(RuntimeError), training_slot(run, lambda position: False) as held:
        assert held
        raise RuntimeError
    with training_slot(run, lambda position: False) as held:
        assert held


def test_only_one_may_train_a_run(toy):
    run = toy_run(toy)
    with run_lock(run) as first, run_lock(run) as second:
        assert first
        assert not second
    with run_lock(run) as third:
        assert third


def test_the_plan_of_these_tests_has_what_they_rely_on():
    assert PLAN["total_steps"] == 100
    assert PLAN["log_every"] == 5


@pytest.mark.skipif(os.name == "nt", reason="Windows has no niceness")
@pytest.mark.parametrize("more", [0, 1])
def test_a_training_yields_to_others_where_it_is_told_to(toy, monkeypatch, more):
    run, started = toy_run(toy), []
    start = subprocess.Popen

    def idle(_words, **options):
        started.append(start([sys.executable, "-c", "import time; time.sleep(60)"], **options))
        return started[0]

    monkeypatch.setattr(launch.subprocess, "Popen", idle)
    wanted = min(19, os.nice(0) + more) if more else os.nice(0)
    launch.ChildProcess(niceness=wanted if more else 0).start(run)
    try:
        assert psutil.Process(started[0].pid).nice() == wanted
    finally:
        started[0].kill()
        started[0].wait()
