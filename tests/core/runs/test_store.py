import errno
import multiprocessing
import os
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import UserError
from core.runs import store
from core.runs.run import Run
from core.runs.status import Status, own_process
from core.runs.store import create, find, list_runs
from core.runs.trash import disk_use, list_trash, purge, restore
from core.sources import Source
from tests.core.toy_family import ToyOptions, toy_run

RUNS = 12


def make(folder: Path, **named) -> Run:
    return create(ToyOptions(), [Source("../x<b>.TXT", b"abc"), Source("b", b"", "test")], directory=folder, **named)


def test_a_new_run_is_whole_and_says_what_it_was_made_from(toy):
    run = make(toy, name="Älter\n<b>")
    assert run.id == "alter-b"
    assert run.name == "Älter <b>"
    assert run.status.state == "stopped"
    assert "not been started" in run.status.message
    assert [(source.name, source.data, source.role) for source in run.sources()] == [
        ("../x<b>.TXT", b"abc", "train"),
        ("b", b"", "test"),
    ]
    assert sorted(path.name for path in (run.path / "data").iterdir()) == ["00000.txt", "00001"]
    assert run.config["data"]["size"] == 3
    assert run.options == ToyOptions()
    assert not [path for path in toy.iterdir() if path.name.startswith(".")]


def _create_one(folder: str, number: int) -> str:
    return make(Path(folder), name="same").id


def test_runs_of_one_name_made_at_once_by_many_processes_are_all_there(toy):
    with multiprocessing.get_context("fork").Pool(4) as pool:
        ids = pool.starmap(_create_one, [(str(toy), number) for number in range(RUNS)])
    assert sorted(ids) == sorted(["same", *(f"same-{number}" for number in range(2, RUNS + 1))])
    assert {run.id for run in list_runs()} == set(ids)
    assert all(run.sources()[0].data == b"abc" for run in list_runs())


def test_the_newest_run_is_first_and_a_broken_one_last(toy):
    old, new = make(toy, name="old"), make(toy, name="new")
    broken = make(toy, name="broken")
    (broken.path / "config.json").write_text("{}")
    (toy / "file.txt").write_text("not a run")
    (toy / ".hidden").mkdir()
    assert [run.id for run in list_runs()] == [new.id, old.id, broken.id]
    assert [run.id for run in list_runs(family="toy")] == [new.id, old.id]
    assert list_runs(family="other") == []
    assert list_runs(toy / "absent") == []


@pytest.mark.parametrize("name", ["", "..", ".", "../x", "a/b", "/etc", "x\x00y", "<b>", "x" * 5000, "\u202e"])
def test_what_is_no_run_is_not_found_and_shown_harmlessly(toy, name):
    make(toy, name="x")
    with pytest.raises(UserError, match="There is no run") as error:
        find(name)
    assert "\x00" not in str(error.value)
    assert len(str(error.value)) < 250


def test_only_the_folder_of_runs_is_looked_into(toy, tmp_path):
    run = make(tmp_path / "elsewhere", name="secret")
    with pytest.raises(UserError, match="There is no run"):
        find(str(run.path))
    assert find("secret", tmp_path / "elsewhere").id == "secret"


# Damage ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "config",
    [
        "",
        "[]",
        "null",
        '{"schema": 1}',
        '{"schema": 2, "family": "toy", "options": {}, "data": {"files": []}}',
        '{"schema": 1, "family": 7, "options": {}, "data": {"files": []}}',
        '{"schema": 1, "family": "toy", "options": [], "data": {"files": []}}',
        '{"schema": 1, "family": "toy", "options": {}, "data": {"files": ["x"]}}',
        '{"schema": 1, "family": "toy", "options": {}, "data": 3}',
    ],
)
def test_a_config_of_nonsense_is_said_in_a_sentence_and_the_run_still_listed(toy, config):
    run = ended(toy, "hand-made")
    (run.path / "config.json").write_text(config)
    [listed] = list_runs()
    assert listed.status.state == "broken"
    assert "hand-made" in listed.status.error
    with pytest.raises(UserError, match="hand-made"):
        listed.options  # noqa: B018
    store.delete(listed)
    assert list_runs() == []


@pytest.mark.parametrize("value", ["banana", -3, None, 10**30, [1], float("nan")])
def test_a_nonsensical_option_is_named(toy, value):
    run = make(toy)
    run.write_json("config.json", run.config | {"options": run.config["options"] | {"width": value}})
    with pytest.raises(UserError, match="width"):
        Run(run.path).options  # noqa: B018


def test_an_unknown_family_is_named_with_the_known_ones(toy):
    run = make(toy)
    run.write_json("config.json", run.config | {"family": "nope"})
    with pytest.raises(UserError, match=r"nope.*charlm"):
        Run(run.path).options  # noqa: B018


@pytest.mark.parametrize("created", ["yesterday", None, True, 10**400, [], -5e300])
def test_a_run_without_a_sound_date_is_listed_as_old(toy, created):
    run = make(toy)
    run.write_json("config.json", run.config | {"created": created})
    assert list_runs()[0].created == 0.0


@pytest.mark.parametrize("gone", ["data", "about.json", "status.json", "plan.json", "checkpoint", "model.keras"])
def test_a_half_deleted_run_is_listed_and_says_what_is_missing(toy, gone):
    run = toy_run(toy)
    Status(state="finished").write(run.path / "status.json")
    path = run.path / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    [listed] = list_runs()
    assert listed.name
    assert listed.size() > 0
    if gone == "data":
        with pytest.raises(UserError, match="is gone"):
            listed.sources()
    if gone == "status.json":
        assert listed.status.state == "died"
        assert "checkpoint" in listed.status.error


