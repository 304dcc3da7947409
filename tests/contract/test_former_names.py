"""An option's former name means the same at every door: config.json, flags, --set, --sweep, links and bundles."""

import json
import shutil
from pathlib import Path

import pytest

from core.bundles.bundle import export, import_bundle
from core.classifier.config import ClassifierConfig
from core.commands.main import main
from core.errors import UserError
from core.families import FAMILIES
from core.flags import set_options
from core.hosting import links
from core.jobs import launch
from core.runs.run import Run
from core.runs.store import create, find
from core.schema import merged, parse_options
from tests.core.commands.cli import answer

FORMER = {"teaching": 0.25, "averaging": 0.5, "pairs": 64, "cut": "start"}
PRESENT = {"distillation": 0.25, "ema": 0.5, "bigram_buckets": 64, "truncation": "start"}
WORDS = [f"{name}={value}" for name, value in FORMER.items()]
WITNESS = Path(__file__).resolve().parents[1] / "fixtures" / "v0" / "runs" / "witness-table"


def chosen(run: Run) -> dict:
    return {name: getattr(run.options, name) for name in PRESENT}


@pytest.fixture
def run(runs_folder) -> Run:
    """A run of version 0.1.0 whose config.json has these values under the former names."""
    path = shutil.copytree(WITNESS, runs_folder / "witness") / "config.json"
    content = json.loads(path.read_text())
    assert set(FORMER) <= set(content["options"])
    path.write_text(json.dumps(content | {"options": content["options"] | FORMER}))
    return Run(path.parent)


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """The ids of the runs that would train now."""
    ids: list[str] = []
    monkeypatch.setattr(launch, "start", lambda new: ids.append(new.id))
    return ids


def through_config(run, **_) -> Run:
    return find(run.id)


def through_flags(run, monkeypatch, **_) -> Run:
    monkeypatch.setattr("core.commands.train.follow", lambda new: {"run": new.id, "exit": 0})
    words = [word for name, value in FORMER.items() for word in (f"--{name}", str(value))]
    assert main(["train", "classifier", "--csv", f"run:{run.id}", "--name", "by flags", *words]) == 0
    return find("by-flags")


def through_set(run, capsys, monkeypatch, **_) -> Run:
    monkeypatch.setattr("core.commands.again.follow", lambda new: {"run": new.id})
    return find(answer(capsys, "runs", "again", run.id, "--set", *WORDS)["run"])


def through_sweep(run, capsys, started, **_) -> Run:
    sweeps = [word for item in WORDS for word in ("--sweep", item)]
    (made,) = answer(capsys, "train", "classifier", "--csv", f"run:{run.id}", *sweeps)["runs"]
    assert started == [made]
    assert find(made).config["sweep"]["options"] == list(PRESENT)
    return find(made)


def through_link(run, **_) -> Run:
    setup, faults = links.read(FAMILIES["classifier"], {name: str(value) for name, value in FORMER.items()})
    assert faults == []
    assert setup.options == PRESENT
    return create(merged(ClassifierConfig(), setup.options), run.sources(), name="by link")


def through_bundle(run, tmp_path, **_) -> Run:
    export(run, tmp_path / "bundle.zip", data=True)
    return import_bundle(tmp_path / "bundle.zip")


DOORS = [through_config, through_flags, through_set, through_sweep, through_link, through_bundle]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__.removeprefix("through_"))
def test_a_former_name_means_the_same_and_new_runs_write_the_present_one(
    door, run, capsys, monkeypatch, started, tmp_path
):
    made = door(run, capsys=capsys, monkeypatch=monkeypatch, started=started, tmp_path=tmp_path)
    assert chosen(made) == PRESENT
    if made.id != run.id:
        written = json.loads((made.path / "config.json").read_text())["options"]
        assert {name: written[name] for name in PRESENT} == PRESENT
        assert not set(written) & set(FORMER)


def test_help_names_only_the_present_ones(capsys):
    with pytest.raises(SystemExit):
        main(["train", "classifier", "--help"])
    told = capsys.readouterr().out.split()
    assert all(f"--{name.replace('_', '-')}" in told for name in PRESENT)
    assert not any(f"--{name}" in told for name in FORMER)


def test_every_former_name_leads_to_an_option_and_is_none_itself():
    for family in FAMILIES.values():
        assert set(family.options.ALIASES.values()) <= set(family.options.model_fields)
        assert not set(family.options.ALIASES) & set(family.options.model_fields)


def test_both_names_at_once_are_refused():
    with pytest.raises(UserError, match=r"“ema” is given twice: “averaging”"):
        parse_options(ClassifierConfig, {"ema": 0.5, "averaging": 0.25})
    assert set_options(["averaging=0.5"], ClassifierConfig) == {"ema": "0.5"}
