"""Look inside and Write together, without a browser, on small networks made for the purpose."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.run import Run
from tests.pages.conftest import faults, open_page
from tests.pages.inside_runs import TEXT, make_run
from tests.selection import sampled

VIEWS = ("cells", "gates", "lookback", "score", "copying", "hold", "film")


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder)


def said(app: AppTest) -> str:
    """Everything written on the page, as plain text."""
    kinds = (app.markdown, app.caption, app.info, app.warning, app.error, app.subheader)
    return "\n".join(item.value.replace("\\", "") for kind in kinds for item in kind)


def evaluate_state(app: AppTest, run: Run, view: str, **query: str) -> AppTest:
    open_page(app, "charlm/inside.py", run=run.id, view=view, **query)
    assert not faults(app)
    return app


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_says_what_one_sees(app: AppTest, run: Run, view: str) -> None:
    evaluate_state(app, run, view)
    assert not app.error
    sentences = {
        "cells": "Here it is lowest",
        "gates": "open and",
        "lookback": "hold half of what that rests on",
        "score": "bits for each of",
        "copying": "word for word" if view == "copying" else "",
        "hold": "stays at 0.5",
        "film": "After 90 steps its validation loss is 2.100 nats",
    }
    assert sentences[view] in said(app)


@pytest.mark.exhaustive
@pytest.mark.parametrize("cell", sampled(["gru", "rnn"]))
def test_the_other_cells_show_what_they_have(app: AppTest, runs_folder: Path, cell: str) -> None:
    run = make_run(runs_folder, cell)
    for view in ("cells", "gates", "lookback", "hold"):
        evaluate_state(app, run, view)
        assert not app.error, view
    evaluate_state(app, run, "gates")
    signals = app.segmented_control(key="signal").options
    assert "Cell state" not in signals
    assert ("has no gates" in said(app)) == (cell == "rnn")


def test_a_gru_asked_for_a_cell_state_and_a_layer_that_is_not_there_are_said(app: AppTest, runs_folder: Path) -> None:
    run = make_run(runs_folder, "gru")
    evaluate_state(app, run, "cells", signal="c")
    assert "A GRU has no cell state" in said(app)
    assert "Here it is lowest" in said(app)
    app.query_params["layer"] = "7"
    app.run()
    assert "There is no layer 7: this network has layers 1 to 2" in said(app)
    assert not faults(app)


def own(app: AppTest, run: Run, text: str, view: str = "score") -> AppTest:
    evaluate_state(app, run, view, of="own")
    app.text_area(key="own").set_value(text).run()
    assert not faults(app)
    return app


@pytest.mark.parametrize("view", sampled(["cells", "gates", "lookback", "score"]))
def test_an_empty_text_ends_in_one_sentence(app: AppTest, run: Run, view: str) -> None:
    evaluate_state(app, run, view, of="own")
    assert [item.value for item in app.error] == [
        r"There is no text to look at\: write, choose or paste at least one character\."
    ]


@pytest.mark.parametrize("view", sampled(["cells", "gates", "score"]))
def test_a_text_of_one_character_is_shown(app: AppTest, run: Run, view: str) -> None:
    own(app, run, "T", view)
    assert not app.error


def test_one_character_has_nothing_before_it_to_look_back_to(app: AppTest, run: Run) -> None:
    own(app, run, "T", "lookback")
    assert "bring at least two" in said(app)


@pytest.mark.parametrize("view", sampled(["cells", "score"]))
def test_of_a_million_characters_the_first_are_read_and_none_is_lost(app: AppTest, run: Run, view: str) -> None:
    text = "The sea was calm. " * 55_556
    own(app, run, text, view)
    assert "980,008 are left out" in said(app)
    assert app.text_area(key="own").value == text
    assert "too long for the address" in said(app)
    assert "text" not in app.query_params


def test_characters_that_it_never_saw_are_named(app: AppTest, run: Run) -> None:
    own(app, run, "The 海 sea 🙂")
    assert "海 🙂" in said(app)


def test_a_run_without_kept_weights_says_so(app: AppTest, run: Run) -> None:
    for path in (run.path / "snapshots").iterdir():
        path.unlink()
    evaluate_state(app, run, "film")
    assert "keeps no weights from its training" in said(app)


@pytest.mark.parametrize("page", ["charlm/inside.py", "charlm/together.py"])
def test_a_run_that_is_deleted_while_it_is_open_is_said(app: AppTest, run: Run, page: str) -> None:
    open_page(app, page, run=run.id)
    assert not faults(app)
    run.path.rename(run.path.with_name(".deleted"))
    app.run()
    assert not faults(app)
    assert "There is no trained network yet" in said(app)


def test_a_run_whose_model_goes_between_two_clicks_is_said(app: AppTest, run: Run, monkeypatch) -> None:
    monkeypatch.setattr(Run, "usable", property(lambda self: True))
    evaluate_state(app, run, "cells")
    run.model_path.unlink()
    app.run()
    assert not faults(app)
    assert "is gone, or has no model any more" in said(app)


def test_the_finder_answers_and_its_button_shows_the_cell(app: AppTest, run: Run) -> None:
    evaluate_state(app, run, "cells", find="true", words="lamp, sea")
    answer = said(app)
    assert "rank correlation" in answer or "beyond chance" in answer
    features = app.selectbox(key="feature").options
    assert "inside the words lamp, sea" in features
    assert "position in the line" in features
    button = next(item for item in app.button if item.key.startswith("look-"))
    _look, layer, cell = button.key.split("-")
    button.click().run()
    assert not faults(app)
    assert app.number_input(key="cell").value == int(cell)
    assert app.number_input(key="layer").value == int(layer)


def test_the_finder_refuses_a_text_too_short_for_statistics(app: AppTest, runs_folder: Path) -> None:
    run = make_run(runs_folder, text=TEXT[:1500])
    evaluate_state(app, run, "cells", find="true")
    assert "at least 2,000 are needed" in said(app)


def test_copied_stretches_open_their_place(app: AppTest, run: Run) -> None:
    evaluate_state(app, run, "copying", copied="own", text="zz The sea was calm; the wind zz, said Mr Keeper (aged")
    assert "has 27 characters" in said(app)
    options = app.selectbox(key="span").options
    assert options[0].startswith("1 · 27 characters · ␣The sea" if "␣" in options[0] else "1 · 27 characters")
    assert "line 2 of the training text" in said(app)
    app.selectbox(key="span").select_index(1).run()
    assert not faults(app)
    assert app.query_params["span"] == "2"


def test_holding_nothing_that_matters_and_nonsense_are_said(app: AppTest, run: Run) -> None:
    evaluate_state(app, run, "hold", cells="99")
    assert "There are no cells “99”: the layer has cells 0 to 9" in said(app)
    app.text_input(key="cells").set_value("1-3").run()
    assert not faults(app)
    assert "3 cells (1-3)" in said(app)


def test_two_runs_stand_side_by_side_in_the_film(app: AppTest, run: Run, runs_folder: Path) -> None:
    other = make_run(runs_folder, "gru", "other")
    evaluate_state(app, run, "film", beside=other.id, step="40")
    assert "inside, step 40" in said(app)
    assert "other, step 40" in said(app)
    app.select_slider(key="step").set_value(10).run()
    assert "After 10 steps" in said(app)
    assert not faults(app)


def test_the_authorship_game_names_a_winner(app: AppTest, run: Run, runs_folder: Path) -> None:
    other = make_run(runs_folder, "gru", "other")
    evaluate_state(app, run, "score", against=other.id)
    assert "explains it best" in said(app)
    assert app.multiselect(key="against").value == [other.id]


def test_a_run_without_layer_two_takes_over_from_one_with_it(app: AppTest, run: Run, runs_folder: Path) -> None:
    small = make_run(runs_folder, "rnn", "small", layers=1)
    evaluate_state(app, run, "gates", layer="2", signal="c")
    app.selectbox(key=f"pick-charlm-{run.id}").set_value(small.id).run()
    assert not faults(app)
    assert app.number_input(key="layer").value == 1
