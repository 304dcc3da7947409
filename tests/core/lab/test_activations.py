import numpy as np
import pytest

from core.errors import UserError
from core.lab import activations
from core.lab.activations import ACTIVATIONS, apply, shares


@pytest.mark.parametrize("key", ACTIVATIONS)
def test_value_and_slope_are_keras_and_its_gradient(key):
    import keras
    import tensorflow as tf

    z = tf.constant(np.concatenate([np.linspace(-12, 12, 97), [-1e-9, 0, 1e-9]]), tf.float64)
    options = {"leaky_relu": {"negative_slope": 0.01}, "gelu": {"approximate": False}}.get(key, {})
    with tf.GradientTape() as tape:
        tape.watch(z)
        a = getattr(keras.activations, key)(z, **options)
    value, slope = apply(key, z.numpy())
    # TensorFlow subtracts 1 − tanh² and so keeps 16 digits of 1 only
    assert np.allclose(value, a, atol=1e-12)
    assert np.allclose(slope, tape.gradient(a, z), atol=1e-12)


@pytest.mark.parametrize("key", ACTIVATIONS)
def test_far_out_nothing_overflows(key):
    with np.errstate(all="raise", under="ignore"):
        value, slope = apply(key, np.array([-1e4, 1e4]))
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()


def test_sigmoid_never_lets_more_than_a_quarter_through():
    z, _, slope = activations.curve("sigmoid", -10, 10)
    assert slope.max() == 0.25
    assert z[slope.argmax()] == pytest.approx(0)


def test_shares_by_hand():
    z = np.array([[-1.0, 5.0, 0.0], [-2.0, -5.0, 0.1]])
    relu = shares(z, "relu")  # slopes 0 1 0 / 0 0 1
    assert (relu.saturated, relu.dead, relu.mean_slope) == (4 / 6, 1 / 3, 2 / 6)
    assert relu.per_unit.tolist() == [0, 0.5, 0.5]
    sigmoid = shares(z, "sigmoid")  # only ±5 is beyond 2.9
    assert (sigmoid.saturated, sigmoid.dead) == (2 / 6, 0)
    leaky = shares(z, "leaky_relu")
    assert (leaky.saturated, leaky.dead) == (4 / 6, 0)


def test_large_weights_saturate_sigmoid_and_a_negative_bias_kills_relu():
    small, large = (shares(activations.digit_layer(64, s, 0, 0), "sigmoid").saturated for s in (1, 30))
    assert small < 0.01 < 0.5 < large
    assert shares(activations.digit_layer(64, 1, 0, 0), "relu").dead < 0.1
    assert shares(activations.digit_layer(64, 1, -3, 0), "relu").dead > 0.9
    assert shares(activations.digit_layer(64, 1, -3, 0), "leaky_relu").dead == 0


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("z", [-2.0, 1.5])
def test_the_formula_ends_in_the_value_and_the_slope(key, z):
    from core.lab.digits import tex

    value, slope = apply(key, z)
    first, second = activations.formula_with_digits(key, z).split(r" \\ ")
    assert first.endswith(tex(value))
    assert second.endswith(tex(slope) + r" \end{aligned}")


@pytest.mark.parametrize("key", ACTIVATIONS)
@pytest.mark.parametrize("z", [-20, -2, 0, 0.3, 4, 20])
def test_the_answer_has_the_largest_slope_of_the_options(key, z):
    question = activations.question(key, z)
    titles = {a.title: float(apply(k, z)[1]) for k, a in ACTIVATIONS.items()}
    assert ACTIVATIONS[key].title in question.options
    assert len(question.options) > 1
    assert titles[question.options[question.answer_index]] == max(titles[o] for o in question.options)


@pytest.mark.parametrize(("z", "alpha"), [(-1.3, None), (0.7, None), (0.0, None), (-2.0, 0.3)])
def test_the_snippet_prints_the_shown_numbers(z, alpha, run_snippet):
    snippet = activations.snippet(z, alpha)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: apply("cube", 1), "choose one of sigmoid"),
        (lambda: apply("elu", 1, 3), "α is 3"),
        (lambda: activations.formula_with_digits("relu", float("nan")), "z is nan"),
        (lambda: activations.curve("relu", 3, 1), "right end"),
        (lambda: shares([[1, float("inf")]], "relu"), "cell 1, 2"),
        (lambda: activations.digit_layer(1000, 1, 0, 0), "number of units"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