def test_changed_data_is_noticed(toy):
    run = make(toy)
    (run.path / "data" / "00000.txt").write_bytes(b"abd")
    with pytest.raises(UserError, match="was changed"):
        run.sources()


def test_data_is_read_from_the_run_only(toy, tmp_path):
    (tmp_path / "secret.txt").write_bytes(b"secret")
    run = make(toy)
    files = [{"name": "x", "path": "../../../secret.txt", "size": 6, "sha256": Source("x", b"secret").sha256}]
    run.write_json("config.json", run.config | {"data": {"files": files}})
    with pytest.raises(UserError, match="is gone"):
        Run(run.path).sources()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_leaves_no_half_run(toy, monkeypatch, error):
    calls = []

    def refuse(source, target):
        calls.append(target)
        if len(calls) == 3:
            raise OSError(error, os.strerror(error))
        return original(source, target)

    original = os.replace
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(UserError, match="cannot be written"):
        make(toy)
    assert os.listdir(toy) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a limit on file sizes as Linux knows it")
def test_a_real_limit_on_the_file_size_is_a_sentence_too(toy):
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(UserError, match="cannot be written"):
            create(ToyOptions(), [Source("big", bytes(10_000))], directory=toy)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(toy) == []


# What people call it --------------------------------------------------------------------------------------------------
def test_name_note_and_tags_change_and_the_rest_stays(toy):
    run = make(toy, name="first")
    run.describe(name="second\x1b[0m", tags=["good", "good", "night"])
    run.describe(note="line one\nline two")
    again = find("first")
    assert (again.name, again.note, again.tags) == ("second [0m", "line one\nline two", ["good", "night"])
    with pytest.raises(UserError, match="needs a name"):
        run.describe(name=" \u202e ")
    with pytest.raises(UserError, match="at most"):
        run.describe(note="x" * 10_001)
    assert find("first").name == "second [0m"


@pytest.mark.parametrize("about", ["[]", '{"name": 3, "note": [], "tags": "x"}', '{"name": "\\u202e"}', ""])
def test_a_damaged_description_falls_back_to_the_folder(toy, about):
    run = make(toy, name="plain")
    (run.path / "about.json").write_text(about)
    assert (run.name, run.note, run.tags) == ("plain", "", [])


# The bin --------------------------------------------------------------------------------------------------------------
def ended(folder: Path, name: str) -> Run:
    run = make(folder, name=name)
    Status(state="finished", best=0.5).write(run.path / "status.json")
    return run


def test_a_deleted_run_comes_back_as_it_was(toy):
    run = ended(toy, "night")
    files = {path.name: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    key = store.delete(run)
    assert list_runs() == []
    assert [item.id for item in list_trash()] == ["night"]
    runs, bin_ = disk_use()
    assert runs == 0 < bin_
    back = restore(key)
    assert back.id == "night"
    assert back.status.best == 0.5
    assert {path.name: path.read_bytes() for path in back.path.rglob("*") if path.is_file()} == files
    assert list_trash() == []


def test_a_run_whose_name_was_taken_meanwhile_comes_back_beside_it(toy):
    store.delete(ended(toy, "night"))
    ended(toy, "night")
    store.delete(find("night"))
    ended(toy, "night")
    assert [restore("night").id, restore("night").id] == ["night-2", "night-3"]


@pytest.mark.parametrize("key", ["night", "../night", "", "1-night", "1700000000000-../../x"])
def test_what_is_not_in_the_bin_does_not_come_back(toy, key):
    (toy / ".bin").mkdir(parents=True)
    with pytest.raises(UserError, match="in the bin"):
        restore(key)


def test_the_bin_is_emptied_after_a_week_and_not_before(toy, monkeypatch):
    store.delete(ended(toy, "old"))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 6 * 86_400)
    assert purge() == 0
    store.delete(ended(toy, "new"))
    monkeypatch.setattr(time, "time", lambda: now - 86_400 * 400)
    assert purge() == 0, "a clock that was set back empties nothing"
    monkeypatch.setattr(time, "time", lambda: now + 8 * 86_400)
    draft = toy / ".new-1-2"
    draft.mkdir()
    os.utime(draft, (now, now))
    assert purge() == 1
    assert [item.id for item in list_trash()] == ["new"]
    assert not draft.exists()


def test_an_active_run_is_not_deleted(toy):
    run = make(toy)
    own_process(Status(state="running")).write(run.path / "status.json")
    with pytest.raises(UserError, match="stop it first"):
        store.delete(run)
    assert run.path.exists()


def test_a_folder_that_refuses_keeps_its_run(toy, monkeypatch):
    run = ended(toy, "night")

    def refuse(*_arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(UserError, match="Read-only"):
        store.delete(run)
    assert run.path.exists()


def test_a_runs_size_is_told_while_its_folders_come_and_go(toy):
    run = make(toy)
    done, least = threading.Event(), run.size()

    def sample() -> None:
        while not done.is_set():
            draft = run.path / "samples" / ".draft"
            draft.mkdir(parents=True, exist_ok=True)
            (draft / "text.txt").write_bytes(b"abc")
            draft.rename(run.path / "samples" / "step-1")
            shutil.rmtree(run.path / "samples" / "step-1")

    busy = threading.Thread(target=sample)
    busy.start()
    try:
        assert all(least <= run.size() <= least + 3 for _look in range(1500))
    finally:
        done.set()
        busy.join()


def test_a_runs_folder_that_is_a_file_or_unreadable_is_said_and_not_taken_for_an_empty_one(toy, monkeypatch):
    store.check_root()
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(toy / "not-made-yet"))
    store.check_root()
    toy.mkdir()
    (toy / "file").write_text("")
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(toy / "file"))
    with pytest.raises(UserError, match="Not a directory"):
        store.check_root()
