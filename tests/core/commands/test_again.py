import json
from typing import Any

import pytest

from core.errors import UserError
from core.jobs import launch
from core.jobs.repeat_command import command
from core.jobs.sweep import LIMIT, combinations, sweep
from core.runs.run import Run
from core.runs.status import Status, own_process
from core.runs.store import find, list_runs
from core.sources import Source
from core.training import snapshots
from tests.core.commands.cli import answer, run
from tests.core.toy_family import ToyOptions, toy_run


def test_the_printed_command_repeats_the_run_to_the_last_bit(capsys, text):
    first = answer(
        capsys, "train", "toy", "--text", text, "--steps", "35", "--width", "4", "--learning-rate", "0.003", "--fast",
        "--milestones", "5,6", "--schedule", "linear", "--seed", "3",
    )  # fmt: skip
    words = command(find(first["run"])).split()
    assert words[:3] == ["python", "-m", "core"]
    second = answer(capsys, *words[3:])
    one, two = find(first["run"]), find(second["run"])
    assert one.options == two.options
    assert one.sources() == two.sources()
    assert one.model_path.read_bytes() == two.model_path.read_bytes()


def test_again_changes_only_what_is_said_and_records_it(capsys, toy):
    toy_run(toy, name="first", seed=4, steps=30, epochs=None)
    made = answer(capsys, "runs", "again", "first", "--set", "width=5", "learning-rate=0.01", "epochs=2")
    new = find(made["run"])
    options: Any = new.options
    assert new.name == "first, again"
    assert (options.width, options.seed, options.epochs, options.steps) == (5, 4, 2, None)
    assert new.config["origin"] == {"run": "first", "changed": ["epochs", "steps", "learning_rate", "width"]}


def test_a_branch_begins_from_the_weights_that_were_kept(capsys, toy):
    first = toy_run(toy, name="first")
    answer(capsys, "runs", "resume", "first")
    step = snapshots.steps(first)[3]
    kept = snapshots.load(first, step)["model/weight"]
    made = answer(capsys, "runs", "again", "first", "--from-step", str(step), "--set", "steps=20", "--name", "branch")
    branch = find(made["run"])
    assert branch.config["origin"]["step"] == step
    assert json.loads(branch.sample(0, "numbers.txt")) == pytest.approx(kept.tolist())
    assert command(branch) == "python -m core runs again branch"
    repeated = find(answer(capsys, *command(branch).split()[3:])["run"])
    assert repeated.sample(0, "numbers.txt") == branch.sample(0, "numbers.txt")
    assert repeated.model_path.read_bytes() == branch.model_path.read_bytes()


def test_a_branch_of_another_shape_fails_in_a_sentence(capsys, toy):
    first = toy_run(toy, name="first")
    answer(capsys, "runs", "resume", "first")
    step = str(snapshots.steps(first)[0])
    code, _out, err = run(capsys, "runs", "again", "first", "--from-step", step, "--set", "width=9")
    assert code == 1
    assert "keep the options that give the network its shape" in err


def test_a_sweep_queues_every_combination_in_order(capsys, monkeypatch, text):
    started = []
    monkeypatch.setattr(launch, "start", lambda new: started.append(new.id))
    words = ["--sweep", "width=2,5", "--sweep", "learning-rate=0.1,0.2", "--seeds", "0,1", "--name", "S"]
    found = answer(capsys, "train", "toy", "--text", text, *words)
    assert found["runs"] == started
    assert len(started) == 8
    options = [find(run_id).options.model_dump() for run_id in started]
    assert [(item["width"], item["learning_rate"], item["seed"]) for item in options][:3] == [
        (2, 0.1, 0),
        (2, 0.1, 1),
        (2, 0.2, 0),
    ]
    marks = [find(run_id).config["sweep"] for run_id in started]
    assert all(mark == marks[0] for mark in marks)
    assert marks[0]["options"] == ["width", "learning_rate", "seed"]
    assert find(started[0]).name == "S · width 2, learning_rate 0.1, seed 0"


def test_a_sweep_is_bounded_and_makes_nothing_where_one_value_does_not_fit(toy):
    assert len(combinations({"a": range(10), "b": range(10)})) == LIMIT
    with pytest.raises(UserError, match="10,000,000"):
        combinations({name: range(10) for name in "abcdefg"})
    with pytest.raises(UserError, match="at least one"):
        combinations({"a": []})
    assert combinations({}, [1, 1, 2]) == [{"seed": "1"}, {"seed": "2"}]
    with pytest.raises(UserError, match="width"):
        sweep(ToyOptions(), {"width": [3, 1000]}, [], [Source("a", b"x")])
    assert list_runs() == []


def test_sweeping_over_one_budget_puts_the_other_out_of_force(toy):
    runs = sweep(ToyOptions(seconds=5), {"steps": [10, 20]}, [], [Source("a", b"x")])
    assert [(item.options.steps, item.options.seconds, item.options.epochs) for item in runs] == [
        (10, None, None),
        (20, None, None),
    ]


def test_a_waiting_run_knows_its_place_and_when_it_will_about_start(capsys, toy):
    def waiting(name: str, at: float, **options) -> Run:
        new = toy_run(toy, name=name, **options)
        (new.path / "plan.json").unlink()
        own_process(Status(state="queued", queued_at=at)).write(new.path / "status.json")
        return new

    running = waiting("running", 1.0)
    own_process(Status(state="running", eta=30.0)).write(running.path / "status.json")
    waiting("second", 2.0, seconds=100)
    waiting("third", 3.0)
    waiting("fourth", 4.0)
    found = [answer(capsys, "runs", "show", name) for name in ("second", "third", "fourth")]
    assert [(item["position"], item["starts_in"]) for item in found] == [(0, 30.0), (1, 130.0), (2, None)]
    assert "position" not in answer(capsys, "runs", "show", "running")
