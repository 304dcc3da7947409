"""The queue for the one training slot: order between visitors, estimated waiting time, and the limit of every run."""

import threading
import time

import pytest

from core.errors import UserError
from core.hosting import visitor_scheduler as module
from core.hosting.limits import LIMITS
from core.hosting.visitor_scheduler import VisitorScheduler
from core.jobs import launch
from core.jobs.queue import TURN_OVERHEAD_SECONDS, queue_position, queued_runs, seconds_until_start
from core.runs.run import Run
from core.runs.status import Status
from tests.core.hosting.conftest import make, put, visit


def of(visitor: str, name: str, state: str, **more: object) -> Run:
    with visit(visitor):
        return put(make(name), state, **more)


def queued(visitor: str, name: str, at: float) -> Run:
    """Create a queued run, as launch.enqueue() does."""
    return of(visitor, name, "queued", pid=None, queued_at=at, heartbeat=time.time())


def names(runs: list[Run]) -> list[str]:
    return [run.name for run in runs]


# Whose turn it is ----------------------------------------------------------------------------------------------------
def test_visitors_take_turns_however_many_runs_they_bring(demo):
    for number, name in enumerate(("a1", "a2", "a3")):
        queued("ada", name, 10.0 + number)
    queued("bo", "b1", 20.0)
    queued("cy", "c1", 30.0)
    assert names(queued_runs(demo)) == ["a1", "b1", "c1", "a2", "a3"]


def test_who_had_a_turn_goes_to_the_end_of_the_line(demo):
    of("ada", "a1", "running", started_at=25.0)
    queued("ada", "a2", 11.0)
    queued("bo", "b1", 20.0)  # queued before her run started
    queued("cy", "c1", 30.0)  # queued after it
    assert names(queued_runs(demo)) == ["b1", "a2", "c1"]


def test_the_owners_own_runs_keep_their_order(demo):
    for at, name in ((1.0, "first"), (2.0, "second"), (3.0, "third")):
        put(make(name), "queued", queued_at=at)
    put(make("done"), "finished", started_at=100.0)
    queued("ada", "a1", 2.5)
    assert names(queued_runs(demo)) == ["first", "a1", "second", "third"]


def test_the_outlook_counts_all_visitors_and_never_says_longer_than_turns_may_last(demo):
    now = time.time()
    of("ada", "a1", "running", started_at=now - 100, eta=30.0)
    queued("bo", "b1", 20.0)  # budget of 60 s
    with visit("cy"):
        long = put(make("c1", seconds=None, steps=10_000), "queued", pid=None, queued_at=30.0, heartbeat=now)
    last = queued("ada", "a2", 40.0)
    before = 30 + TURN_OVERHEAD_SECONDS + 60 + TURN_OVERHEAD_SECONDS
    assert queue_position(long) == (1, before)
    position, seconds = queue_position(last)
    assert position == 2
    assert seconds == pytest.approx(before + LIMITS.turn_seconds), "nobody knows its speed yet, but a turn has an end"
    assert seconds_until_start(demo, queued_runs(demo)) == pytest.approx(
        before + LIMITS.turn_seconds + 60 + TURN_OVERHEAD_SECONDS
    )


def test_a_training_that_says_it_needs_hours_is_counted_to_the_end_of_its_turn(demo):
    of("ada", "a1", "running", started_at=time.time() - 100, eta=9_000.0)
    place, seconds = queue_position(queued("bo", "b1", 20.0))
    assert place == 0
    assert seconds == pytest.approx(LIMITS.turn_seconds - 100, abs=2)


# The scheduler ----------------------------------------------------------------------------------------------------
@pytest.fixture
def started() -> list[str]:
    return []


@pytest.fixture
def scheduler(demo, started) -> VisitorScheduler:
    return VisitorScheduler(demo, lambda run: started.append(run.name))


def test_the_scheduler_lets_one_in_at_a_time_and_the_next_when_it_has_left(scheduler, started):
    first, second = queued("ada", "a1", 1.0), queued("bo", "b1", 2.0)
    for _look in range(3):
        scheduler.poll()
    assert started == ["a1"]
    put(first, "running", started_at=time.time())
    scheduler.poll()
    assert started == ["a1"]
    put(first, "finished")
    scheduler.poll()
    assert started == ["a1", "b1"]
    assert second.status.state == "queued"


def test_a_waiting_run_is_no_process_and_yet_alive_as_long_as_the_scheduler_is_there(scheduler, started):
    late = time.time() + 3600
    of("cy", "c1", "running", started_at=late)
    run = queued("ada", "a1", 1.0)
    assert run.active
    scheduler.poll(late)
    status = Status.read(run.path / "status.json")
    assert status.heartbeat == late
    assert status.pid is None
    assert started == []


def test_what_waited_when_the_server_ended_is_taken_up_by_the_next_one(scheduler, started):
    run = of("ada", "a1", "queued", pid=None, queued_at=1.0, heartbeat=1.0)
    assert run.status.state == "died"
    scheduler.poll()
    assert run.status.state == "queued"
    assert started == ["a1"]


