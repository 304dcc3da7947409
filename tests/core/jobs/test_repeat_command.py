"""The command that a run prints trains it again, whatever decided its steps and its numerics the first time."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.commands import train
from core.commands.main import main
from core.errors import UserError
from core.families import FAMILIES, plan_options
from core.jobs.repeat_command import command
from core.jobs.rerun import create_rerun
from core.runs.checkpoint import load_newest
from core.runs.run import START, Run
from core.runs.store import create, find
from core.samples.registry import SAMPLES, sample
from core.schema import BUDGETS, merged, one_budget
from core.sources import Source
from core.training import planning
from core.training.loop import Trainer
from tests.core.gan.pictures import npz, shapes
from tests.selection import sampled

# Small, with everything on that is drawn while training.
SMALL: dict[str, dict[str, Any]] = {
    "charlm": {"units": 16, "layers": 2, "embedding": 8, "window": 12, "batch_size": 16, "dropout": 0.2}
    | {"weight_dropout": 0.2, "reset": 0.1, "sample_length": 10},
    "classifier": {"width": 16, "heads": 2, "blocks": 1, "feed_forward": 16, "batch_size": 8, "dropout": 0.2},
    "gan": {"generator": "16", "discriminator": "16", "latent": 8, "size": 16, "batch_size": 16, "dropout": 0.2},
}
STEPS = 6


def data(key: str, characters: int = 2_500) -> list[Source]:
    """Data of the family; of a text, so many characters."""
    if key == "charlm":
        return [Source("a.txt", (sample("lighthouse")[0].data * (characters // 4_000 + 1))[:characters])]
    if key == "gan":
        return [Source("a.npz", npz(x=shapes(120, 16)[0], y=shapes(120, 16)[1]))]
    return sample(next(name for name, item in SAMPLES.items() if item.family == key))


def quick_presets() -> list[Any]:
    """Each preset with a budget in seconds, for each size of data that it tells apart."""
    sizes = {"charlm": [2_500, 250_000, 2_100_000], "classifier": [0], "gan": [0]}
    return [
        pytest.param(key, name, size, id=f"{key} {name} {size}")
        for key, family in FAMILIES.items()
        for name in family.config.PRESETS
        for size in sizes[key]
        if plan_options(family, data(key, size), name, {}).seconds is not None
    ]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path))
    return tmp_path


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which a budget in seconds is a few steps the first time, and others each time after."""
    steps = iter(range(STEPS, STEPS + 9))
    monkeypatch.setattr(Trainer, "_measure", lambda self: planning.Costs(1.0, 1.0, 1.0, 1.0))
    monkeypatch.setattr(planning, "steps_in_seconds", lambda *_arguments: next(steps))


def trained(key: str, name: str, characters: int = 2_500, **options: Any) -> Run:
    """Train the preset for a text of so many characters, on a short one."""
    planned = plan_options(FAMILIES[key], data(key, characters), name, options)
    run = create(planned, data(key), name="first", preset=name)
    assert main(["runs", "resume", run.id]) == 0
    return run


def repeated(run: Run, capsys: pytest.CaptureFixture[str]) -> Run:
    capsys.readouterr()
    words = shlex.split(command(run))
    assert words[:3] == ["python", "-m", "core"]
    assert "--seconds" not in words
    assert main([*words[3:], "--json"]) == 0
    return find(json.loads(capsys.readouterr().out.splitlines()[-1])["run"])


def assert_same_end(run: Run, other: Run) -> None:
    found, wanted = load_newest(other.checkpoint_path), load_newest(run.checkpoint_path)
    assert found is not None
    assert wanted is not None
    for name, array in wanted[0].items():
        np.testing.assert_allclose(found[0][name], array, atol=1e-6, err_msg=name)
    assert found[1]["best_step"] == wanted[1]["best_step"]
    assert [row["step"] for row in other.metrics()] == [row["step"] for row in run.metrics()]
    changed = {name for name, value in run.options if getattr(other.options, name) != value}
    assert changed <= set(BUDGETS)


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", sampled(FAMILIES, ["classifier"]))
def test_a_budget_in_seconds_is_repeated_with_the_steps_that_it_became(key, measured, capsys):
    run = trained(key, "quick", **SMALL[key], **one_budget({"seconds": 5.0}))
    assert_same_end(run, repeated(run, capsys))


