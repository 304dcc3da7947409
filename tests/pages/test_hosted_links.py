"""A teacher's link opened, made and followed; a class whose runs are seen together."""

from pathlib import Path
from urllib.parse import parse_qsl, urlparse

import pytest
from streamlit.testing.v1 import AppTest

from core.hosting import classes
from core.hosting.visitors import CurrentUser, act_as
from core.jobs import launch
from core.runs.run import Run
from core.runs.store import list_runs
from tests.core.hosting.conftest import make
from tests.pages.conftest import faults, open_page
from tests.pages.test_hosted_demo import press, said, session, value

LINK = {"charlm-sample": "ferry", "charlm-preset": "balanced", "units": "48", "seed": "3", "min_count": "5"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    runs: list[Run] = []
    monkeypatch.setattr(launch, "start", runs.append)
    return runs


def test_a_link_sets_the_form_and_what_is_trained_is_what_it_says(app: AppTest, started: list[Run]) -> None:
    open_page(app, "charlm/train.py", **LINK)
    assert not faults(app)
    assert not app.warning
    assert app.selectbox(key="charlm-sample").value == "ferry"
    assert app.segmented_control(key="charlm-preset").value == "balanced"
    assert (value(app, "Units"), value(app, "Seed"), value(app, "Minimum count")) == (48, 3, 5)
    press(app, "Train")
    (run,) = started
    options = run.options.model_dump()
    assert (options["units"], options["seed"], options["min_count"]) == (48, 3, 5)
    assert (run.config["preset"], run.config["data"]["name"]) == ("balanced", "ferry")


def test_hidden_controls_are_not_there_and_their_values_count(app: AppTest, started: list[Run]) -> None:
    open_page(app, "charlm/train.py", **LINK, hide="data,preset,options,name")
    assert not faults(app)
    page = app.main
    assert [*page.number_input, *page.selectbox, *page.segmented_control, *page.text_input, *page.toggle] == []
    assert [button.label for button in app.button] == ["Train"]
    assert "units 48, seed 3, min_count 5" in said(app)
    press(app, "Train")
    options = started[0].options.model_dump()
    assert (options["units"], options["seed"], options["min_count"]) == (48, 3, 5)
    assert started[0].config["data"]["name"] == "ferry"


@pytest.mark.parametrize(("page", "family"), [("classifier/train.py", "classifier"), ("gan/train.py", "gan")])
def test_the_other_families_heed_links_too(app: AppTest, started: list[Run], page: str, family: str) -> None:
    open_page(app, page, seed="5", steps="77", hide="preset,options,name", neurons="3")
    assert not faults(app)
    assert "This page knows no “neurons”" in said(app)
    press(app, "Train")
    assert not app.error
    options = started[0].options
    assert (options.family, options.seed, options.steps, options.seconds) == (family, 5, 77, None)


def test_nonsense_is_said_in_place_and_the_page_falls_back(app: AppTest) -> None:
    wrong = {"charlm-way": "Your files", "charlm-sample": "<b>", "charlm-preset": "x", "units": "[a](b)", "cell": "x"}
    open_page(app, "charlm/train.py", **wrong, hide="data")
    assert not faults(app)
    (warning,) = app.warning
    for name in ("charlm-way", "charlm-sample", "charlm-preset", "units", "cell"):
        assert f"“{name}”" in warning.value.replace("\\", "")
    assert "[a](b)" not in warning.value
    assert "51.1 k" in [item.value for item in app.metric]
    assert value(app, "Units") == 128


def test_the_panel_makes_a_link_that_brings_the_same_form(app: AppTest) -> None:
    app.session_state["charlm-share"] = True
    open_page(app, "charlm/train.py")
    app.segmented_control(key="charlm-preset").set_value("balanced").run()
    next(item for item in app.number_input if item.label == "Units").set_value(40)
    next(item for item in app.number_input if item.label == "Seed").set_value(9)
    app.multiselect(key="charlm-hide").set_value(["name"]).run()
    assert not faults(app)
    link = urlparse(app.main.code[-1].value)
    assert link.path == "/text-train"
    query = dict(parse_qsl(link.query))
    assert query == {
        "charlm-sample": "lighthouse",
        "charlm-preset": "balanced",
        "units": "40",
        "seed": "9",
        "hide": "name",
        "language": "en",
    }
    other = open_page(session(), "charlm/train.py", **query)
    assert not other.warning
    assert (value(other, "Units"), value(other, "Seed")) == (40, 9)
    assert other.segmented_control(key="charlm-preset").value == "balanced"
    assert "Name of the run" not in [item.label for item in other.text_input]


def test_a_class_is_made_joined_and_seen_together(app: AppTest, runs_folder: Path, started: list[Run]) -> None:
    app.session_state["charlm-share"] = True
    open_page(app, "charlm/train.py")
    app.text_input(key="class-name").set_value("Tuesday *B*").run()
    press(app, "Make a class address")
    assert not faults(app)
    query = dict(parse_qsl(urlparse(app.main.code[-1].value).query))
    pupil = open_page(session(), "charlm/train.py", **query)
    assert any("Tuesday \\*B\\*" in item.label for item in pupil.text_input), "it is said who will see it"
    press(pupil, "Train")
    assert [run.config["class"] for run in started] == [query["class"]]
    with act_as(CurrentUser(group=query["class"])):
        other = make("another pupil's")
    other.metrics_path.write_text('{"step": 1, "seconds": 1.0, "loss": 2.0}\n')
    make("of no class").metrics_path.write_text('{"step": 1, "seconds": 1.0, "loss": 3.0}\n')
    board = open_page(session(), "runs/compare.py", **{"class": query["class"]})
    assert not faults(board)
    assert "2 runs: 0 in training, 0 waiting, 0 finished." in said(board)
    assert [list(table.value["run"]) for table in board.dataframe if "run" in table.value][-1] == [other.id]
    assert "of no class" not in said(board)
    press(board, "Leave the class")
    assert not faults(board)
    assert "class" not in board.query_params
    assert {run.name for run in list_runs()} == {"lighthouse", "another pupil's", "of no class"}


def test_a_class_address_that_nobody_made_is_said_and_the_page_works(app: AppTest, runs_folder: Path) -> None:
    classes.create(runs_folder, "Tuesday")
    open_page(app, "charlm/train.py", **{"class": "0" * 20})
    assert not faults(app)
    assert "names a class that does not exist here" in said(app)
    assert "class" not in app.query_params
    assert [button.label for button in app.button if button.label == "Train"]
