"""The lab's pages 8 to 14, by AppTest: each view of each page."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lab import (
    attention,
    bptt,
    brackets,
    chain,
    elman_jordan,
    encoder_decoder,
    gan_balance,
    gan_game,
    gradients,
    hopfield,
    long_memory,
    lstm_gru,
    recursive,
)
from core.lab.concept import CONCEPTS
from core.lab.long_memory_snippet import snippet as long_snippet
from core.lab.snippet import Snippet
from tests.pages.conftest import faults, open_page
from ui.lab_folding import FOLDING

NONSENSE = "☃ <b>nonsense</b>"
KINDS = ("slider", "number_input", "toggle", "selectbox", "segmented_control", "text_input")
# page → what its address says for each of its views
VIEWS = {
    "bptt long": ("bptt", {}),
    "bptt digits": ("bptt", {"view": "Every digit"}),
    "elman-jordan": ("elman-jordan", {"wipe": "true"}),
    "recursive": ("recursive", {}),
    "hopfield": ("hopfield", {}),
    "hopfield drawn": ("hopfield", {"stored": ["Smile", "Cross", "Own"], "from": "Your drawing"}),
    "lstm-gru cell": ("lstm-gru", {"hold": "f"}),
    "lstm-gru long": ("lstm-gru", {"view": "The long sentence", "hold": "f"}),
    "attention steps": ("attention", {"mask": "padding"}),
    "attention both": ("attention", {"view": "Encoder and decoder"}),
    "gan-game one": ("gan-game", {"moves": "D3,B10"}),
    "gan-game two": ("gan-game", {"data": "two dimensions", "shape2": "own", "moves": "D3,G2"}),
}
TEXTS = {
    "elman-jordan-bits": "110100",
    "recursive-sentence": "(not (good (or awful)))",
    "lstm-gru-string": "to be",
    "lstm-gru-folding": "妈妈 教 小明 叠 毛巾 最后 叠好 了",
    "attention-sentence": "a b a c d",
    "attention-source-reverse": "tiny",
    "attention-source-add": "9+9",
}


@pytest.fixture(autouse=True)
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the page need no well-trained network."""
    whole = elman_jordan.train
    monkeypatch.setattr(elman_jordan, "train", lambda *a, **k: whole(*a, **{**k, "steps": 40}))
    tree = recursive.train
    monkeypatch.setattr(recursive, "train", lambda *a, **k: tree(*a, **{**k, "steps": 40}))
    deep = gradients.train
    monkeypatch.setattr(gradients, "train", lambda *a, **k: deep(*a, **{**k, "steps": 5}))
    long = long_memory.train
    monkeypatch.setattr(long_memory, "train", lambda *a, **k: long(*a, **{"updates": 5, **k}))


def learn(app: AppTest, key: str, inputs: dict[str, Any] | None = None) -> AppTest:
    """The page `key`, its inputs as the address gives them."""
    query = {f"{key}-{name}": text for name, text in (inputs or {}).items()}
    return open_page(app, f"learn/{key.replace('-', '_')}.py", **query)


def again(app: AppTest, key: str, inputs: dict[str, Any] | None = None) -> AppTest:
    """The same page for another visitor."""
    return learn(AppTest.from_file(app._script_path, default_timeout=60), key, inputs)


def controls(page: AppTest, key: str) -> Iterator[tuple[str, Any]]:
    for kind in KINDS:
        for widget in page.get(kind):
            if str(widget.key).startswith(key):
                yield kind, widget


def digits(page: AppTest) -> str:
    return "\n".join(item.value for item in page.latex)


def said(items: Any) -> str:
    return "\n".join(item.value for item in items)


def moved(widget: Any) -> Any:
    """Another value that the widget can have."""
    if widget.type in ("slider", "number_input"):
        return widget.max if widget.value != widget.max else widget.min
    if widget.type in ("toggle", "checkbox"):
        return not widget.value
    if widget.type == "text_input":
        return TEXTS[widget.key]
    return next(option for option in reversed(widget.options) if option != str(widget.value))


def z_values(page: AppTest, number: int = 0) -> np.ndarray:
    """The table of numbers that the picture `number` with a heat map shows."""
    for chart in page.get("plotly_chart"):
        heats = [trace for trace in json.loads(chart.proto.spec)["data"] if trace["type"] == "heatmap"]
        if heats:
            if number == 0:
                return plain(heats[0]["z"])
            number -= 1
    raise AssertionError("no heat map")


def plain(z: Any) -> np.ndarray:
    """Plotly's way to send an array, or lists."""
    if isinstance(z, dict):
        import base64

        shape = [int(n) for n in str(z["shape"]).split(",")]
        return np.frombuffer(base64.b64decode(z["bdata"]), np.dtype(z["dtype"])).reshape(shape).astype(float)
    return np.array(z, float)


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


@pytest.mark.parametrize("name", VIEWS)
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


@pytest.mark.parametrize("name", VIEWS)
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


@pytest.mark.parametrize("cell", ["NaN", "inf", "word", "", None, "1e400"])
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


def patterns(*names: str) -> np.ndarray:
    return hopfield.together([hopfield.pattern(hopfield.PICTURES[name]) for name in names])


