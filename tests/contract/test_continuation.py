"""Every family, on its embedded sample: killed or stopped and continued, a run ends where an undisturbed one does."""

import shutil
import time

import numpy as np
import pytest

from core.families import FAMILIES
from core.runs.checkpoint import load_newest
from core.runs.keras_file import check_file
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create
from core.samples.registry import SAMPLES, sample
from core.schema import parse_options
from core.training.loop import Trainer
from core.training.state import record_task
from tests.selection import sampled

PLAN = {"total_steps": 18, "log_every": 3, "eval_every": 6, "sample_every": 9, "checkpoint_every": 6}
TIMES = {"seconds", "throughput"}
# Small, but with everything that keeps a state: dropout, carried states, moving averages, penalties.
SMALL = {
    "charlm": {"units": 24, "layers": 2, "embedding": 8, "window": 16, "batch_size": 4, "dropout": 0.2},
    "classifier": {"width": 16, "heads": 2, "blocks": 1, "feed_forward": 16, "batch_size": 8, "dropout": 0.2},
    "gan": {"generator": "32", "discriminator": "32", "latent": 8, "batch_size": 16, "dropout": 0.2},
}


class Killed(BaseException):
    pass


@pytest.fixture(scope="module", params=sampled(FAMILIES, ["charlm"]))
def family(request):
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def begun(family, tmp_path_factory) -> tuple[Run, dict]:
    """A run with a plan and what a task writes once, of which each test trains a copy; and its first variables."""
    name = next(name for name, item in SAMPLES.items() if item.family == family.key)
    sources = sample(name)
    sizes = family.data.sizes(sources, family.options())
    options = family.config.preset("quick", **sizes).model_dump() | SMALL.get(family.key, {})
    options |= {"steps": PLAN["total_steps"], "epochs": None, "seconds": None}
    run = create(
        parse_options(family.options, options), sources, name="blank", directory=tmp_path_factory.mktemp(family.key)
    )
    run.write_json("plan.json", PLAN)
    task = family.training.make_task(run)
    record_task(run, task)
    return run, {name: np.asarray(item).copy() for name, item in task.variables().items()}


@pytest.fixture(scope="module")
def blank(begun) -> Run:
    return begun[0]


@pytest.fixture(scope="module")
def undisturbed(blank) -> Run:
    run = copy(blank, "undisturbed")
    train(run)
    return run


def copy(run: Run, name: str) -> Run:
    return Run(shutil.copytree(run.path, run.path.with_name(name)))


def train(run: Run, kill_before: int | None = None, stop_before: int | None = None) -> str:
    """Train with a fresh task; `kill_before` and `stop_before` count calls of its train()."""
    run = Run(run.path)
    task = FAMILIES[run.family].training.make_task(run)
    original, calls = task.train, []

    def counted(step, factors):
        if len(calls) == kill_before:
            raise Killed
        if len(calls) == stop_before:
            run.request_stop()
        calls.append(step)
        return original(step, factors)

    task.train = counted
    state = Trainer(run, task, Status(state="running")).fit()
    run.clear_stop()
    return state


def same(run: Run, other: Run) -> None:
    arrays, meta = load_newest(run.checkpoint_path)
    wanted, wanted_meta = load_newest(other.checkpoint_path)
    assert set(arrays) == set(wanted)
    for name, array in arrays.items():
        difference = np.abs(array.astype(np.float64) - wanted[name].astype(np.float64)).max(initial=0.0)
        assert difference <= 1e-6, name
    assert (meta["step"], meta["best_step"]) == (wanted_meta["step"], wanted_meta["best_step"])
    assert [row["step"] for row in run.metrics()] == [row["step"] for row in other.metrics()]
    for row, expected in zip(run.metrics(), other.metrics(), strict=True):
        for key in set(expected) - TIMES:
            assert row[key] == pytest.approx(expected[key], rel=1e-5, abs=1e-6), key
    assert run.sample_steps() == other.sample_steps()


def test_a_run_killed_between_checkpoints_ends_the_same(blank, undisturbed):
    run = copy(blank, "killed")
    with pytest.raises(Killed):
        train(run, kill_before=5)
    assert train(run) == "finished"
    same(run, undisturbed)


@pytest.mark.exhaustive
def test_a_run_stopped_between_checkpoints_ends_the_same(blank, undisturbed):
    run = copy(blank, "stopped")
    assert train(run, stop_before=2) == "stopped"
    assert train(run) == "finished"
    same(run, undisturbed)


@pytest.mark.exhaustive
def test_the_speed_of_the_machine_decides_nothing(blank, monkeypatch):
    real, runs = time.perf_counter, []
    for factor in (1e-4, 1e5):
        runs.append(copy(blank, f"speed {factor:g}"))
        (runs[-1].path / "plan.json").unlink()
        with monkeypatch.context() as patch:
            patch.setattr(time, "perf_counter", lambda factor=factor: real() * factor)
            assert train(runs[-1]) == "finished"
    same(*runs)
    assert runs[0].model_path.exists()


def test_what_it_leaves_is_a_model_of_stock_layers_and_a_report_of_figures(undisturbed):
    check_file(undisturbed.model_path)
    report = undisturbed.report
    assert report["complete"] is True
    assert report["parameters"] > 0
    assert undisturbed.sample_steps()[0] == 0
    assert undisturbed.sample_steps()[-1] == PLAN["total_steps"]


def test_training_moves_the_weights(begun, undisturbed):
    arrays, _meta = load_newest(undisturbed.checkpoint_path)
    weights = [name for name in arrays if name.startswith("model/")]
    moved = [name for name in weights if not np.array_equal(arrays[name], begun[1][name])]
    assert len(moved) > len(weights) / 2