# What a network costs, and no more: whatever else a preset chooses stays.
NARROW: dict[str, dict[str, Any]] = {
    "charlm": {"units": 16, "embedding": 8, "sample_length": 10},
    "classifier": {"width": 16, "heads": 2, "feed_forward": 16},
    "gan": {"generator": "16", "discriminator": "16", "latent": 8, "size": 16},
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("key", "name", "size"), quick_presets())
def test_every_preset_with_a_budget_in_seconds_is_repeated(key, name, size, measured, capsys):
    run = trained(key, name, size, **NARROW[key])
    assert run.options.seconds is not None
    assert_same_end(run, repeated(run, capsys))


@pytest.fixture
def unstarted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are created and not trained."""
    monkeypatch.setattr(train, "follow", lambda run: {"run": run.id})


@pytest.mark.parametrize("key", FAMILIES)
@pytest.mark.parametrize("preset", ["", "balanced"])
def test_the_command_names_every_option(key, preset, unstarted, capsys):
    options = merged(FAMILIES[key].options(), {"seed": 5, **one_budget({"steps": 7})})
    run = create(options, data(key), preset=preset)
    assert repeated(run, capsys).options == options


CHOICES = {"numerics": {"precision": "bfloat16", "shards": 3, "masks": "rows"}}


def test_what_the_machine_decided_is_read_from_the_named_run(unstarted, capsys):
    options = FAMILIES["charlm"].options(**one_budget({"steps": 7}))
    run = create(options, data("charlm"))
    run.write_json("facts.json", CHOICES | {"characters": 2_500})
    assert repeated(run, capsys).facts == CHOICES
    assert create_rerun(run, {"steps": 9}).facts == CHOICES
    assert create_rerun(run, {"units": 9}).facts == {}, "another network measures for itself"


def test_a_branch_is_repeated_with_its_steps_its_start_and_its_devices(toy_branch):
    toy_branch.write_json("launch.json", {"devices": "all"})
    toy_branch.write_json("plan.json", {"total_steps": 30})
    assert command(toy_branch) == f"python -m core runs again {toy_branch.id} --set steps=30 --devices all"
    assert (create_rerun(toy_branch, {"steps": 30}).path / START).exists()


@pytest.fixture
def toy_branch() -> Run:
    from core.runs.checkpoint import save_arrays

    run = create(FAMILIES["charlm"].options(**one_budget({"seconds": 3.0})), data("charlm"))
    save_arrays(run.path / START, {"a": np.zeros(1)}, {})
    return run


def test_as_long_as_its_steps_are_unknown_a_run_has_no_such_command(capsys):
    run = create(FAMILIES["charlm"].options(**one_budget({"seconds": 3.0})), data("charlm"))
    with pytest.raises(UserError, match="let the run begin first"):
        command(run)
    assert main(["runs", "show", run.id, "--json"]) == 0
    assert "command" not in json.loads(capsys.readouterr().out)


def test_runs_show_prints_the_command_with_the_steps_before_any_extension(capsys):
    run = create(FAMILIES["charlm"].options(**one_budget({"seconds": 3.0})), data("charlm"))
    extended = [{"planned": 40, "after": 25, "steps": 30}]  # it ended early, at step 25
    run.write_json("plan.json", {"total_steps": 55, "extensions": extended})
    assert main(["runs", "show", run.id]) == 0
    out = capsys.readouterr().out
    assert "--steps 40" in out
    assert "runs resume RUN --more-steps 30" in out
