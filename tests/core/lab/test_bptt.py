import numpy as np
import pytest

from core.errors import UserError
from core.lab import bptt
from core.lab.bptt import Weights, backward


def test_the_notes_example_gives_the_notes_states_and_outputs():
    back = backward()
    assert np.round(back.steps[0].s, 3).tolist() == [0.537, 0.462]
    assert np.round(back.steps[1].s, 3).tolist() == [0.860, 0.884]
    assert [round(float(step.y[0]), 2) for step in back.steps] == [1.56, 2.73]


def test_the_two_steps_by_hand():
    back = backward()
    s1 = np.tanh([0.6, 0.5])
    s2 = np.tanh([2 * 0.5 + s1 @ [0.1, 0.3] + 0.1, 2 * 0.6 + s1 @ [0.2, 0.4] - 0.1])
    error = s2 @ [1, 2] + 0.1 - 3
    at_two = error * np.array([1, 2])
    through = at_two * (1 - s2**2)
    at_one = np.array([through @ [0.1, 0.2], through @ [0.3, 0.4]])
    two, one = back.terms[1]
    np.testing.assert_allclose(two.delta, at_two)
    np.testing.assert_allclose(one.delta, at_one)
    np.testing.assert_allclose(two.dW, np.outer(s1, through))
    assert not one.dW.any()  # s_0 = 0


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_the_sum_of_all_contributions_is_the_numerical_gradient(scale):
    rng = np.random.default_rng(3)
    w = Weights(*(rng.normal(size=shape) for shape in [(2, 3), (3, 3), (3,), (3, 2), (2,)]))
    x, d = rng.normal(size=(6, 2)), rng.normal(size=(6, 2))
    back = backward(w, x, d, scale)
    for name in ("U", "W", "b", "V", "c"):
        value = np.array(getattr(back.weights, name))
        numerical = np.zeros_like(value)
        for place in np.ndindex(value.shape):
            losses = []
            for nudge in (1e-6, -1e-6):
                moved = value.copy()
                moved[place] += nudge
                parts = {n: getattr(back.weights, n) for n in ("U", "W", "b", "V", "c")} | {name: moved}
                losses.append(backward(Weights(**parts), x, d).loss)
            numerical[place] = (losses[0] - losses[1]) / 2e-6
        np.testing.assert_allclose(getattr(back, "d" + name), numerical, atol=1e-6)


def test_small_weights_vanish_and_a_far_step_adds_less():
    sizes = backward(x=[1] * 10, d=[0] * 10).state_gradients()[-1]
    assert (np.diff(sizes) > 0).all()
    assert sizes[0] < 1e-4 * sizes[-1]


def test_without_saturation_large_weights_explode():
    w = Weights(U=[[0.0]], W=[[2.0]], b=[0.0], V=[[1.0]], c=[1.0])
    sizes = backward(w, x=[0] * 10, d=[0] * 10).state_gradients()[-1]
    np.testing.assert_allclose(sizes, 2.0 ** np.arange(9, -1, -1))


def test_powers_are_the_notes_two_cases():
    assert bptt.powers(0.1, 3) == pytest.approx((0.1, 0.01, 0.001))
    assert bptt.powers(1.5, 40)[-1] > 1e7
    assert bptt.powers(-10, 100)[-1] == pytest.approx(1e100)


def test_the_formula_shows_the_live_digits():
    text = bptt.formula_with_digits(backward(), 2, 2)
    assert "-0.273" in text
    assert "0.537" in text
    assert r"E_{2}" in text


def test_the_question_is_answered_by_the_numbers():
    back = backward(x=[1] * 8, d=[0] * 8)
    asked = bptt.question(back)
    best = int(np.nanargmax(back.contributions()[-1])) + 1
    assert asked.options[asked.answer_index].split()[-1] == str(best)
    assert len(set(asked.options)) == len(asked.options) >= 2


@pytest.mark.parametrize(("x", "d", "scale"), [((1, 2), (2, 3), 1.0), ((0.5, -1, 2, 1), (0, 0, 1, 1), 3.0)])
def test_keras_prints_the_same(run_snippet, x, d, scale):
    snippet = bptt.snippet(backward(x=x, d=d, scale=scale))
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Weights(W=[[float("nan")] * 2] * 2),
        lambda: Weights(U=[[1.0, 2.0, 3.0]]),
        lambda: Weights(*(np.ones(s) for s in [(1, 9), (9, 9), (9,), (9, 1), (1,)])),
        lambda: backward(x=[1, float("inf")]),
        lambda: backward(x=[1], d=[1]),
        lambda: backward(x=[[1], [1, 2]]),
        lambda: backward(x=[1, None]),
        lambda: backward(x="12"),
        lambda: backward(x=[1, 2, 3], d=[1, 2]),
        lambda: backward(x=[0] * 51, d=[0] * 51),
        lambda: backward(scale=-1),
        lambda: bptt.powers(11, 3),
        lambda: bptt.formula_with_digits(backward(), 1, 2),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
