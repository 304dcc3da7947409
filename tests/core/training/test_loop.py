"""The training loop: budgets, best weights, roll-back, early stopping and status."""

import math
import time
from contextlib import suppress

import numpy as np
import pytest

from core.errors import UserError
from core.runs.checkpoint import checkpoints
from core.runs.files import read_json
from core.runs.run import Run
from core.runs.status import Status
from core.training import loop, planning, snapshots
from core.training.loop import Trainer
from core.training.task import Best
from tests.core.toy.training.train import numbers_in
from tests.core.toy_family import PLAN, ToyTask, toy_run


def train(run: Run, hook=None) -> ToyTask:
    task = ToyTask(run)
    Trainer(run, task, Status(state="running"), hook).fit()
    return task


@pytest.fixture
def quick_probe(monkeypatch):
    monkeypatch.setattr(planning, "PROBE_SECONDS", 0.02)


def unplanned(run: Run) -> Run:
    (run.path / "plan.json").unlink()
    return run


@pytest.mark.parametrize(("budget", "steps"), [({"steps": 37, "epochs": None}, 37), ({"epochs": 2.5}, 25)])
def test_a_budget_in_steps_or_epochs_is_kept_to_the_step(toy, quick_probe, budget, steps):
    run = unplanned(toy_run(toy, **budget))
    task = train(run)
    assert run.metrics()[-1]["step"] == steps
    assert read_json(run.path / "plan.json")["total_steps"] == steps
    assert task.trained[-steps:] == list(range(steps)), "the steps that measured the speed are not counted"


def test_a_budget_in_seconds_becomes_steps_once_by_measuring(toy, quick_probe):
    run = unplanned(toy_run(toy, seconds=1.0, epochs=None, delay=0.005))
    train(run)
    plan = read_json(run.path / "plan.json")
    assert 50 <= plan["total_steps"] <= 190, "5 ms a step, and something for all the rest"
    assert 0.4 < run.report["seconds"] < 4  # with tolerance for a loaded machine
    again = toy_run(toy, seconds=1.0, epochs=None)
    again.write_json("plan.json", plan)
    train(again)
    assert again.metrics()[-1]["step"] == plan["total_steps"], "a recorded plan is not measured again"


class Killed(BaseException):
    pass


def clock(monkeypatch, factor: float) -> None:
    """Let this process see a machine that is so many times slower."""
    real = time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: real() * factor)


def weights_and_rows(run: Run) -> tuple[bytes, list[dict], list[int]]:
    rows = [{key: value for key, value in row.items() if key not in ("seconds", "throughput")} for row in run.metrics()]
    return run.model_path.read_bytes(), rows, snapshots.steps(run)


@pytest.mark.parametrize("budget", [{"steps": 137, "epochs": None}, {"epochs": 12.5}])
@pytest.mark.parametrize(
    "trouble", [{}, {"spike_at": 93}, {"worse_after": 40, "patience": 2}], ids=["calm", "spike", "early"]
)
def test_a_slow_machine_trains_the_same_run_as_a_fast_one(toy, monkeypatch, budget, trouble):
    runs = []
    monkeypatch.setattr(planning, "CHECKPOINT_SHARE", 1e9)  # the slow one saves after every line
    for factor in (1e-4, 1e5):
        with monkeypatch.context() as patch:
            clock(patch, factor)
            runs.append(unplanned(toy_run(toy, name=f"x {factor:g}", **budget, **trouble)))
            train(runs[-1])
    assert weights_and_rows(runs[0]) == weights_and_rows(runs[1])
    assert runs[0].read_json("plan.json") == runs[1].read_json("plan.json")


