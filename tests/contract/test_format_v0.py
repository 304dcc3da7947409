"""What version 0.1.0 wrote is still read: runs are used and continued, a bundle comes in, links mean the same."""

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qsl

import h5py
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.commands.main import main
from core.families import FAMILIES
from core.hosting import classes, links
from core.runs.checkpoint import load_newest
from core.runs.keras_file import open_weights
from core.runs.run import Run
from core.runs.store import find, list_runs
from ui.shell.navigation import screens

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "v0"
EXPECTED = json.loads((FIXTURES / "expected.json").read_text())
LINKS = json.loads((FIXTURES / "links.json").read_text())
TOLERANCE = 1e-3  # relative: another processor adds in another order
COUNTED = ("accuracy", "f1", "sign_")  # shares of a few rows, where one that is nearly undecided may fall otherwise


@pytest.fixture
def runs(runs_folder: Path) -> Path:
    """A copy of the runs of version 0.1.0, which every command uses."""
    return shutil.copytree(FIXTURES / "runs", runs_folder, dirs_exist_ok=True)


@pytest.fixture
def command(capsys):
    """Run a command; its answer is what it prints for --json."""

    def run(*words: str) -> dict:
        capsys.readouterr()
        assert main([*words, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return run


def use(command, family: str, run: str, folder: Path) -> None:
    """Have the run do what its family is for."""
    if family == "charlm":
        (text,) = command("generate", run, "--prompt", "The lamp", "--length", "30")["texts"]
        assert len(text.removeprefix("The lamp")) >= 30 - 1
    elif family == "classifier":
        answers = command("classify", run, "the food was good and tasty", "a cold rude awful place")["answers"]
        assert len(answers) == 2
    else:
        picture = folder / "pictures.png"
        assert command("sample", run, "--count", "4", "--output", str(picture))["count"] == 4
        assert picture.read_bytes().startswith(b"\x89PNG")


def arrays_of_model(run: Run) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    with open_weights(run.model_path, 10**8) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def compare_arrays(found: dict[str, np.ndarray], wanted: dict[str, dict]) -> None:
    assert set(found) == set(wanted)
    for name, facts in wanted.items():
        array = np.asarray(found[name], np.float64)
        assert list(array.shape) == facts["shape"], name
        norm = facts["norm"]
        assert np.linalg.norm(array) == pytest.approx(norm, rel=TOLERANCE, abs=1e-6), name
        # Two arrays whose difference has the norm d have sums that are up to d times the root of their size apart.
        assert array.sum() == pytest.approx(facts["sum"], rel=0, abs=TOLERANCE * norm * array.size**0.5 + 1e-6), name


def compare_figures(found: dict, wanted: dict) -> None:
    for name, value in wanted.items():
        slack = 0.13 if any(part in name for part in COUNTED) else 1e-4
        assert found[name] == pytest.approx(value, rel=TOLERANCE, abs=slack), name


def test_the_runs_are_listed_as_they_were_left(runs):
    found = {run.family: run for run in list_runs()}
    assert {family: run.id for family, run in found.items()} == {key: row["run"] for key, row in EXPECTED.items()}
    for family, run in found.items():
        wanted = EXPECTED[family]
        assert (run.status.state, run.status.step, run.status.total) == ("stopped", wanted["stopped_at"], 40)
        assert run.options.steps == wanted["total_steps"]
        assert run.report["complete"] is False
        assert run.usable
        assert run.has_checkpoint
        assert len(run.sources()) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_is_used_continued_to_the_end_that_it_would_have_had_and_used_again(runs, command, tmp_path, family):
    wanted = EXPECTED[family]
    use(command, family, wanted["run"], tmp_path)
    answer = command("runs", "resume", wanted["run"])
    assert (answer["state"], answer["steps"]) == ("finished", wanted["total_steps"])
    run = find(wanted["run"])
    arrays, meta = load_newest(run.checkpoint_path)
    assert (meta["step"], meta["best_step"]) == (wanted["step"], wanted["best_step"])
    compare_figures(meta, {"best": wanted["best"]})
    assert [row["step"] for row in run.metrics()] == wanted["metrics_steps"]
    assert run.sample_steps() == wanted["sample_steps"]
    compare_figures(run.metrics()[-1], wanted["last_row"])
    compare_figures(run.report, wanted["report"])
    compare_arrays(arrays, wanted["checkpoint"])
    compare_arrays(arrays_of_model(run), wanted["model"])
    use(command, family, run.id, tmp_path)


def test_a_bundle_comes_in_beside_the_run_that_it_was_made_of_and_is_used(runs, command, tmp_path):
    bundle = FIXTURES / "bundle-charlm.zip"
    number = command("runs", "import", str(bundle))["run"]
    assert number != EXPECTED["charlm"]["run"]
    run, original = find(number), find(EXPECTED["charlm"]["run"])
    assert run.options == original.options
    assert run.metrics() == original.metrics()
    assert run.sources() == original.sources()
    use(command, "charlm", number, tmp_path)


@pytest.mark.parametrize("key", FAMILIES)
def test_a_share_link_means_what_it_meant(key):
    link = LINKS["share"][key]
    screen, _mark, query = link["address"].partition("?")
    assert screen == f"{FAMILIES[key].section}-train"
    setup, faults = links.read(FAMILIES[key], dict(parse_qsl(query, keep_blank_values=True)))
    assert faults == []
    assert setup.options == link["options"]
    assert list(setup.hide) == link["hide"]
    assert {group: setup.hides(group) for group in links.HIDE} == link["hidden"]


def test_a_class_has_its_name_and_its_members(runs):
    link = LINKS["class"]
    group = classes.find(runs, link["token"])
    assert group.name == link["name"]
    assert {run.id for run in classes.members(runs, group)} == set(link["members"])


@pytest.fixture
def studio(runs):
    """The studio as the class link opens it."""
    app = AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=60)
    app.query_params.update(dict(parse_qsl(LINKS["class"]["query"])))
    return app.run()


def test_the_class_link_joins_the_class_and_the_addresses_of_the_runs_open_them(studio):
    assert not studio.exception
    assert any(LINKS["class"]["name"] in item.value for item in studio.sidebar.caption)
    files = {screen.key: screen.file for screen in screens()}
    for address in {address: None for addresses in LINKS["run"].values() for address in addresses}:
        screen, _mark, query = address.partition("?")
        studio.switch_page(str(ROOT / "pages" / files[screen]))
        studio.query_params.update(dict(parse_qsl(query)))
        studio.run()
        assert not studio.exception, address
        assert not studio.error, address
        assert not any("does not exist" in item.value for item in studio.warning), address
        if screen == "run":
            assert any("Witness" in item.value for item in studio.title), [item.value for item in studio.title]
        else:
            assert any("Witness" in item.options[0] for item in studio.selectbox), address
