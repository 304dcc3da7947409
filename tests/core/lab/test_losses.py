import numpy as np
import pytest

from core.errors import UserError
from core.lab import losses
from core.lab.losses import LOSSES, STARTS, learn, neuron

NEURONS = [(0.6, 0.9, 1, 0), (2, 2, 1, 0), (-1.5, 0.2, 2, 1), (3, -4, -1.5, 0.3), (20, 20, 5, 0)]


@pytest.mark.parametrize("case", NEURONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_cost_and_gradient_are_those_of_keras(case, loss):
    import keras
    import tensorflow as tf

    w, b, x, y = case
    z = tf.constant([[w * x + b]], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(z)
        if loss == "squared":
            cost = 0.5 * keras.losses.mean_squared_error([[float(y)]], keras.activations.sigmoid(z))
        else:
            cost = keras.losses.binary_crossentropy(tf.constant([[y]], tf.float64), z, from_logits=True)
    here = neuron(*case)
    assert here.cost[loss] == pytest.approx(float(cost[0]), abs=1e-12)
    assert here.dz[loss] == pytest.approx(float(tape.gradient(cost, z)[0, 0]), abs=1e-12)


def test_the_two_gradients_differ_by_the_slope_alone():
    here = neuron(2, 2, 1, 0)
    assert here.dz["squared"] == pytest.approx(here.dz["cross-entropy"] * here.slope)
    assert here.slope == pytest.approx(here.a * (1 - here.a))


def test_a_badly_wrong_neuron_hardly_moves_under_the_squared_loss():
    start = neuron(*STARTS["badly wrong"], 1, 0)
    squared, entropy = (learn(start, 0.15, 300, loss) for loss in LOSSES)
    assert squared.a[0] == entropy.a[0] == pytest.approx(1 / (1 + np.exp(-4)))
    assert squared.a[100] > 0.9 > 0.15 > entropy.a[100]
    assert entropy.below(0.1, 0) < squared.below(0.5, 0)
    # the step that moves fastest comes first for one and long after for the other
    assert np.abs(entropy.dz).argmax() == 0
    assert np.abs(squared.dz).argmax() > 100


def test_a_step_by_hand():
    done = learn(neuron(0, 0, 2, 1), 1, 1, "squared")  # a = ½: dz = −½ · ¼
    assert (done.w[1], done.b[1]) == (0.25, 0.125)
    done = learn(neuron(0, 0, 2, 1), 1, 1, "cross-entropy")  # dz = −½
    assert (done.w[1], done.b[1]) == (1, 0.5)


def test_a_hopeless_neuron_has_a_finite_cost_and_a_question():
    here = neuron(20, 20, 5, 0)
    assert here.cost["cross-entropy"] == pytest.approx(120)
    assert losses.question(here).answer_index == 4


@pytest.mark.parametrize(("start", "answer"), [((0, 0), "4"), ((1, 1), "10"), ((2, 2), "100"), ((3.5, 3.5), "1,000")])
def test_the_question_knows_the_ratio(start, answer):
    w, b = start
    asked = losses.question(neuron(w, b, 1, 0))
    assert asked.options[asked.answer_index] == answer


def test_the_surface_is_the_cost_of_each_neuron():
    for loss in LOSSES:
        axis, cost = losses.surface(1.5, 0.25, loss, count=5)
        assert cost[1, 3] == pytest.approx(neuron(axis[3], axis[1], 1.5, 0.25).cost[loss])


def test_the_formula_holds_the_digits():
    here = neuron(2, 2, 1, 0)
    squared, entropy = (losses.formula_with_digits(here, loss) for loss in LOSSES)
    assert r"(0.982 - 0) \cdot 0.982 \cdot 0.018 \approx 0.017" in squared
    assert r"a - y = 0.982 - 0 \approx 0.982" in entropy
    assert r"C &= -0 \ln 0.982 - (1 - 0) \ln 0.018 \approx 4.018" in entropy


@pytest.mark.parametrize("case", NEURONS[:4])
def test_the_snippet_prints_the_shown_numbers(case, run_snippet):
    snippet = losses.snippet(neuron(*case), 0.15, 60)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: neuron(float("nan"), 0, 1, 0), "weight w is nan"),
        (lambda: neuron(0, float("inf"), 1, 0), "bias b is inf"),
        (lambda: neuron(0, 0, "two", 0), "input x is 'two'"),
        (lambda: neuron(0, 0, 1, 1.2), "target y"),
        (lambda: learn(neuron(0, 0, 1, 1), 0, 10, "squared"), "learning rate"),
        (lambda: learn(neuron(0, 0, 1, 1), 1, 10**6, "squared"), "number of steps"),
        (lambda: learn(neuron(0, 0, 1, 1), 1, 10, "hinge"), "choose one of squared"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
