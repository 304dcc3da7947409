"""A visitor's network is checked as it is about to be built, and its training ended when it holds too much memory."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.families import FAMILIES
from core.gan.training.feature_extractor import FeatureExtractor
from core.hosting import admission, memory_watch, refusals
from core.hosting.limits import LIMITS
from core.hosting.visitor_scheduler import VisitorScheduler
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.status import Status, process_start
from core.runs.store import create, list_runs
from core.samples.registry import SAMPLES, sample
from tests.core.hosting.conftest import make, put, visit

GROW = """
import sys, time
held = []
while len(held) < int(sys.argv[1]):
    held.append(bytearray(10_000_000))
print("grown", flush=True)
time.sleep(600)
"""


@pytest.fixture
def training(demo: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Run, subprocess.Popen[bytes]]]:
    """A visitor's run, trained by a process that has grown by 300 MB, in a demo that gives 150."""
    monkeypatch.setattr(memory_watch, "LIMITS", replace(LIMITS, resident_mb=150))
    with visit("ada"):
        run = make()
    process = subprocess.Popen([sys.executable, "-c", GROW, "30"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"grown\n"
    put(run, "running", pid=process.pid, process_start=process_start(process.pid), started_at=time.time())
    yield run, process
    process.kill()
    process.wait()
    process.stdout.close()


def watched(demo: Path) -> None:
    scheduler = VisitorScheduler(demo, lambda run: None)
    scheduler.poll()
    scheduler.watch_memory()


def test_a_training_that_holds_too_much_is_ended_and_the_run_says_so(demo: Path, training) -> None:
    run, process = training
    before = refusals.counts().get("memory", 0)
    watched(demo)
    process.wait(10)
    assert process_start(process.pid) == ""
    assert run.status.state == "failed"
    assert "MB of memory and was ended, since this hosted demo gives it 150" in run.status.error
    assert "There is no checkpoint yet" in run.status.error
    assert refusals.counts()["memory"] == before + 1
    with visit("ada"):
        assert run.id in [item.id for item in list_runs()]


def test_a_run_with_a_checkpoint_can_go_on_from_it(demo: Path, training) -> None:
    run, _process = training
    run.checkpoint_path.mkdir()
    (run.checkpoint_path / "step-0000000010.npz").touch()
    watched(demo)
    assert run.status.state == "failed"
    assert "Continue goes on from its last checkpoint" in run.status.error


@pytest.mark.parametrize("change", [{"process_start": "another"}, {"resident_mb": 5000}])
def test_another_process_and_one_within_the_limit_are_left_alone(
    demo: Path, training, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    run, process = training
    if "resident_mb" in change:
        monkeypatch.setattr(memory_watch, "LIMITS", replace(LIMITS, resident_mb=5000))
    else:  # its number was given to another process
        put(run, "running", pid=process.pid, started_at=time.time(), **change)
    assert not memory_watch.end_if_too_large(run, Status.read(run.path / "status.json") or Status())
    assert process.poll() is None


def test_the_owners_trainings_are_not_watched(demo: Path, training) -> None:
    _run, process = training
    put(make("owners"), "running", pid=process.pid, process_start=process_start(process.pid), started_at=time.time())
    (_run.path / "status.json").unlink()
    watched(demo)
    assert process.poll() is None


# What is really built ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", list(FAMILIES))
def test_every_family_asks_before_it_builds_a_visitors_network(
    demo: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    family = FAMILIES[key]
    sources = sample(next(name for name, item in SAMPLES.items() if item.family == key))
    with visit("ada"):
        mine = create(family.options(), sources)
    owners = create(family.options(), sources)
    limit = replace(LIMITS, parameters=1)
    monkeypatch.setattr(admission, "LIMITS", limit)
    monkeypatch.setattr(f"core.{key}.training.train.{BUILT[key]}", _built)
    monkeypatch.setattr(FeatureExtractor, "kept", lambda *_given: True)  # training one takes seconds
    with pytest.raises(UserError, match="networks of 1 parameters at most"):
        family.training.make_task(mine)
    with pytest.raises(Built):
        family.training.make_task(owners)


BUILT = {"charlm": "build", "classifier": "ClassifierSteps", "gan": "GANSteps"}


class Built(Exception):  # noqa: N818
    pass


def _built(*_arguments: object, **_named: object) -> None:
    raise Built


def test_a_network_that_turns_out_too_large_is_refused_in_its_run_which_remains(
    demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visit("ada"):
        run = make()
    monkeypatch.setattr(admission, "LIMITS", replace(LIMITS, parameters=100))
    status = work(run)
    assert status.state == "failed"
    assert "100 parameters at most" in status.error
    assert Run(run.path).config["options"] == run.config["options"]
