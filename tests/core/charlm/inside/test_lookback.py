"""Backpropagation by hand against tf.GradientTape."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.charlm.inside.lookback import input_gradients, mean_gradient_norm
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.passage import read
from core.charlm.training.model import recurrent
from core.errors import UserError
from tests.core.charlm.inside.conftest import LETTERS, trained


def by_tape(model, ids, target):
    """∂ ln P(target) / ∂ x_s by TensorFlow through Keras' own layers."""
    layers = recurrent(model)
    x = tf.constant(model.get_layer(index=1)(ids))
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = x
        for layer in layers:
            h = layer(h)
        log_probs = tf.nn.log_softmax(model.get_layer("logits")(h[:, -1]))
        chosen = tf.gather(log_probs, target, batch_dims=1)
    return np.asarray(tape.gradient(chosen, x)), np.asarray(x), np.asarray(chosen)


@pytest.mark.parametrize("embedding", [5, 0])
def test_the_gradients_are_those_of_the_tape(cell, embedding):
    model, config = trained(cell, embedding=embedding)
    rng = np.random.default_rng(0)
    ids, target = rng.integers(0, 13, (3, 25)), rng.integers(0, 13, 3)
    gradient, x, chosen = by_tape(model, ids, target)
    found = input_gradients(NumpyNetwork.from_keras(model, config.cell), ids, target)
    np.testing.assert_allclose(found.strength, np.linalg.norm(gradient, axis=-1), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(found.effect, (gradient * x).sum(-1), rtol=2e-3, atol=1e-6)
    np.testing.assert_allclose(found.log_prob, chosen, atol=1e-4)


def test_looking_back_over_the_last_characters_only_gives_the_same_for_them(cell):
    model, config = trained(cell)
    network = NumpyNetwork.from_keras(model, config.cell)
    ids, target = np.random.default_rng(1).integers(0, 13, (1, 30)), np.array([4])
    whole = input_gradients(network, ids, target)
    part = input_gradients(network, ids[:, 18:], target, network.read(ids[:, :18]).state)
    np.testing.assert_allclose(part.strength, whole.strength[:, 18:], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(part.log_prob, whole.log_prob, atol=1e-5)


def test_before_the_first_character_there_is_nothing_to_look_back_to():
    model, config = trained()
    with pytest.raises(UserError, match="no character before"):
        input_gradients(NumpyNetwork.from_keras(model, config.cell), np.zeros((1, 0), int), np.array([1]))


def test_the_average_is_the_mean_over_single_predictions(cell):
    model, config = trained(cell)
    network = NumpyNetwork.from_keras(model, config.cell)
    passage = read(network, LETTERS, "abc def\nghi jab" * 40)
    found = mean_gradient_norm(passage, 30, 5)
    places = np.linspace(30, len(passage) - 1, 5).astype(int)
    lead = LETTERS.encode("\n")
    singles = []
    for place in places:
        state = network.read(np.concatenate([lead, passage.ids[: place - 30]])[None]).state
        one = input_gradients(network, passage.ids[None, place - 30 : place], passage.ids[place : place + 1], state)
        singles.append(one.strength[0, ::-1])
    np.testing.assert_allclose(found, np.mean(singles, axis=0), rtol=1e-3, atol=1e-7)
    assert len(mean_gradient_norm(read(network, LETTERS, "abc" * 10), 200, 5)) == 0
    assert len(mean_gradient_norm(read(network, LETTERS, "abc" * 20), 200, 5)) == 30


def test_keras_is_left_as_it_was():
    model, config = trained()
    before = [array.copy() for array in model.get_weights()]
    network = NumpyNetwork.from_keras(model, config.cell)
    input_gradients(network, np.ones((1, 9), int), np.array([2]))
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))
    assert isinstance(model, keras.Model)
