"""What goes out of the studio and comes in, and sweeps, on the screens that offer them."""

import io
import shutil
import zipfile
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.bundles.program import left_out
from core.exports import formats_of
from core.jobs import launch
from core.runs.run import Run
from core.runs.store import list_runs
from tests.pages.conftest import faults, open_page
from ui.runs import transfer

DEMO = Path(__file__).parents[2] / "saved_models" / "demo-reviews"
pytestmark = pytest.mark.skipif(not DEMO.exists(), reason="no demo run is here to start from")


@pytest.fixture
def opened(app: AppTest) -> AppTest:
    """The app with every folded part unfolded."""
    for key in ("take", "bring", "charlm-sweep"):
        app.session_state[key] = True
    return app


def test_a_run_can_be_taken_along_from_its_page(opened: AppTest, runs_folder: Path) -> None:
    shutil.copytree(DEMO, runs_folder / DEMO.name)
    open_page(opened, "runs/run.py", run=DEMO.name)
    assert not faults(opened)
    labels = [item.proto.label for item in opened.get("download_button")]
    assert {"Run (.zip)", "Program (.zip)"} <= set(labels)
    assert labels.count("Download (.zip)") == len(set(formats_of("classifier")) - {"zip", "program"}) > 0
    assert any("load_model" in item.value for item in opened.code)
    told = next(item.value for item in opened.caption if item.value.startswith("- "))
    assert told.splitlines() == [f"- {sentence}" for sentence in left_out(Run(DEMO))]
    packed = transfer.packed_bundle(Run(runs_folder / DEMO.name), data=True)
    assert {"use.py", "model.keras", "data/00000.csv"} <= set(zipfile.ZipFile(io.BytesIO(packed)).namelist())


def test_data_that_is_gone_is_said_in_place_of_the_buttons(opened: AppTest, runs_folder: Path) -> None:
    shutil.copytree(DEMO, runs_folder / DEMO.name, ignore=shutil.ignore_patterns("data"))
    open_page(opened, "runs/run.py", run=DEMO.name)
    opened.toggle(key=f"take-data-{DEMO.name}").set_value(True).run()
    assert not faults(opened)
    assert any("is gone" in item.value for item in opened.error)
    assert not {"Run (.zip)", "Program (.zip)"} & {item.proto.label for item in opened.get("download_button")}


@pytest.mark.parametrize("whole", [True, False])
def test_a_run_comes_in_on_the_runs_page_or_is_refused_in_place(
    opened: AppTest, runs_folder: Path, whole: bool
) -> None:
    content = transfer.packed_bundle(Run(DEMO), data=False)
    open_page(opened, "runs/runs.py")
    opened.file_uploader(key="bring-file").set_value(
        ("night <b>.zip", content if whole else content[:-99], "application/zip")
    )
    opened.run()
    next(button for button in opened.button if button.label == "Import").click().run()
    assert not faults(opened)
    assert [run.family for run in list_runs(runs_folder)] == (["classifier"] if whole else [])
    assert any("is not taken as a run" in item.value for item in opened.error) != whole


def test_runs_are_chosen_in_the_table_to_be_compared(app: AppTest, runs_folder: Path) -> None:
    for name in ("a", "b", "c"):
        shutil.copytree(DEMO, runs_folder / name)
    open_page(app, "runs/runs.py")
    links = [item.proto.label for item in app.get("page_link")]
    assert not any("chosen" in label for label in links)
    app.checkbox(key="compare-row-a").check()
    app.checkbox(key="compare-row-c").check().run()
    assert not faults(app)
    [link] = [item.proto for item in app.get("page_link") if "chosen: 2" in item.proto.label]
    [ids] = parse_qs(link.query_string)["runs"]
    assert set(ids.split(",")) == {"a", "c"}


def test_a_sweep_starts_from_the_form(opened: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    monkeypatch.setattr(launch, "start", lambda run: started.append(run.id))
    open_page(opened, "charlm/train.py")
    opened.selectbox(key="charlm-sweep-0").set_value("units").run()
    opened.text_input(key="charlm-values-0-units").set_value("16, 32").run()
    opened.text_input(key="charlm-seeds").set_value("0 1 1").run()
    button = next(item for item in opened.button if item.key == "charlm-all")
    assert button.label == "Train 4 runs"
    button.click().run()
    assert not faults(opened)
    runs = list_runs(runs_folder)
    found = [run.options.model_dump() for run in runs]
    assert sorted((options["units"], options["seed"]) for options in found) == [(16, 0), (16, 1), (32, 0), (32, 1)]
    assert set(started) == {run.id for run in runs}


def test_a_sweep_of_too_many_or_of_nonsense_is_said_in_place(opened: AppTest, runs_folder: Path) -> None:
    open_page(opened, "charlm/train.py")
    opened.text_input(key="charlm-seeds").set_value(" ".join(map(str, range(101)))).run()
    assert any("101" in item.value for item in opened.caption)
    opened.text_input(key="charlm-seeds").set_value("banana").run()
    next(item for item in opened.button if item.key == "charlm-all").click().run()
    assert not faults(opened)
    assert any("banana" in item.value for item in [*opened.error, *opened.caption])
    assert list_runs(runs_folder) == []
