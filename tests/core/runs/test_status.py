import os
import subprocess
import sys
import time

import pytest

from core.runs import status as module
from core.runs.status import HEARTBEAT_GRACE, START_GRACE, Status, is_alive, own_process, process_start, this_host


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_a_status_comes_back_as_it_was_written(tmp_path):
    status = Status(state="running", pid=7, step=3, total=9, loss=1.5, best=None, message="“ok”")
    status.write(tmp_path / "status.json")
    assert Status.read(tmp_path / "status.json") == status
    status.state, status.message = "failed", ""
    status.overwrite(tmp_path / "status.json")
    assert Status.read(tmp_path / "status.json") == status


@pytest.mark.parametrize("content", [None, [], {}, {"state": "flying"}, {"state": ["running"]}, "running"])
def test_a_status_of_no_known_state_is_none(content):
    assert Status.parse(content) is None


def test_nonsense_in_a_status_is_replaced_by_defaults():
    nonsense = {"state": "running", "pid": "1; rm", "step": 2.5, "total": True, "loss": float("inf"), "eta": 10**400}
    nonsense |= {"error": None, "message": 3, "best": [1], "heartbeat": None, "seconds": float("nan"), "extra": 1}
    assert Status.parse(nonsense) == Status(state="running")


def test_a_living_process_is_alive_and_an_ended_one_is_not(sleeper):
    status = Status(state="running", pid=sleeper.pid, host=this_host(), process_start=process_start(sleeper.pid))
    assert is_alive(status)
    sleeper.kill()
    sleeper.wait()
    assert not is_alive(status)
    assert is_alive(own_process(Status()))


def test_a_zombie_is_not_alive(sleeper):
    status = Status(state="running", pid=sleeper.pid, host=this_host(), process_start=process_start(sleeper.pid))
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie: ended, but not waited for
    assert os.path.exists(f"/proc/{sleeper.pid}")
    assert not is_alive(status)


def test_another_process_with_the_same_pid_is_not_the_one(sleeper):
    mine = process_start(os.getpid())
    assert mine != process_start(sleeper.pid)
    assert not is_alive(Status(state="running", pid=sleeper.pid, host=this_host(), process_start=mine))


def test_setting_the_clock_back_changes_nothing_for_a_process(sleeper, monkeypatch):
    status = Status(state="running", pid=sleeper.pid, host=this_host(), process_start=process_start(sleeper.pid))
    for now in (0.0, time.time() - 86_400 * 365, time.time() + 86_400 * 365):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        assert is_alive(status)


def test_a_process_on_another_machine_is_known_by_its_heartbeat():
    status = Status(state="running", pid=1, host="elsewhere", process_start="x", heartbeat=1000.0)
    assert is_alive(status, now=1000.0 + HEARTBEAT_GRACE - 1)
    assert not is_alive(status, now=1000.0 + HEARTBEAT_GRACE + 1)
    assert not is_alive(status, now=1000.0 - HEARTBEAT_GRACE - 1), "a clock that was set back keeps nothing alive"


def test_a_run_that_was_queued_has_a_while_to_bring_up_its_process():
    status = Status(state="queued", queued_at=1000.0)
    assert is_alive(status, now=1000.0 + START_GRACE - 1)
    assert not is_alive(status, now=1000.0 + START_GRACE + 1)


def test_no_process_has_no_start():
    assert process_start(2**22 + 5) == ""
    assert not is_alive(Status(state="running", pid=2**22 + 5, host=this_host(), process_start=""))


def test_where_there_is_no_proc_the_start_is_a_time(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "Path", lambda text: tmp_path / "absent")
    assert abs(float(process_start(os.getpid())) - time.time()) < 3600
