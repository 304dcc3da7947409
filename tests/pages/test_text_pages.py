"""The text screens without a browser."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.jobs import launch
from core.runs.run import START, Run
from core.runs.store import list_runs
from tests.pages.conftest import ROOT, faults, open_page


def test_the_overview_offers_training_where_no_run_is_there_yet(app: AppTest) -> None:
    app.run()
    assert not faults(app)
    assert [button.label for button in app.button if button.label == "Train one on the sample"]


def test_the_report_shows_the_baselines_and_the_form_follows_the_preset(app: AppTest) -> None:
    open_page(app, "charlm/train.py")
    assert not faults(app)
    metrics = {item.label: item.value for item in app.metric}
    assert metrics["Characters"] == "51.1 k"
    assert 1.0 < float(metrics["5-gram table"].split()[0]) < float(metrics["Letter frequencies"].split()[0])
    quick = next(item.value for item in app.number_input if item.label == "Units")
    app.segmented_control(key="charlm-preset").set_value("best").run()
    assert not faults(app)
    assert next(item.value for item in app.number_input if item.label == "Units") > quick


def test_the_train_button_starts_the_very_run_that_the_form_describes(
    app: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Run] = []
    monkeypatch.setattr(launch, "start", started.append)
    open_page(app, "charlm/train.py")
    next(item for item in app.number_input if item.label == "Units").set_value(48)
    next(item for item in app.text_input if item.label == "Name of the run").set_value("<b>*mine*</b>")
    next(button for button in app.button if button.label == "Train").click()
    app.run()
    (run,) = list_runs(runs_folder)
    assert [item.id for item in started] == [run.id]
    assert run.options.units == 48  # type: ignore[attr-defined]
    assert run.name == "<b>*mine*</b>"
    assert run.id == "b-mine-b"


@pytest.mark.parametrize(
    ("text", "said"),
    [("short", "at least 16 are needed"), ("a" * 5000, "again and again"), (" \n" * 50, "only white space")],
)
def test_a_text_from_which_nothing_can_be_learned_is_said_in_place(app: AppTest, text: str, said: str) -> None:
    open_page(app, "charlm/train.py")
    app.segmented_control(key="charlm-way").set_value("paste").run()
    app.text_area(key="charlm-paste").set_value(text).run()
    assert not faults(app)
    assert any(said in item.value.replace("\\", "") for item in app.error)


def test_an_upload_that_is_no_text_is_refused_and_nothing_is_lost(app: AppTest) -> None:
    open_page(app, "charlm/train.py")
    app.segmented_control(key="charlm-way").set_value("upload").run()
    app.file_uploader(key="charlm-upload").set_value(
        [("novel.txt", b"%PDF-1.7\n\x00\x01\x02" * 50, "text/plain")]
    ).run()
    assert not faults(app)
    assert len(app.error) == 1


def test_writing_without_a_run_shows_the_way_to_one(app: AppTest) -> None:
    open_page(app, "charlm/write.py")
    assert not faults(app)
    assert any("no trained network" in item.value for item in app.info)


def test_a_half_deleted_run_is_listed_and_can_be_deleted(app: AppTest, runs_folder: Path) -> None:
    (runs_folder / "torn").mkdir()
    (runs_folder / "torn" / "config.json").write_text('{"family": 3}')
    open_page(app, "runs/runs.py")
    assert not faults(app)
    assert any("torn" in item.value for item in app.markdown)
    app.button(key="really-torn").click().run()
    assert not (runs_folder / "torn").exists()


def test_a_finished_run_leads_to_training_on_with_other_data(
    app: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Run] = []
    monkeypatch.setattr(launch, "start", started.append)
    shutil.copytree(ROOT / "saved_models" / "demo-lighthouse", runs_folder / "finished")
    open_page(app, "runs/run.py", run="finished")
    assert "Train on with other data" in [item.label for item in app.get("page_link")]
    del app.query_params["run"]
    open_page(app, "charlm/train.py", **{"from": "finished"})
    assert not faults(app)
    assert not app.warning
    assert any("goes on from the weights" in item.value for item in app.info)
    assert "Units" not in [item.label for item in app.number_input]
    next(button for button in app.button if button.label == "Train").click()
    app.run()
    run = started[0]
    assert run.config["origin"]["run"] == "finished"
    assert (run.path / START).exists()
    assert run.options.units == 160  # type: ignore[attr-defined]


def test_leaving_the_earlier_run_or_a_strange_one_begins_anew(app: AppTest, runs_folder: Path) -> None:
    shutil.copytree(ROOT / "saved_models" / "demo-lighthouse", runs_folder / "finished")
    open_page(app, "charlm/train.py", **{"from": "finished"})
    app.button(key="charlm-anew").click().run()
    assert not app.info
    assert "Units" in [item.label for item in app.number_input]
    open_page(app, "charlm/train.py", **{"from": "nobody"})
    assert not faults(app)
    assert any("There is no run" in item.value for item in app.warning)
