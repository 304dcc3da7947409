import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.commands import train as train_module
from core.commands.main import main
from core.durations import duration
from core.flags import set_options
from core.jobs import launch
from core.jobs.progress import describe
from core.jobs.repeat_command import command
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create, find, list_runs
from core.runs.trash import list_trash
from core.schema import from_text
from core.sources import Source
from core.version import release
from tests.core.commands.cli import answer, run
from tests.core.toy_family import TOY, ToyOptions, toy_run

ROOT = Path(__file__).resolve().parents[3]
HEAVY = {"tensorflow", "keras", "pandas", "numpy", "scipy", "sklearn", "streamlit", "plotly", "PIL", "h5py"}


@pytest.mark.parametrize(
    "words", [["--help"], ["train", "--help"], ["train", "charlm", "--help"], ["runs", "--help"], ["runs", "list"]]
)
def test_help_and_lists_bring_no_heavy_package(words, tmp_path):
    code = (
        "import sys\nfrom core.commands.main import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('HEAVY', sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"HIDDEN_STATE_RUNS": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def test_training_answers_with_the_run_its_state_and_its_figures(capsys, text):
    found = answer(capsys, "train", "toy", "--text", text, "--steps", "40", "--name", "My Novel")
    assert found["run"] == "my-novel"
    assert found["state"] == "finished"
    assert found["steps"] == 40
    assert found["final_loss"] >= 0
    assert found["seconds"] >= 0
    assert {"throughput", "peak_memory_mb", "versions", "machine"} <= set(found)
    assert found["versions"].items() >= release().items()
    assert find("my-novel").config["data"]["name"] == "novel"


def test_progress_and_notes_go_to_standard_error_only(capsys, text):
    code, out, err = run(capsys, "train", "toy", "--text", text, "--steps", "40")
    assert code == 0
    assert out == ""
    assert "The toy was left as it is." in err
    assert "finished" in err


def test_a_preset_chooses_what_is_not_given(capsys, text):
    answer(capsys, "train", "toy", "--text", text, "--preset", "best", "--width", "7", "--fast", "--milestones", "3,4")
    options: Any = list_runs()[0].options
    assert (options.epochs, options.width, options.fast, options.milestones) == (30, 7, True, (3, 4))


def test_a_named_budget_puts_the_others_out_of_force(capsys, text):
    answer(capsys, "train", "toy", "--text", text, "--steps", "20")
    options = list_runs()[0].options
    assert (options.steps, options.epochs, options.seconds) == (20, None, None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "toy"], "--text"),
        (["train", "nope", "--text", "x"], "nope"),
        (["train", "toy", "--text", "/no/such/file"], "check the path"),
        (["train", "toy", "--text", "TEXT", "--width", "many"], "width"),
        (["train", "toy", "--text", "TEXT", "--width", "-1"], "width"),
        (["train", "toy", "--text", "TEXT", "--learning-rate", "nan"], "learning_rate"),
        (["train", "toy", "--text", "TEXT", "--steps", "5", "--epochs", "5"], "one budget"),
        (["train", "toy", "--text", "TEXT", "--wid", "5"], "--wid"),
        (["train", "toy", "--text", "TEXT", "--preset", "huge"], "huge"),
        (["train", "toy", "--text", "TEXT", "--sweep", "width"], "NAME=A,B"),
        (["train", "toy", "--text", "TEXT", "--sweep", "nope=1"], "nope"),
        (["train", "toy", "--text", "TEXT", "--sweep", "width=1,x"], "width"),
        (["train", "toy", "--text", "TEXT", "--seeds", ""], "at least one"),
        (["train", "toy", "--text", "run:nope"], "There is no run"),
        (["runs", "show", "../../etc"], "There is no run"),
        (["runs", "stop", "done"], "not active"),
        (["runs", "resume", "done"], "nothing to continue"),
        (["runs", "resume", "done", "--more-steps", "-3"], "above 0"),
        (["runs", "resume", "done", "--more-steps", "x"], "--more-steps"),
        (["runs", "again", "done", "--set", "width"], "NAME=VALUE"),
        (["runs", "again", "done", "--set", "wdth=3"], "wdth"),
        (["runs", "again", "done", "--set", "width=x"], "width"),
        (["runs", "again", "done", "--from-step", "7"], "no sound weights"),
        (["runs", "restore", "done"], "in the bin"),
        (["runs", "rename", "done", "\x1b"], "needs a name"),
        (["fly"], "fly"),
        ([], "COMMAND"),
    ],
)
def test_wrong_input_is_one_sentence_on_standard_error_and_exit_2(capsys, toy, text, words, said):
    done = toy_run(toy, name="done")
    Status(state="finished", step=100).write(done.path / "status.json")
    code, out, err = run(capsys, *[text if word == "TEXT" else word for word in words])
    assert code == 2
    assert out == ""
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert "\x1b" not in err
    assert [found.id for found in list_runs()] == ["done"]