@pytest.mark.parametrize("killed_in", ["measure_steps", "make_plan"])
@pytest.mark.parametrize("budget", [{"steps": 90}, {"seconds": 0.2, "delay": 0.001}], ids=["steps", "seconds"])
def test_a_run_killed_before_its_plan_was_written_ends_as_that_plan_says(
    toy, monkeypatch, quick_probe, budget, killed_in
):
    run = unplanned(toy_run(toy, epochs=None, **budget))

    def kill(*_arguments):
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        clock(patch, 1e3)
        patch.setattr(planning, killed_in, kill)
        train(run)
    assert killed_in == "measure_steps" or not run.metrics()
    train(run)
    total = read_json(run.path / "plan.json")["total_steps"]
    told = unplanned(toy_run(toy, steps=total, epochs=None))
    train(told)
    assert weights_and_rows(run) == weights_and_rows(told)


def test_what_a_kill_would_lose_is_saved_between_the_checkpoints_of_the_plan(toy, monkeypatch):
    clock(monkeypatch, 1e5)
    monkeypatch.setattr(planning, "CHECKPOINT_SHARE", 1e9)
    run = unplanned(toy_run(toy, steps=400, epochs=None))
    real, saved = Trainer._checkpoint, list[tuple[int, bool]]()

    def noted(self: Trainer, regular: bool) -> None:
        saved.append((self.progress.step, regular))
        real(self, regular)

    monkeypatch.setattr(Trainer, "_checkpoint", noted)
    train(run)
    every = read_json(run.path / "plan.json")["checkpoint_every"]
    assert [step for step, regular in saved if regular] == [*range(0, 400, every), 400]
    assert any(not regular for _step, regular in saved)


def test_the_first_call_compiles_and_says_nothing_about_the_throughput(toy, monkeypatch):
    trainer = Trainer(toy_run(toy), None, Status(throughput=7.0))
    said = []
    for throughput in (1.0, 100.0, 200.0):
        trainer.status.throughput = trainer._smooth(throughput)
        said.append(trainer.status.throughput)
    assert said == [1.0, 100.0, 110.0]


def test_measuring_leaves_no_trace_in_the_weights(toy, quick_probe):
    measured = unplanned(toy_run(toy, seconds=0.3, epochs=None, delay=0.002))
    train(measured)
    told = toy_run(toy, plan=read_json(measured.path / "plan.json"), steps=40, epochs=None)
    train(told)
    assert measured.model_path.read_bytes() == told.model_path.read_bytes()


def test_the_best_weights_are_kept_and_reported_not_the_last(toy):
    run = toy_run(toy, worse_after=40)
    train(run)
    values = {row["step"]: row["val_loss"] for row in run.metrics() if "val_loss" in row}
    best = min(values, key=values.get)
    assert best < PLAN["total_steps"]
    assert run.report["best_step"] == best
    assert run.report["best_value"] == values[best]
    kept = numbers_in(run.model_path)
    assert np.square(kept - np.arange(3)).sum() == pytest.approx(values[best] - max(0, best - 40), rel=1e-5)
    assert run.report["final_loss"] == pytest.approx(values[best] - max(0, best - 40), rel=1e-5)


def test_a_metric_that_should_rise_keeps_its_highest(toy, monkeypatch):
    monkeypatch.setattr(ToyTask, "best", Best("val_loss", "max"))
    run = toy_run(toy)
    train(run)
    values = [row["val_loss"] for row in run.metrics() if "val_loss" in row]
    assert run.report["best_value"] == max(values)


def test_patience_ends_the_run_after_that_many_worse_evaluations(toy):
    run = toy_run(toy, worse_after=40, patience=3)
    train(run)
    values = {row["step"]: row["val_loss"] for row in run.metrics() if "val_loss" in row}
    best = min(values, key=values.get)
    assert max(values) == best + 3 * PLAN["eval_every"]
    assert run.metrics()[-1]["step"] == max(values)


def test_without_patience_it_goes_on_to_the_end(toy):
    run = toy_run(toy, worse_after=40)
    train(run)
    assert run.metrics()[-1]["step"] == PLAN["total_steps"]


