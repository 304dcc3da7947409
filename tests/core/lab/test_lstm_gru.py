import numpy as np
import pytest

from core.errors import UserError
from core.lab import lstm_gru
from core.lab.lstm_gru import KINDS, Cell, GateOverride, characters, initial, run

X, VOCABULARY = characters("hello, world")


def cell_of(kind, units=5, seed=0):
    made = initial(kind, len(VOCABULARY), units, seed)
    rng = np.random.default_rng(7)
    return Cell(*(q + 0.3 * rng.normal(size=q.shape) for q in made))


def keras_layer(kind, cell):
    import keras

    if kind == "lstm":
        layer = keras.layers.LSTM(cell.units, return_sequences=True)
    else:
        layer = keras.layers.GRU(cell.units, return_sequences=True, reset_after=kind == "gru")
    layer.build((None, *X.shape))
    layer.set_weights([cell.kernel, cell.recurrent, cell.bias.sum(axis=0) if kind == "gru-textbook" else cell.bias])
    return layer


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_is_keras_to_a_hundred_thousandth(kind):
    cell = cell_of(kind)
    theirs = np.asarray(keras_layer(kind, cell)(X[None].astype("float32")))[0]
    np.testing.assert_allclose([step.h for step in run(kind, cell, X)], theirs, atol=1e-5)


def test_the_cell_state_is_keras_too():
    import keras

    cell = cell_of("lstm")
    layer = keras.layers.LSTM(cell.units, return_state=True)
    layer.build((None, *X.shape))
    layer.set_weights(list(cell))
    _, h, c = layer(X[None].astype("float32"))
    last = run("lstm", cell, X)[-1]
    np.testing.assert_allclose(last.c, np.asarray(c)[0], atol=1e-5)
    np.testing.assert_allclose(last.h, np.asarray(h)[0], atol=1e-5)


def test_the_two_gru_forms_differ_only_in_where_r_stands():
    cell = cell_of("gru")
    cell.bias[1] = 0
    keras_form, textbook = run("gru", cell, X), run("gru-textbook", cell, X)
    np.testing.assert_allclose(textbook[0].h, keras_form[0].h)  # there is no state yet that r could scale
    assert np.abs(textbook[-1].h - keras_form[-1].h).max() > 1e-3
    open_reset = [GateOverride("r", 1.0)]
    for a, b in zip(run("gru", cell, X, open_reset), run("gru-textbook", cell, X, open_reset), strict=True):
        np.testing.assert_allclose(a.h, b.h)
        np.testing.assert_allclose(a.z, 1 - b.z)


def test_one_unit_of_an_lstm_by_hand():
    cell = Cell(np.array([[0.1, 0.2, 0.3, 0.4]]), np.array([[0.5, 0.6, 0.7, 0.8]]), np.array([0.0, 1.0, 0.0, 0.0]))
    one, two = run("lstm", cell, np.array([[1.0], [2.0]]))
    s = lambda a: 1 / (1 + np.exp(-a))  # noqa: E731
    c1 = s(0.1) * np.tanh(0.3)
    h1 = s(0.4) * np.tanh(c1)
    c2 = s(0.4 + 0.6 * h1 + 1) * c1 + s(0.2 + 0.5 * h1) * np.tanh(0.6 + 0.7 * h1)
    assert one.c[0] == pytest.approx(c1)
    assert two.c[0] == pytest.approx(c2)
    assert two.h[0] == pytest.approx(s(0.8 + 0.8 * h1) * np.tanh(c2))


def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_memory():
    steps = run("lstm", cell_of("lstm"), X, [GateOverride("f", 1.0, 4), GateOverride("i", 0.0, 4)])
    np.testing.assert_allclose(steps[-1].c, steps[2].c)
    assert not np.allclose(steps[1].c, steps[2].c)


@pytest.mark.parametrize(("kind", "keep"), [("gru", 1.0), ("gru-textbook", 0.0)])
def test_z_keeps_in_keras_form_and_renews_in_the_textbooks(kind, keep):
    steps = run(kind, cell_of(kind), X, [GateOverride("z", keep, 3, 6)])
    np.testing.assert_allclose(steps[5].h, steps[1].h)
    assert not np.allclose(steps[6].h, steps[5].h)


def test_many_strings_at_once_give_the_states_of_one_alone():
    cell = cell_of("gru")
    both = run("gru", cell, np.stack([X, X[::-1]]))
    np.testing.assert_allclose(both[-1].h[0], run("gru", cell, X)[-1].h)
    np.testing.assert_allclose(both[-1].h[1], run("gru", cell, X[::-1])[-1].h)


@pytest.mark.parametrize("kind", KINDS)
def test_the_formula_ends_in_the_units_state(kind):
    cell = cell_of(kind)
    step = run(kind, cell, X)[3]
    text = lstm_gru.formula_with_digits(kind, cell, X, 4, 2)
    assert text.endswith(lstm_gru.equals(step.h[2]) + r" \end{aligned}")
    held = lstm_gru.formula_with_digits(kind, cell, X, 4, 2, [GateOverride("candidate", -0.25, 4, 4)])
    assert r"= -0.25 \quad \text{held}" in held


@pytest.mark.parametrize("kind", KINDS)
def test_the_question_compares_what_is_kept_with_what_is_written(kind):
    cell = cell_of(kind)
    for t in (2, 5, 9):
        asked = lstm_gru.question(kind, cell, X, t, 1)
        step = run(kind, cell, X)[t - 1]
        if kind == "lstm":
            kept, now = step.f[1] * step.c_before[1], step.c[1]
        else:
            kept, now = (step.z if kind == "gru" else 1 - step.z)[1] * step.h_before[1], step.h[1]
        assert asked.answer_index == int(abs(now - kept) > abs(kept))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [False, True])
def test_keras_prints_the_same(run_snippet, kind, held):
    overrides = (
        [GateOverride("candidate", 0.5, 3), GateOverride("f" if kind == "lstm" else "z", 0.1, 2, 5)] if held else []
    )
    snippet = lstm_gru.snippet(kind, initial(kind, len(VOCABULARY), 3, 1), X, overrides)
    assert run_snippet(snippet.code) == snippet.prints
    assert ("keras.layers." in snippet.code) is not held


@pytest.mark.parametrize(
    "bad",
    [
        lambda: characters(""),
        lambda: characters("a" * 61),
        lambda: initial("rnn", 3, 3, 0),
        lambda: initial("lstm", 3, 0, 0),
        lambda: initial("lstm", 3, 3, 0, keep=float("nan")),
        lambda: run("lstm", cell_of("lstm"), X, [GateOverride("z", 0.5)]),
        lambda: run("lstm", cell_of("lstm"), X, [GateOverride("f", 1.5)]),
        lambda: run("lstm", cell_of("lstm"), X, [GateOverride("f", float("inf"))]),
        lambda: run("lstm", cell_of("lstm"), X, [GateOverride("f", 0.5, 0)]),
        lambda: run("lstm", cell_of("lstm"), X, [GateOverride("f", 0.5, 5, 3)]),
        lambda: lstm_gru.formula_with_digits("lstm", cell_of("lstm"), X, 13, 0),
        lambda: lstm_gru.question("lstm", cell_of("lstm"), X, 1, 0),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