def test_a_visitor_who_stops_in_the_line_leaves_it(scheduler, started):
    of("cy", "c1", "running", started_at=time.time())
    run = queued("ada", "a1", 1.0)
    with visit("ada"):
        launch.stop(run, force=True)
    scheduler.poll()
    assert run.status.state == "stopped"
    assert not run.stop_requested()
    with visit("ada"):
        launch.enqueue(run)
    assert run.status.state == "queued", "and may line up again"


def test_a_visitor_who_left_in_mid_run_gives_the_slot_free_and_keeps_what_was_learned(scheduler, monkeypatch):
    now = time.time()
    run = of("ada", "a1", "running", started_at=now - LIMITS.turn_seconds)
    ended: list[tuple[str, bool]] = []
    monkeypatch.setattr(launch, "stop", lambda run, force: ended.append((run.name, force)))
    scheduler.poll(now - 5)
    assert not run.stop_requested()
    scheduler.poll(now + 5)
    assert run.stop_requested(), "asked first, so that it keeps its weights"
    assert ended == []
    scheduler.poll(now + LIMITS.grace_seconds + 5)
    assert ended == [("a1", True)]


def test_the_owners_trainings_are_never_ended(scheduler, demo):
    run = put(make("long"), "running", started_at=1.0)
    scheduler.poll()
    assert not run.stop_requested()


def test_a_run_that_fills_the_disk_is_asked_to_stop(scheduler, monkeypatch):
    run = of("ada", "a1", "running", started_at=time.time())
    (run.path / "checkpoint").mkdir()
    with (run.path / "checkpoint" / "big").open("wb") as file:
        file.truncate(LIMITS.visitor_bytes)
    scheduler.poll()
    assert run.stop_requested()


def test_a_process_that_never_says_a_word_does_not_hold_up_the_line(scheduler, started):
    lost, next_one = queued("ada", "a1", 1.0), queued("bo", "b1", 2.0)
    now = time.time()
    for ago in (62, 40, 20, 1, 0):
        scheduler.poll(now - ago)
    assert started == ["a1", "b1"]
    assert lost.status.state == "failed"
    assert "did not begin" in lost.status.error
    assert next_one.status.error == ""


def test_a_process_that_cannot_be_started_is_said_and_the_next_one_comes(demo):
    tried: list[str] = []

    def refuse(run: Run) -> None:
        tried.append(run.name)
        raise OSError(11, "Resource temporarily unavailable")

    scheduler = VisitorScheduler(demo, refuse)
    lost = queued("ada", "a1", 1.0)
    queued("bo", "b1", 2.0)
    scheduler.poll()
    scheduler.poll()
    assert tried == ["a1", "b1"]
    assert "Resource temporarily unavailable" in lost.status.error


# What goes wrong with one ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), UserError("no"), ValueError("a bug")])
def test_a_fault_with_one_run_is_logged_once_and_holds_up_nobody(scheduler, started, demo, monkeypatch, caplog, fault):
    overdue = of("ada", "a1", "running", started_at=time.time() - 10 * LIMITS.turn_seconds)
    queued("bo", "b1", 20.0)
    old = queued("cy", "c1", 30.0)
    monkeypatch.setattr(scheduler, "_enforce_limits", lambda *_given: (_ for _ in ()).throw(fault))
    swept = []
    monkeypatch.setattr("core.hosting.visitor_scheduler.remove_expired", lambda *_given: swept.append(1))
    for _look in range(3):
        scheduler.poll()
    assert [record.exc_info[1] for record in caplog.records] == [fault]
    assert swept == [1]
    assert started == [], "it still has the slot"
    put(overdue, "stopped")
    monkeypatch.setattr(
        scheduler, "_keep_queued", lambda run, *_given: (_ for _ in ()).throw(fault) if run.path == old.path else 0
    )
    scheduler.poll()
    assert started == ["b1"]


def test_a_full_disk_is_swept_before_anything_is_written(scheduler, demo, monkeypatch):
    queued("ada", "a1", 10.0)
    order = []
    monkeypatch.setattr("core.hosting.visitor_scheduler.remove_expired", lambda *_given: order.append("swept"))
    monkeypatch.setattr(scheduler, "_keep_queued", lambda *_given: order.append("written"))
    scheduler.poll()
    assert order == ["swept", "written"]


def test_an_overdue_run_is_ended_on_a_full_disk_too(scheduler, monkeypatch):
    overdue = of("ada", "a1", "running", started_at=time.time() - 10 * LIMITS.turn_seconds)
    ended = []
    monkeypatch.setattr(Run, "request_stop", lambda _run: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    monkeypatch.setattr(launch, "_end_process", lambda status: ended.append(status.pid))
    scheduler.poll()
    assert ended == [overdue.status.pid]


def test_a_scheduler_that_has_gone_is_replaced(demo, monkeypatch):
    gone = threading.Thread(target=int)
    gone.start()
    gone.join()
    monkeypatch.setattr(module, "_schedulers", {demo: gone})
    monkeypatch.setattr(VisitorScheduler, "run", lambda _self: time.sleep(0.2))
    module.ensure_scheduler(demo, lambda _run: None)
    assert module._schedulers[demo].is_alive()
