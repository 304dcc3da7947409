"""The lab's pages 8 to 14, by AppTest: each view opens, every control moves, what is wrong is said in place."""

import pytest

from core.lab import hopfield
from core.lab.concept import CONCEPTS
from tests.pages.conftest import faults
from tests.pages.lab_views import SHORT, VIEWS, again, controls, digits, learn, moved, said, train_little
from tests.selection import sampled

NONSENSE = "☃ <b>nonsense</b>"


@pytest.fixture(autouse=True)
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    train_little(monkeypatch)


@pytest.mark.parametrize("name", VIEWS)
def test_a_page_opens_with_title_formula_digits_picture_and_question(app, name):
    key, inputs = VIEWS[name]
    page = learn(app, key, inputs)
    assert not faults(page)
    assert page.title[0].value.replace("\\", "") == CONCEPTS[key].title
    assert CONCEPTS[key].summary.split()[0] in page.markdown[0].value
    assert len(page.latex) >= 2
    assert len(page.get("plotly_chart")) >= 1
    assert page.get_by_key(f"{key}-keras").label == "The same in Keras"
    asked = [radio for radio in page.radio if str(radio.key).startswith(f"{key}-predict")]
    untrained_or_held = name in ("lstm-gru cell", "lstm-gru long")
    assert bool(asked) is not untrained_or_held
    assert "The address" not in said(page.warning)
    assert not page.error


@pytest.mark.parametrize("name", sampled(VIEWS, SHORT))
def test_every_control_can_be_moved(app, name):
    key, inputs = VIEWS[name]
    page = learn(app, key, inputs)
    names = [(kind, widget.key) for kind, widget in controls(page, key)]
    views = [(kind, one) for kind, one in names if one in (f"{key}-view", f"{key}-data")]
    assert len(names) >= 4
    for kind, one in [pair for pair in names if pair not in views] + views:
        found = [widget for widget in page.get(kind) if widget.key == one]
        if found:  # an earlier choice may have taken it away
            value = moved(found[0])
            found[0].set_value(value).run()
            assert not faults(page), one
            assert not page.error, (one, said(page.error))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", VIEWS)
def test_every_button_can_be_pressed(app, name):
    key, inputs = VIEWS[name]
    page = learn(app, key, inputs)
    pressed = 0
    for one in [button.key for button in page.button if str(button.key).startswith(key)]:
        found = [button for button in page.button if button.key == one and not button.disabled]
        if found:
            found[0].click().run()
            assert not faults(page), one
            assert not page.error, (one, said(page.error))
            pressed += 1
    assert pressed >= 2


@pytest.mark.parametrize("name", sampled(VIEWS, SHORT))
def test_nonsense_in_the_address_is_said_and_replaced_by_the_default(app, name):
    key, inputs = VIEWS[name]
    view = {one: text for one, text in inputs.items() if one in ("view", "data")}
    first = learn(app, key, view)
    before = digits(first)
    keys = [str(w.key) for kind, w in controls(first, key) if kind != "text_input" and w.key != "attention-force"]
    names = [one.split(":")[0].removeprefix(f"{key}-") for one in keys]
    names = [one for one in names if one not in view]
    page = again(app, key, dict.fromkeys(names, NONSENSE) | view | {"unheard": "1"})
    assert not faults(page)
    assert said(page.warning).count("nonsense") >= len(names) > 0
    assert f"{key}-unheard" in said(page.warning).replace("\\", "")
    assert "<b>" not in said(page.warning).replace(r"\<b\>", "")
    assert digits(page) == before


@pytest.mark.parametrize(
    ("key", "name", "texts"),
    [
        ("hopfield", "stored", ["Nobody", "<b>"]),
        ("gan-game", "moves", ["D", "B-1", "Q5", "B9999x99", "D0", "G5,", "B50x9999"]),
        ("attention", "look", ["x", "1", "1:a"]),
    ],
)
def test_what_no_widget_reads_from_the_address_is_checked_too(app, key, name, texts):
    view = {"view": "Encoder and decoder"} if key == "attention" else {}
    before = None
    for text in texts:
        page = again(app, key, view | {name: text})
        assert not faults(page), text
        assert "The address asks for" in said(page.warning), text
        before = before or digits(page)
        assert digits(page) == before


@pytest.mark.parametrize(
    ("key", "inputs", "name", "text", "sentence"),
    [
        ("elman-jordan", {}, "bits", "01a", "write 2 to 40 signs"),
        ("recursive", {}, "sentence", "(good (and", "The brackets do not close"),
        ("recursive", {}, "sentence", "<b>ugly</b>", "is unknown"),
        ("lstm-gru", {}, "string", "", "The string has 0 characters"),
        ("lstm-gru", {"view": "The long sentence"}, "folding", "妈妈 吃", "is unknown"),
        ("attention", {}, "sentence", "", "The sentence has 0 words"),
        ("attention", {}, "sentence", "w " * 20, "The sentence has 20 words"),
        ("attention", {"view": "Encoder and decoder"}, "source-reverse", "ärger", "is no word for it"),
    ],
)
def test_a_text_that_is_none_is_said_in_place_and_the_page_goes_on(app, key, inputs, name, text, sentence):
    page = learn(app, key, inputs)
    before = digits(page)
    page.text_input(key=f"{key}-{name}").set_value(text).run()
    assert not faults(page)
    assert sentence in said(page.error).replace("\\", "")
    assert "its own numbers" in said(page.error)
    assert "<b>" not in said(page.error).replace(r"\<b\>", "")
    assert digits(page) == before


@pytest.mark.parametrize(
    ("key", "inputs", "table", "sentence"),
    [
        ("hopfield", {"stored": ["Smile", "Own"]}, "own", "The drawing is empty or full"),
        ("gan-game", {"data": "two dimensions", "shape2": "own"}, "cells", "The drawing is empty"),
        ("gan-game", {"shape1": "own"}, "bars", "at least one of them above 0"),
    ],
)
def test_an_empty_drawing_is_said_and_replaced(app, key, inputs, table, sentence):
    size = {"own": (7, 7), "cells": (12, 12), "bars": (1, 16)}[table]
    empty = ";".join([",".join(["0"] * size[1])] * size[0])
    page = learn(app, key, inputs | {table: empty})
    assert not faults(page)
    assert sentence in said(page.error)
    assert page.get("plotly_chart")


@pytest.mark.parametrize("cell", sampled(["NaN", None, "inf", "word", "", "1e400"], 2))
def test_a_bad_cell_is_named_and_the_defaults_stay(app, cell):
    page = learn(app, "bptt", {"view": "Every digit"})
    before = digits(page)
    edit = {"edited_rows": {1: {"x": cell}}, "added_rows": [], "deleted_rows": []}
    page.session_state["bptt-series:0"] = edit
    page.run()
    assert not faults(page)
    assert "row 2, column x" in page.error[0].value
    assert digits(page) == before


def test_the_same_picture_twice_is_refused(app):
    smile = ";".join(",".join(map(str, row)) for row in hopfield.PICTURES["smile"])
    page = learn(app, "hopfield", {"stored": ["Smile", "Own"], "own": smile})
    assert not faults(page)
    assert "stored twice" in said(page.error)
