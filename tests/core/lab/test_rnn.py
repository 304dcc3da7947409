import numpy as np
import pytest

from core.errors import UserError
from core.lab import rnn, wirings
from core.lab.rnn import cell, notes_example, random_cell, trace
from core.lab.wirings import WIRINGS, Sizes


def test_the_notes_worked_example_digit_by_digit():
    first, second = trace(*notes_example())
    assert first.z.round(3).tolist() == [0.6, 0.5]
    assert first.s.round(3).tolist() == [0.537, 0.462]
    assert first.y.round(2).tolist() == [1.56]
    # by hand: 2 · 0.5 + 0.537 · 0.1 + 0.462 · 0.3 + 0.1 and 2 · 0.6 + 0.537 · 0.2 + 0.462 · 0.4 − 0.1
    assert second.z == pytest.approx([1.2923, 1.3922], abs=1e-4)
    assert second.s.round(3).tolist() == [0.860, 0.884]
    assert second.y.round(3).tolist() == [2.727]


@pytest.mark.parametrize(
    ("D", "H", "O", "T", "output"),
    [(1, 2, 1, 2, "linear"), (3, 4, 5, 7, "softmax"), (3, 4, 5, 7, "linear"), (2, 6, 2, 12, "softmax")],
)
def test_states_and_outputs_are_those_of_keras(D, H, O, T, output):
    import keras

    made = random_cell(D, H, O, 3, output)
    x = np.random.default_rng(1).normal(size=(T, D))
    layer = keras.layers.SimpleRNN(H, return_sequences=True, dtype="float64")
    layer.build((1, T, D))
    layer.set_weights([made.U, made.W, made.b])
    dense = keras.layers.Dense(O, activation=output, dtype="float64")
    dense.build((None, H))
    dense.set_weights([made.V, made.c])
    states = layer(x[None])
    steps = trace(made, x)
    assert np.allclose([step.s for step in steps], states[0])
    assert np.allclose([step.y for step in steps], dense(states)[0])


def test_the_formula_holds_the_digits_of_the_example():
    made, x = notes_example()
    first, second = trace(made, x)
    assert rnn.formula_with_digits(made, first, "state", 0).endswith(r"+ 0.1\right) = \tanh(0.6) \approx 0.537")
    state = rnn.formula_with_digits(made, second, "state", 1)
    assert (
        r"\underbrace{0.6 \cdot 2}_{U x_2} + \underbrace{0.2 \cdot 0.537 + 0.4 \cdot 0.462}_{W s_1} + (-0.1)" in state
    )
    assert rnn.formula_with_digits(made, first, "output", 0) == (
        r"o_{1,1} = 1 \cdot 0.537 + 2 \cdot 0.462 + 0.1 \approx 1.561"
    )


def test_a_softmax_output_shows_its_fraction():
    made = cell([[1.0]], [[0.0]], [0.0], [[0.0, 0.0]], [0.0, 0.0], "softmax")
    step = trace(made, [[1.0]])[0]
    assert rnn.formula_with_digits(made, step, "output", 1).endswith(r"\frac{e^{0}}{e^{0} + e^{0}} = 0.5")


def test_the_question_compares_with_the_reversed_inputs():
    made, x = notes_example()
    assert rnn.question(made, x).answer_index == 1  # 2.727 now; 2 then 1 ends lower
    assert rnn.question(made, [[2.0], [1.0]]).answer_index == 0
    assert rnn.question(made, [[1.0], [2.0], [1.0]]).answer_index == 2
    assert trace(made, x[::-1])[-1].y[0] < 2.727


@pytest.mark.parametrize("output", ["linear", "softmax"])
def test_the_snippet_prints_the_shown_numbers(output, run_snippet):
    snippet = rnn.snippet(random_cell(2, 3, 2, 4, output), [[1, 0.5], [-1, 2], [0, 0]])
    assert run_snippet(snippet.code) == snippet.prints


