"""A visitor's runs are reached only with their token, listed nowhere else, and deleted after a day."""

import os
import time
from pathlib import Path

import pytest

from core.bundles.bundle import import_bundle
from core.charlm.config import CharLMConfig
from core.errors import UserError
from core.hosting import visitors
from core.hosting.limits import LIMITS
from core.jobs import launch
from core.jobs.rerun import create_rerun
from core.runs.policy import is_demo
from core.runs.run import Run
from core.runs.store import create, delete, find, list_runs
from core.runs.trash import disk_use, list_trash, restore
from core.sources import Source
from tests.core.hosting.conftest import TEXT, TOKENS, make, put, visit

DAY = 86_400


def ids(runs: list[Run]) -> set[str]:
    return {run.id for run in runs}


@pytest.mark.parametrize(("text", "on"), [("1", True), ("true", True), ("0", False), ("", False), ("no", False)])
def test_a_demo_is_what_the_environment_says(monkeypatch, text, on):
    monkeypatch.setenv("HIDDEN_STATE_DEMO", text)
    assert is_demo() is on


def test_each_visitor_sees_their_own_runs_and_those_of_the_demo_and_nothing_else(demo):
    with visit("ada"):
        hers = make()
    with visit("bo"):
        his = make()
        assert ids(list_runs()) == {"demo-lighthouse", his.id}
    with visit("ada"):
        assert ids(list_runs()) == {"demo-lighthouse", hers.id}
        assert ids(list_runs(family="charlm")) == {"demo-lighthouse", hers.id}
    with visit("cy"):
        assert ids(list_runs()) == {"demo-lighthouse"}
    assert ids(list_runs()) == {"demo-lighthouse", "owners"}, "nor does the owner's own list show them"


@pytest.mark.parametrize(
    "altered", ["{id}", "owners", ".visitors", "{token}/{id}", ".visitors/{token}/{id}", "../{id}"]
)
def test_the_address_of_somebody_elses_run_opens_nothing(demo, altered):
    with visit("ada"):
        hers = make()
    wanted = altered.format(id=hers.id, token=TOKENS["ada"])
    with visit("bo"), pytest.raises(UserError, match="There is no run"):
        find(wanted)


@pytest.mark.parametrize(
    "wrong", ["", "nobody", "0" * 31, "0" * 33, TOKENS["ada"].upper() + "x", "../" + "0" * 29, "."]
)
def test_a_guessed_token_opens_no_folder(demo, wrong):
    with visit("ada"):
        make()
    assert visitors.is_valid_token(TOKENS["ada"], demo)
    assert not visitors.is_valid_token(wrong, demo)
    assert not visitors.is_valid_token(TOKENS["bo"], demo)


def test_tokens_are_long_and_never_the_same():
    tokens = {visitors.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(bytes.fromhex(token)) == 16 for token in tokens)


@pytest.mark.parametrize(
    "change",
    [
        delete,
        lambda run: run.describe(name="x"),
        launch.start,
        launch.stop,
        lambda run: launch.start(run, {"steps": 5}),
    ],
)
@pytest.mark.parametrize("whose", ["demo-lighthouse", "ada"])
def test_what_is_not_ones_own_can_be_looked_at_but_not_changed(demo, change, whose):
    with visit("ada"):
        hers = make()
    run = hers if whose == "ada" else find(whose)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with visit("bo"), pytest.raises(UserError, match="belongs to the demo"):
        change(run)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_training_again_on_a_demo_run_makes_a_run_of_ones_own(demo):
    with visit("ada"):
        new = create_rerun(find("demo-lighthouse"), {"units": 16})
        assert find(new.id).path == new.path
        assert new.options.model_dump()["units"] == 16
    assert new.path.parent.name == TOKENS["ada"]
    assert ids(list_runs()) == {"demo-lighthouse", "owners"}


def test_no_run_of_a_visitor_passes_for_one_of_the_demo(demo):
    with visit("ada"):
        run = make("demo-lighthouse")
        assert not run.id.startswith("demo-")
        assert find("demo-lighthouse").path.parent == demo


def test_a_visitors_bin_is_theirs_too(demo):
    with visit("ada"):
        hers = make()
        delete(hers)
        assert [item.id for item in list_trash()] == [hers.id]
        assert disk_use()[0] == 0, "what the demo brings is not counted as theirs"
    with visit("bo"):
        assert list_trash() == []
        with pytest.raises(UserError, match="no run"):
            restore(hers.id)
    assert list_trash() == []
    with visit("ada"):
        assert restore(hers.id).id == hers.id


def test_whole_runs_are_not_taken_in(demo, tmp_path):
    with visit("ada"), pytest.raises(UserError, match="takes no runs in"):
        import_bundle(tmp_path / "any.zip")


def test_runs_are_gone_after_a_day_and_not_before(demo):
    with visit("ada"):
        old, binned_one, young = make("old"), make("list_trash"), make("young")
        delete(binned_one)
    with visit("bo"):
        lonely = make()
    (in_bin,) = (demo / ".visitors" / TOKENS["ada"] / ".bin").iterdir()
    past = time.time() - DAY - 5
    for folder in (old.path, in_bin, lonely.path):
        os.utime(folder / "config.json", (past, past))
    put(old, "finished")  # writing to it later does not change its age
    assert visitors.remove_expired(demo) == 3
    assert young.path.is_dir()
    assert not old.path.exists()
    assert not in_bin.exists()
    assert visitors.remove_expired(demo, time.time() + 120) == 0
    assert not lonely.path.parent.exists(), "a visitor without runs is forgotten"
    assert visitors.remove_expired(demo, time.time() + DAY + 5) == 1
    assert ids(list_runs()) == {"demo-lighthouse", "owners"}, "the machine's own are never swept"


def test_a_run_in_training_outlives_its_day_until_it_has_ended(demo):
    with visit("ada"):
        run = put(make("continued"), "running", heartbeat=time.time())
    past = time.time() - DAY - 5
    os.utime(run.path / "config.json", (past, past))
    assert visitors.remove_expired(demo) == 0
    put(run, "stopped")
    assert visitors.remove_expired(demo) == 1


def test_a_visitor_is_not_told_where_the_server_keeps_runs(demo, monkeypatch):
    def full(*_given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.runs.store.write_json", full)
    with pytest.raises(UserError, match="cannot be written to “/"):
        make()
    with visit("ada"), pytest.raises(UserError) as told:
        make()
    assert str(told.value) == "The run cannot be written: No space left on device."


def test_at_home_nobody_is_a_visitor(runs_folder: Path):
    run = create(CharLMConfig(units=4096, seconds=LIMITS.seconds + 1), [Source("a.txt", TEXT)], name="Novel")
    assert run.id == "novel"
    assert run.path.parent == runs_folder
    assert "class" not in run.config
