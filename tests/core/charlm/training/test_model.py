"""The network: plain Keras, and equal to what training differentiates."""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.charlm.config import CharLMConfig, cost
from core.charlm.inference.step_writer import StepWriter
from core.charlm.training.dropout import Masks
from core.charlm.training.forward import TrainingForward, trainable_tensors
from core.charlm.training.model import build

V, T, B = 11, 6, 4
IDS = np.random.default_rng(1).integers(0, V, (B, T)).astype("int32")
FILES = (("one_hot", "lstm", 0), ("lstm", "lstm", 5), ("gru", "gru", 5))
CASES = [(cell, layers, embedding) for cell in ("lstm", "gru", "rnn") for layers, embedding in ((1, 0), (2, 5))]


def small(cell="lstm", layers=2, embedding=5, **more):
    config = CharLMConfig(cell=cell, layers=layers, embedding=embedding, units=8, **more)
    model = build(config, V)
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.default_rng(number).normal(size=variable.shape) * 0.4)
    return config, model


@pytest.mark.parametrize(("cell", "layers", "embedding"), CASES)
def test_network_loss_and_gradients_equal_the_keras_model(cell, layers, embedding):
    config, model = small(cell, layers, embedding)
    network, targets = TrainingForward(config), np.roll(IDS, -1, 1)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(targets, model(IDS)))
    expected = tape.gradient(loss, trainable_tensors(model))

    @tf.function
    def ours(weights):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, _state = network(weights, tf.constant(IDS.T), network.zero_state(B))
            flat = tf.reshape(targets.T, [-1])
            nats = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(flat, logits))
        return nats, tape.gradient(nats, weights)

    nats, gradients = ours([tf.convert_to_tensor(weight) for weight in trainable_tensors(model)])
    assert float(nats) == pytest.approx(float(loss), abs=1e-5)
    for one, other in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(one, tf.convert_to_tensor(other), atol=1e-5)


@pytest.mark.parametrize(("cell", "layers", "embedding"), CASES)
def test_stepping_through_a_text_predicts_what_the_keras_model_does(cell, layers, embedding):
    config, model = small(cell, layers, embedding)
    step_writer = StepWriter(config, V)
    step_writer._precomputed = embedding == 0  # both ways into the first layer
    prepared, state = (
        step_writer.prepare([tf.convert_to_tensor(weight) for weight in trainable_tensors(model)]),
        step_writer.zero_state(B),
    )
    expected = model(IDS)
    for t in range(T):
        logits, state = step_writer.step(prepared, IDS[:, t], state)
        np.testing.assert_allclose(tf.nn.softmax(logits), expected[:, t], atol=1e-5)


def test_reading_gives_each_characters_surprise_and_stops_where_it_is_told():
    config, model = small()
    step_writer = StepWriter(config, V)
    prepared = step_writer.prepare([tf.convert_to_tensor(weight) for weight in trainable_tensors(model)])
    padded = np.concatenate([IDS.T, np.zeros((3, B), np.int32)])
    nats, logits, _state = step_writer.read(
        prepared, padded, tf.constant(T), step_writer.zero_state(B), tf.zeros((B, V))
    )
    predicted = np.asarray(model(IDS))
    expected = -np.log(np.take_along_axis(predicted[:, :-1], IDS[:, 1:, None], -1))[..., 0]
    np.testing.assert_allclose(nats.numpy()[1:T].T, expected, atol=1e-5)
    np.testing.assert_allclose(nats.numpy()[0], np.log(V), atol=1e-5)
    np.testing.assert_allclose(tf.nn.softmax(logits), predicted[:, -1], atol=1e-5)
    assert not nats.numpy()[T:].any()


@pytest.mark.exhaustive
def test_a_bare_keras_process_opens_the_files_and_predicts_the_same(tmp_path):
    models = {name: small(cell, 2, embedding, dropout=0.3)[1] for name, cell, embedding in FILES}
    for name, model in models.items():
        model.save(tmp_path / f"{name}.keras")
    np.save(tmp_path / "ids.npy", IDS)
    code = (
        "import keras, numpy as np, pathlib; ids = np.load('ids.npy');"
        "[np.save(file.stem + '-out.npy', keras.models.load_model(file).predict(ids, verbose=0))"
        " for file in pathlib.Path().glob('*.keras')]"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True)
    for name, model in models.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}-out.npy"), model(IDS), atol=1e-6)


@pytest.mark.parametrize(("cell", "layers", "embedding"), CASES)
def test_cost_counts_the_parameters_that_keras_counts(cell, layers, embedding):
    config, model = small(cell, layers, embedding)
    expected = sum(int(np.prod(weight.shape)) for weight in trainable_tensors(model))
    assert cost(config, 1000, V).parameters == expected


def test_the_seed_decides_the_first_weights():
    config = CharLMConfig(units=8)
    one, same, other = (build(config, V, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[1], other[1])


@pytest.mark.parametrize("given", [{"dropout": 0.5}, {"weight_dropout": 0.5}])
def test_what_is_dropped_is_dropped_in_training_alone_and_anew_for_each_step(given):
    config, model = small(**given)
    network, plain = TrainingForward(config), TrainingForward(small()[0])
    weights = [tf.convert_to_tensor(weight) for weight in trainable_tensors(model)]

    @tf.function
    def logits(step):
        return network(weights, tf.constant(IDS.T), network.zero_state(B), Masks(1, step))[0]

    def one(step):
        return np.asarray(logits(tf.constant(step)))

    kept = np.asarray(network(weights, tf.constant(IDS.T), network.zero_state(B))[0])
    np.testing.assert_array_equal(kept, plain(weights, tf.constant(IDS.T), plain.zero_state(B))[0])
    np.testing.assert_array_equal(one(3), one(3))
    assert np.abs(one(3) - one(4)).max() > 0.01
    assert np.abs(one(3) - kept).max() > 0.01
