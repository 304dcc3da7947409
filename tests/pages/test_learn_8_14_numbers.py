"""What each of the lab's pages 8 to 14 shows is what core.lab computes, and its program prints it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

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
from core.lab.long_memory_snippet import snippet as long_snippet
from core.lab.snippet import Snippet
from tests.pages.conftest import faults
from tests.pages.lab_views import VIEWS, again, digits, learn, said, train_little, z_values
from tests.selection import sampled
from ui.learn.long_memory import FOLDING


@pytest.fixture(autouse=True)
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    train_little(monkeypatch)


def patterns(*names: str) -> np.ndarray:
    return hopfield.stack_patterns([hopfield.pattern(hopfield.PICTURES[name]) for name in names])


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
    view = gan_balance.evaluate_state(then)
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
    page.main.get("segmented_control")[-1].set_value("f").run()
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


@pytest.mark.parametrize("name", sampled(SNIPPETS, 3))
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
    page.main.get("segmented_control")[-1].set_value("f").run()
    page.text_input(key="lstm-gru-string").set_value("abc").run()
    page.slider(key="lstm-gru-units").set_value(2).run()
    assert not faults(page)
    assert not page.error
    assert [page.slider(key=f"lstm-gru-{name}").value for name in ("value", "first", "unit")] == [0.0, 3, 2]
    assert z_values(page)[0, 2] == 0.0
