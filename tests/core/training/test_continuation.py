"""A run that was killed, stopped or damaged at any moment ends exactly as an uninterrupted one."""

import os
import random
from pathlib import Path

import pytest

from core.runs.checkpoint import checkpoints, load_newest
from core.runs.run import Run
from core.runs.status import Status
from core.training import snapshots
from core.training.loop import Trainer
from tests.core.toy.training.train import numbers_in
from tests.core.toy_family import PLAN, ToyTask, toy_run
from tests.selection import sampled

TIMES = {"seconds", "throughput"}
TROUBLE = {"calm": {}, "nan": {"nan_at": 43}, "spike": {"spike_at": 71}, "early": {"worse_after": 40, "patience": 3}}


class Killed(BaseException):
    """Simulates kill -9: no code of the loop handles it."""


def train(run: Run) -> tuple[str, ToyTask]:
    fresh = Run(run.path)
    task = ToyTask(fresh)
    return Trainer(fresh, task, Status(state="running")).fit(), task


def outcome(run: Run) -> dict:
    """Return everything that must not depend on interruptions."""
    arrays, meta = load_newest(run.checkpoint_path)
    progress = {key: value for key, value in meta.items() if key not in TIMES}
    rows = [{key: value for key, value in row.items() if key not in TIMES} for row in run.metrics()]
    report = {
        key: run.report[key] for key in ("final_loss", "steps", "best_value", "best_step", "rollbacks", "complete")
    }
    return {
        "arrays": {name: array.tolist() for name, array in arrays.items()},
        "progress": progress,
        "rows": rows,
        "model": run.model_path.read_bytes(),
        "samples": {step: run.sample(step, "numbers.txt") for step in run.sample_steps()},
        "snapshots": {step: snapshots.load(run, step)["model/weight"].tolist() for step in snapshots.steps(run)},
        "report": report,
    }


class Fuse:
    """Raise Killed at the n-th action of the loop: each call of the task and each file replacement."""

    def __init__(self, monkeypatch, burns_at: int) -> None:
        self.left = burns_at
        for name in ("train", "evaluate", "sample", "save_model", "load_model", "report"):
            monkeypatch.setattr(ToyTask, name, self._around(getattr(ToyTask, name)))
        monkeypatch.setattr(os, "replace", self._around(os.replace))
        monkeypatch.setattr(Path, "rename", self._around(Path.rename))

    def _around(self, original):
        def wrapped(*arguments, **named):
            self._burn()
            result = original(*arguments, **named)
            self._burn()
            return result

        return wrapped

    def _burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.fixture
def no_fsync(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(params=sampled(TROUBLE, 3))
def trouble(request):
    return TROUBLE[request.param]


@pytest.fixture
def undisturbed(toy, tmp_path, trouble, no_fsync):
    run = toy_run(tmp_path / "reference", **trouble)
    assert train(run)[0] == "finished"
    return outcome(run)


def test_the_troubles_of_these_tests_happen(undisturbed, trouble):
    progress = undisturbed["progress"]
    assert progress["rollbacks"] == ("nan_at" in trouble or "spike_at" in trouble)
    assert progress["ended_early"] == ("patience" in trouble)
    assert len(undisturbed["snapshots"]) > 3


@pytest.mark.parametrize("each", sampled(["one in 13", "dense"]))
def test_killed_at_any_moment_it_ends_the_same(toy, trouble, undisturbed, each):
    moment, survived = 0, False
    while not survived:
        moment += 13 if each == "one in 13" else 1 if "nan_at" in trouble else 4
        run = toy_run(toy, name=f"kill {moment}", **trouble)
        with pytest.MonkeyPatch.context() as patch:
            Fuse(patch, moment)
            try:
                train(run)
                survived = True
            except Killed:
                pass
        train(run)
        assert outcome(run) == undisturbed, f"killed at moment {moment}"
    assert moment > 80


@pytest.mark.parametrize("seed", sampled(range(6)))
def test_killed_again_and_again_it_ends_the_same(toy, trouble, undisturbed, seed):
    rng, run, kills = random.Random(seed), toy_run(toy, **trouble), 0
    while kills < 60:
        with pytest.MonkeyPatch.context() as patch:
            Fuse(patch, rng.randrange(2, 45))
            try:
                train(run)
                break
            except Killed:
                kills += 1
    train(run)
    assert kills
    assert outcome(run) == undisturbed


@pytest.mark.parametrize("every", [1, 2, 7])
def test_stopped_and_continued_it_ends_the_same(toy, trouble, undisturbed, every):
    run = toy_run(toy, **trouble)
    stops = 0
    while True:
        with pytest.MonkeyPatch.context() as patch:
            chunks, original = [], ToyTask.train

            def stop_after_some(task, step, factors, chunks=chunks, original=original):
                chunks.append(step)
                if len(chunks) == every:
                    run.request_stop()
                return original(task, step, factors)

            patch.setattr(ToyTask, "train", stop_after_some)
            state, _task = train(run)
        if state == "finished":
            break
        stops += 1
        assert len(chunks) == every, "it stops after the chunk in which it was asked to"
        run.clear_stop()
    assert stops
    assert outcome(run) == undisturbed


def test_no_step_is_trained_twice_or_left_out(toy):
    run = toy_run(toy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 7)
        first = train(run)[1]
    second = train(run)[1]
    assert first.trained + second.trained == list(range(PLAN["total_steps"]))
    assert [row["step"] for row in run.metrics()] == list(range(5, 101, 5))
    assert second.restarts == [35], "the task is told where it goes on, so that it can drop what it cached"


def test_damaged_newest_checkpoints_fall_back_to_the_one_before(toy, undisturbed, trouble):
    run = toy_run(toy, **trouble)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 9)
        assert train(run)[0] == "stopped"
    newest, before = checkpoints(run.checkpoint_path)[:2]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    _state, task = train(run)
    assert f"step-{task.trained[0]:010d}" == before.stem
    assert outcome(run) == undisturbed


def test_when_every_checkpoint_is_damaged_the_run_begins_again_and_keeps_its_new_ones(toy, undisturbed, trouble):
    run = toy_run(toy, **trouble)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 9)
        train(run)
    for path in checkpoints(run.checkpoint_path):
        path.write_bytes(path.read_bytes()[:100])
    status = Status(state="running")
    assert Trainer(run, task := ToyTask(run), status).fit() == "finished"
    assert task.trained[0] == 0
    assert outcome(run) == undisturbed


def test_a_lost_plan_is_taken_from_the_checkpoint(toy):
    run = toy_run(toy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "stop_requested", lambda self: len(self.metrics()) >= 9)
        train(run)
    (run.path / "plan.json").write_text("{")
    _state, task = train(run)
    assert task.trained[0] == 45
    assert task.trained[-1] == 99


def test_deleted_samples_and_model_are_made_again(toy):
    run = toy_run(toy)
    train(run)
    before = outcome(run)
    run.model_path.unlink()
    assert train(run)[0] == "finished"
    assert numbers_in(run.model_path).shape == (3,)
    assert outcome(run)["rows"] == before["rows"]