HOP = ("smile", "cross", "house")
SMILE = hopfield.damage(hopfield.pattern(hopfield.PICTURES["smile"]), 0.25, 0)


def test_recall_goes_on_neuron_by_neuron_to_the_stored_picture(app):
    done = hopfield.recall(patterns(*HOP), SMILE, 0)
    page = learn(app, "hopfield")
    assert np.array_equal(z_values(page), (SMILE.reshape(7, 7) + 1) // 2)
    page.button(key="hopfield-go-mark").click().run()
    first = next(step for step in done.steps if step.flipped)
    assert hopfield.formula_with_digits(patterns(*HOP), first) in digits(page)
    page.button(key="hopfield-go-end").click().run()
    assert np.array_equal(z_values(page), hopfield.PICTURES["smile"])
    assert "It settled in the stored picture Smile." in said(page.info)


def test_each_press_is_a_move(app):
    page = learn(app, "gan-game")
    for _press in range(2):
        page.button(key="gan-game-play-D").click().run()
    assert page.query_params["gan-game-moves"] == "D10x2"
    assert "D has made **20** steps, G **0**" in said(page.markdown)


def test_a_game_in_the_address_is_played_again_and_a_step_back_gives_up_what_came_after(app):
    page = learn(app, "gan-game", {"moves": "D20,G10,B5x2", "step": "4"})
    state = gan_game.start(gan_game.Game(gan_game.SHAPES["two bumps"]))
    state = gan_game.step_g(gan_game.step_d(state, 20), 10)
    then = gan_game.play(gan_game.play(state, 5)[-1], 5)[-1]
    view = gan_balance.look(then)
    assert gan_balance.formula_with_digits(then, view, np.array([1.0])) in digits(page).replace(r"\footnotesize ", "")
    for _press in range(3):
        page.button(key="gan-game-go-back").click().run()
    page.button(key="gan-game-play-G").click().run()
    assert page.query_params["gan-game-moves"] == "D20,G10"
    assert "D has made **20** steps, G **10**" in said(page.markdown)


def test_a_game_has_an_end_and_says_so(app):
    page = learn(app, "gan-game", {"moves": "D1x100", "step": "100"})
    assert not faults(page)
    assert all(page.button(key=f"gan-game-play-{who}").disabled for who in "DGB")
    assert "as long as a game can be" in said(page.info)


def test_the_switches_are_the_remedies_of_the_traced_network(app):
    page = learn(app, "bptt")
    assert gradients.formula_with_digits(chain.Chain()) in digits(page)
    page.button(key="bptt-all").click().run()
    healed = chain.Chain(remedies=chain.Remedies("relu", "keeping", True, True, 1.0))
    assert gradients.formula_with_digits(healed) in digits(page)
    page.button(key="bptt-none").click().run()
    assert gradients.formula_with_digits(chain.Chain()) in digits(page)


def test_both_networks_are_trained_once_the_button_is_pressed_and_found_again(app):
    page = learn(app, "bptt", {"depth": "5"})
    charts = len(page.get("plotly_chart"))
    page.button(key="bptt-train").click().run()
    assert not faults(page)
    assert len(page.get("plotly_chart")) == charts + 1
    other = again(app, "bptt", {"depth": "5"})
    assert len(other.get("plotly_chart")) == charts + 1  # kept for everybody


def test_a_wiped_memory_is_another_run(app):
    free = z_values(learn(app, "elman-jordan", {"step": "6"}), 0)
    wiped = z_values(again(app, "elman-jordan", {"step": "6", "wipe": "true", "at": "6"}), 0)
    assert np.array_equal(free[:2], wiped[:2], equal_nan=True)
    assert np.allclose(free[2, :5], wiped[2, :5])
    assert not np.allclose(free[2, 5:], wiped[2, 5:])


def test_a_tree_is_bracketed_otherwise_by_a_button_and_back(app):
    page = learn(app, "recursive")
    page.button(key="recursive-turn-right").click().run()
    assert page.text_input(key="recursive-sentence").value == "(not (good (and bad)))"
    page.button(key="recursive-turn-left").click().run()
    assert page.text_input(key="recursive-sentence").value == "((not good) (and bad))"
    word = again(app, "recursive", {"step": "0"})
    assert word.button(key="recursive-turn-left").disabled
    assert word.button(key="recursive-turn-right").disabled


def test_a_held_gate_stands_in_the_table_from_its_step_on(app):
    page = learn(app, "lstm-gru", {"hold": "f", "value": "0.25", "first": "4"})
    table = z_values(page)
    assert np.all(table[0, 3:] == 0.25)
    assert np.all(table[0, :3] != 0.25)
    assert r"f_{2} &= \sigma" in digits(page)


def test_the_long_sentence_is_learned_live_and_a_hold_is_measured(app, monkeypatch):
    monkeypatch.undo()
    whole = long_memory.train
    monkeypatch.setattr(long_memory, "train", lambda *a, **k: whole(*a, **{"updates": 60, **k}))
    page = learn(app, "lstm-gru", {"view": "The long sentence", "steps": "1", "size": "8"})
    assert "Not trained yet" in said(page.caption)
    page.button(key="lstm-gru-train").click().run()
    assert not faults(page)
    assert "Right on 500 fresh sentences" in said(page.caption)
    assert any("What will it answer with gate f held" in radio.label for radio in page.radio)
    page.get("segmented_control")[-1].set_value("f").run()
    page.slider(key="lstm-gru-value").set_value(0.0).run()
    assert "With that gate held" in said(page.info)


def test_the_decoder_looks_where_it_is_told_and_the_address_says_so(app):
    page = learn(app, "attention", {"view": "Encoder and decoder", "step": "2"})
    assert "`lantern` → `nretnal`" in said(page.success)
    page.selectbox(key="attention-force").set_value(0).run()
    told = encoder_decoder.decode("reverse", "lantern", {2: 0})
    assert f"`lantern` → `{told.text}`" in said(page.warning)
    assert page.query_params["attention-look"] == "2:0"
    assert np.array_equal(z_values(page)[1], [1, 0, 0, 0, 0, 0, 0])
    assert r"\text{ (yours)}" in digits(page)
    page.button(key="attention-clear").click().run()
    assert "`lantern` → `nretnal`" in said(page.success)
    assert "attention-look" not in page.query_params


def test_a_causal_mask_leaves_the_later_words_out(app):
    table = z_values(learn(app, "attention", {"mask": "causal", "step": "2"}))
    assert np.array_equal(np.isnan(table), np.triu(np.ones((4, 4), bool), 1))
    assert np.allclose(np.nansum(table, axis=1), 1)


def test_what_a_person_types_is_shown_as_text(app):
    page = learn(app, "attention")
    page.text_input(key="attention-sentence").set_value("see $x^2$ <img src=x> :red[d]").run()
    assert not faults(page)
    options = "\n".join(option for radio in page.radio for option in radio.options)
    assert r"\$x\^2\$" in options or r"\$x^2\$" in options
    assert r"\:red\[d\]" in options
    specs = "".join(chart.proto.spec for chart in page.get("plotly_chart")).replace("\\u003c", "<")
    assert "<img" not in specs


def _tree() -> tuple[recursive.Trained, Any]:
    return recursive.train(3, 0), brackets.parse("((not good) (and bad))")


def _gate_cell() -> Snippet:
    x, _signs = lstm_gru.characters("hidden state")
    return lstm_gru.snippet("lstm", lstm_gru.initial("lstm", x.shape[1], 4, 0, 1.0), x)


def _series() -> bptt.Bptt:
    return bptt.backward(x=[1, 2, 1, 0, 1], d=[2, 3, 2, 1, 2])


def _words() -> attention.Encoded:
    words = attention.read("the cat drinks milk")
    return attention.encode(words, attention.weights_for(words, 4, 2, 0))


SNIPPETS: dict[str, Callable[[], Snippet]] = {
    "bptt long": lambda: gradients.snippet(chain.Chain()),
    "bptt digits": lambda: bptt.snippet(_series()),
    "elman-jordan": lambda: elman_jordan.snippet(
        elman_jordan.train("elman", "delay", 3, 2, 0), elman_jordan.bits("011010011101")
    ),
    "recursive": lambda: recursive.snippet(_tree()[0].weights, _tree()[1]),
    "hopfield": lambda: hopfield.snippet(patterns(*HOP), SMILE, 7, 0),
    "lstm-gru cell": _gate_cell,
    "lstm-gru long": lambda: long_snippet(
        long_memory.train("lstm", 6, 12, 3.0, 0, updates=1), long_memory.sentence(FOLDING)
    ),
    "attention steps": lambda: attention.snippet(_words()),
    "attention both": lambda: encoder_decoder.snippet(encoder_decoder.decode("reverse", "lantern")),
    "gan-game one": lambda: gan_balance.snippet(gan_game.start(gan_game.Game(gan_game.SHAPES["two bumps"]))),
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_page_shows_the_program_of_its_own_numbers_and_what_it_prints(app, name):
    key, inputs = VIEWS[name]
    page = learn(app, key, {one: text for one, text in inputs.items() if one in ("view", "data")})
    page.session_state[f"{key}-keras"] = True
    page.run()
    expected = SNIPPETS[name]()  # that it prints what it says is tested beside the arithmetic
    shown = [code.value.strip() for code in page.code]
    assert expected.code.strip() in shown
    assert expected.prints.strip() in shown


def test_a_slider_follows_an_end_that_comes_nearer(app):
    page = learn(app, "lstm-gru", {"hold": "c̃", "value": "-0.5", "first": "12", "unit": "4"})
    assert np.all(z_values(page)[2, 11:] == -0.5)
    page.get("segmented_control")[-1].set_value("f").run()
    page.text_input(key="lstm-gru-string").set_value("abc").run()
    page.slider(key="lstm-gru-units").set_value(2).run()
    assert not faults(page)
    assert not page.error
    assert [page.slider(key=f"lstm-gru-{name}").value for name in ("value", "first", "unit")] == [0.0, 3, 2]
    assert z_values(page)[0, 2] == 0.0