def test_a_file_in_place_of_the_runs_folder_is_one_sentence(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, out, err = run(capsys, "runs", "list", "--runs-dir", str(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "Not a directory" in err


def test_a_fault_is_exit_1_with_its_traceback(capsys, monkeypatch, text):
    monkeypatch.setattr(train_module, "create", lambda *given, **named: 1 / 0)
    code, _out, err = run(capsys, "train", "toy", "--text", text)
    assert code == 1
    assert "ZeroDivisionError" in err


def test_a_failed_training_is_exit_1_and_says_why(capsys, text):
    code, out, err = run(capsys, "train", "toy", "--text", text, "--steps", "40", "--nan-at", "0", "--json")
    assert code == 0, "one broken step is mended"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TOY.training, "make_task", lambda run: 1 / 0)
        code, out, err = run(capsys, "train", "toy", "--text", text, "--json")
    assert code == 1
    assert "log of the run" in err
    assert json.loads(out.splitlines()[-1])["state"] == "failed"


# Looking after runs ---------------------------------------------------------------------------------------------------
def test_runs_are_listed_shown_renamed_deleted_and_restored(capsys, toy, text):
    answer(capsys, "train", "toy", "--text", text, "--steps", "20", "--name", "one")
    listed = answer(capsys, "runs", "list")["runs"]
    assert [(row["run"], row["state"], row["step"]) for row in listed] == [("one", "finished", 20)]
    renamed = answer(capsys, "runs", "rename", "one", "The <b>first</b>", "--note", "a note", "--tags", "x", "y")
    assert (renamed["name"], renamed["note"], renamed["tags"]) == ("The <b>first</b>", "a note", ["x", "y"])
    shown = answer(capsys, "runs", "show", "one")
    assert shown["report"]["steps"] == 20
    assert shown["name"] == "The <b>first</b>"
    assert "final_loss" in run(capsys, "runs", "show", "one")[1]
    assert answer(capsys, "runs", "delete", "one")["state"] == "deleted"
    assert answer(capsys, "runs", "list")["runs"] == []
    assert len(list_trash()) == 1
    assert answer(capsys, "runs", "restore", "one")["state"] == "finished"


def test_a_run_is_also_named_by_the_path_of_its_folder(capsys, tmp_path):
    there = create(ToyOptions(), [Source("a", b"x")], name="far", directory=tmp_path / "elsewhere")
    assert answer(capsys, "runs", "show", str(there.path))["run"] == "far"
    assert run(capsys, "runs", "show", "far", "--runs-dir", str(there.path.parent))[0] == 0


def test_resuming_goes_on_and_more_steps_go_on_longer(capsys, toy):
    new = toy_run(toy, name="night")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 5)
        assert answer(capsys, "runs", "resume", "night")["state"] == "stopped"
    assert new.status.step == 25
    assert answer(capsys, "runs", "resume", "night")["steps"] == 100
    assert answer(capsys, "runs", "resume", "night", "--more-epochs", "3")["steps"] == 130
    assert command(new).splitlines()[1:] == ["python -m core runs resume RUN --more-steps 30"]


def test_strange_texts_in_a_run_reach_no_terminal(capsys, toy):
    new = toy_run(toy, name="x")
    new.write_json("about.json", {"name": "a\x1b[2Jb", "note": "c\x1b]0;d\x07", "tags": []})
    new.write_json("report.json", {"notes\x1b[0m": "e\u202ef", "steps": 3})
    Status(state="failed", error="g\x1b[31m").write(new.path / "status.json")
    for words in (["runs", "show", "x"], ["runs", "list"]):
        code, out, _err = run(capsys, *words)
        assert code == 0
        assert "\x1b" not in out
        assert "\u202e" not in out


# Small things ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.6, "1 min 00 s"), (130, "2 min 10 s"), (11100, "3 h 05 min")]
)
def test_durations_read_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_the_live_line_has_what_is_known():
    status = Status(state="running", step=1200, total=5000, loss=1.8123, best=1.79, best_metric="val_loss")
    status.throughput, status.unit, status.eta = 25_300.0, "chars", 130.0
    assert describe(status) == (
        "step 1,200 of 5,000 · loss 1.8123 · best val_loss 1.7900 · 25,300 chars/s · 2 min 10 s left"
    )


def test_typed_values_become_what_the_schema_reads():
    assert from_text(ToyOptions, "milestones", "1, 2") == ["1", "2"]
    assert from_text(ToyOptions, "milestones", "none") is None
    assert set_options(["--nan-at=3", "fast = true"], ToyOptions) == {"nan_at": "3", "fast": "true"}


def test_what_the_browser_starts_is_the_work_command(toy, capsys):
    new = toy_run(toy)
    launch.enqueue(new)
    assert main(["work", str(new.path)]) == 0
    assert new.status.state == "finished"
