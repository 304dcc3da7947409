"""What the owner of a hosted demo sees, and the pause of new work."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.faults import recent_faults, studio_log
from core.hosting import admission, owner, refusals
from core.hosting.limits import LIMITS
from core.hosting.visitor_scheduler import VisitorScheduler
from core.runs.run import Run
from tests.core.hosting.conftest import TOKENS, make, put, visit

TOKEN = "a-token-of-the-owner"


@pytest.mark.parametrize(
    ("known", "given", "right"),
    [
        (TOKEN, TOKEN, True),
        (TOKEN, TOKEN[:-1], False),
        (TOKEN, "", False),
        ("", "", False),
        ("short", "short", False),
        (TOKEN, "\udfff é", False),
    ],
)
def test_only_the_whole_token_opens_and_none_or_a_short_one_opens_nothing(monkeypatch, known, given, right):
    monkeypatch.setenv(owner.ENVIRONMENT, known)
    assert owner.is_token(given) is right
    assert owner.has_token() is (known == TOKEN)


def test_a_pause_refuses_new_runs_and_starts_none_of_the_line(demo):
    with visit("ada"):
        run = put(make(), "queued", pid=None, queued_at=1.0)
    started: list[Run] = []
    scheduler = VisitorScheduler(demo, started.append)
    owner.pause(demo)
    with visit("bo"), pytest.raises(UserError, match="takes no new work now"):
        make()
    scheduler.poll()
    assert started == []
    assert run.status.state == "queued"
    owner.resume(demo)
    owner.resume(demo)
    scheduler.poll()
    assert [item.path for item in started] == [run.path]
    with visit("bo"):
        make()


def test_the_owner_is_not_paused(demo):
    owner.pause(demo)
    make("mine-too")


def test_work_is_listed_with_its_state_and_memory_and_no_token(demo):
    with visit("ada"):
        waits = put(make("waits"), "queued", queued_at=2.0)
    with visit("bo"):
        trains = put(make("trains"), "running", started_at=1.0)
        gone = put(make("gone"), "running", pid=2**22 + 1, ended_at=3.0)
    assert [item.run for item in owner.waiting(demo)] == [waits.id]
    (found,) = owner.running(demo)
    assert (found.run, found.family, found.state) == (trains.id, "charlm", "running")
    assert found.memory_mb > 20  # this process stands for the training
    assert [item.run for item in owner.failed(demo)] == [gone.id]
    assert len(found.visitor) == 6
    assert not any(token in repr((owner.waiting(demo), found)) for token in TOKENS.values())
    assert owner.server_memory() > 20
    disk = owner.disk(demo)
    assert 0 < disk.used < disk.limit
    assert disk.free > 0


def test_each_refusal_counts_once_under_its_kind(demo, monkeypatch):
    monkeypatch.setattr(refusals, "_counts", type(refusals._counts)())
    monkeypatch.setattr(admission, "LIMITS", replace(LIMITS, data_bytes=1, rows=1, visitor_bytes=1))
    with visit("ada"):
        for check in (
            lambda: admission.check_data(2),
            lambda: admission.check_rows(2),
            lambda: admission.check_rows(3),
        ):
            with pytest.raises(UserError):
                check()
        make_folder(demo)
        with pytest.raises(UserError, match="delete one"):
            admission.check_start(demo / ".visitors" / TOKENS["ada"])
        owner.pause(demo)
        with pytest.raises(UserError):
            admission.check_start(demo)
        with pytest.raises(UserError):
            admission.check_import()
    assert refusals.counts() == {"rows": 2, "data": 1, "disk": 1, "paused": 1, "import": 1}


def make_folder(demo: Path) -> None:
    folder = demo / ".visitors" / TOKENS["ada"] / "run"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")


def test_the_newest_faults_are_kept_as_one_line_each(caplog):
    log = studio_log()
    with caplog.at_level(logging.INFO, "hidden_state"):
        log.warning("no fault")
        try:
            raise ValueError("a\nb\x1b[2J")
        except ValueError:
            log.exception("A screen failed: %s", "here")
    newest = recent_faults()[0]
    assert newest.text == "A screen failed: here: ValueError: a b\\x1b[2J"
    for number in range(60):
        log.error("fault %d", number)
    assert [fault.text for fault in recent_faults()[:2]] == ["fault 59", "fault 58"]
    assert len(recent_faults()) == 50