def test_the_notes_example_runs_as_a_snippet(run_snippet):
    snippet = rnn.snippet(*notes_example())
    assert snippet.prints.startswith("t 1 state [0.537, 0.462] output [1.561]\n")
    assert run_snippet(snippet.code) == snippet.prints


SIZES = Sizes(T=4, T_out=3, D=2, U=5, O=7)
EXPECTED = {
    "one-to-one": {"x": (2, 1, 2), "rnn": (2, 5), "y": (2, 7)},
    "one-to-many": {"x": (2, 2), "repeat": (2, 3, 2), "rnn": (2, 3, 5), "y": (2, 3, 7)},
    "many-to-one": {"x": (2, 4, 2), "rnn": (2, 5), "y": (2, 7)},
    "many-to-many": {"x": (2, 4, 2), "rnn": (2, 4, 5), "y": (2, 4, 7)},
    "encoder-decoder": {"x": (2, 4, 2), "encoder": (2, 5), "repeat": (2, 3, 5), "decoder": (2, 3, 5), "y": (2, 3, 7)},
}


@pytest.mark.parametrize("key", WIRINGS)
def test_the_wired_models_have_these_shapes(key):
    found = {layer.name: layer for layer in wirings.shapes(key, SIZES)}
    assert {name: layer.seen for name, layer in found.items()} == EXPECTED[key]
    for layer in found.values():
        assert layer.symbolic == (None, *layer.seen[1:])
    assert found["y"].parameters == 5 * 7 + 7
    read = {"encoder-decoder": "encoder"}.get(key, "rnn")
    assert found[read].parameters == 2 * 5 + 5 * 5 + 5  # U, W and b once, however many steps


@pytest.mark.parametrize("key", WIRINGS)
def test_the_drawn_steps_agree_with_the_shapes(key):
    steps = wirings.ticks(key, SIZES)
    written = [tick.writes for tick in steps if tick.writes is not None]
    y = wirings.build(key, SIZES).output_shape
    assert len(written) == (y[1] if len(y) == 3 else 1)
    x = wirings.build(key, SIZES).input_shape
    read = {tick.reads for tick in steps if tick.reads is not None}
    assert len(read) == (x[1] if len(x) == 3 else 1)


@pytest.mark.parametrize("key", WIRINGS)
def test_the_wiring_snippet_prints_the_shown_shapes(key, run_snippet):
    snippet = wirings.snippet(key, SIZES)
    assert run_snippet(snippet.code) == snippet.prints
    assert snippet.prints.count("None") == len(EXPECTED[key])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cell([[1, 2]], [[1, 2], [3, float("nan")]], [0, 0], [[1], [2]], [0]), "W, cell 2, 2, is nan"),
        (lambda: cell([[1, 2]], [[1, 2]], [0, 0], [[1], [2]], [0]), "W is 1 × 2"),
        (lambda: cell([[1]], np.eye(2), [0, 0], [[1], [2]], [0]), "U is 1 × 1"),
        (lambda: cell(np.ones((1, 7)), np.eye(7), np.ones(7), np.ones((7, 1)), [0]), "size H is 7"),
        (lambda: cell([[1]], [[1]], [0], [[1]], [0], "sigmoid"), "The output"),
        (lambda: cell([[1]], [[1]], [0], [[1]], [0], "softmax"), "always 1"),
        (lambda: trace(notes_example()[0], [[1]] * 13), "number of steps"),
        (lambda: trace(notes_example()[0], [[1, 2]]), "table of inputs is 1 × 2"),
        (lambda: trace(notes_example()[0], [[float("inf")]]), "table of inputs, cell 1, 1"),
        (lambda: wirings.ticks("many-to-none", SIZES), "The wiring"),
        (lambda: wirings.build("many-to-one", Sizes(T=0)), "T is 0"),
        (lambda: wirings.shapes("many-to-one", Sizes(U=1000)), "U is 1000"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