@pytest.mark.parametrize("trouble", [{"nan_at": 43}, {"spike_at": 43}])
def test_a_broken_loss_brings_the_last_good_weights_back_and_is_told(toy, trouble):
    run = toy_run(toy, **trouble)
    task = train(run)
    assert run.report["rollbacks"] == 1
    assert np.isfinite(task.weight.value).all()
    assert np.abs(task.weight.value).max() < 10
    events = [row for row in run.metrics() if "event" in row]
    assert [row["step"] for row in events] == [45]
    assert "at half the rate" in events[0]["event"]
    assert task.restarts == [0, 45]
    factors = {row["step"]: row["lr_factor"] for row in run.metrics() if "lr_factor" in row}
    calm = toy_run(toy)
    train(calm)
    whole = {row["step"]: row["lr_factor"] for row in calm.metrics()}
    assert factors[40] == whole[40]
    assert factors[50] == pytest.approx(whole[50] / 2)


def test_a_loss_that_stays_broken_ends_the_run_with_advice(toy, monkeypatch):
    monkeypatch.setattr(ToyTask, "train", lambda self, step, factors: {"loss": math.nan})
    run = toy_run(toy)
    with pytest.raises(UserError, match="smaller learning rate"):
        train(run)
    assert len(run.metrics()) == loop.MAX_ROLLBACKS


def test_a_family_whose_losses_swing_can_switch_spikes_off(toy, monkeypatch):
    run = toy_run(toy, spike_at=43)
    task = ToyTask(run)
    task.sizes.loss_spike_factor = math.inf
    Trainer(run, task, Status(state="running")).fit()
    assert run.report["rollbacks"] == 0


def test_a_run_stopped_before_its_first_step_leaves_no_model_and_can_go_on(toy):
    run = toy_run(toy)
    run.request_stop()
    assert Trainer(run, ToyTask(run), Status(state="running")).fit() == "stopped"
    assert not run.usable
    assert not run.report
    run.clear_stop()
    assert Trainer(run, ToyTask(run), Status(state="running")).fit() == "finished"


def test_a_run_stopped_before_its_first_evaluation_has_a_model_and_figures(toy, monkeypatch):
    run = toy_run(toy)
    monkeypatch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 1)
    Trainer(run, ToyTask(run), Status(state="running")).fit()
    assert run.usable
    assert run.report["complete"] is False
    assert run.report["val_loss"] > 0


def test_the_report_of_a_stopped_run_is_about_the_model_that_is_kept(toy, monkeypatch):
    run = toy_run(toy, worse_after=40)
    monkeypatch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 15)
    Trainer(run, ToyTask(run), Status(state="running")).fit()
    assert run.report["val_loss"] == run.report["best_value"]
    assert run.report["steps"] == 75


def test_two_checkpoints_are_kept_while_it_trains_and_the_newest_when_it_is_done(toy):
    run, seen = toy_run(toy), list[list[int]]()
    train(run, lambda status: seen.append([int(path.stem[5:]) for path in checkpoints(run.checkpoint_path)]))
    assert [100, 80] in seen
    assert max(map(len, seen)) == 2
    assert [path.stem for path in checkpoints(run.checkpoint_path)] == ["step-0000000100"]


def test_the_hook_hears_how_it_goes_and_the_status_says_the_same(toy):
    heard = []
    run = toy_run(toy)
    train(run, lambda status: heard.append((status.step, status.total)))
    assert heard[0] == (0, 100)
    assert heard[-1] == (100, 100)
    status = Status.read(run.path / "status.json")
    assert (status.step, status.best_step, status.unit) == (100, run.report["best_step"], "things")
    assert status.throughput > 0


def test_a_checkpoint_of_another_shape_is_refused_in_a_sentence(toy):
    run = toy_run(toy)
    train(run)
    config = read_json(run.path / "config.json")
    config["options"]["width"] = 5
    run.write_json("config.json", config)
    with pytest.raises(UserError, match="does not fit its options"):
        train(Run(run.path))


def test_what_a_killed_process_left_half_written_is_removed(toy):
    run = toy_run(toy)
    leftover = run.path / ".status.json.1-2-3.part"
    leftover.write_bytes(b"{")
    train(run)
    assert not leftover.exists()
    assert not list(run.path.glob(".*"))
