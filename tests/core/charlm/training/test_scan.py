"""The fast recurrent layer against Keras' own, forward and backward."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.charlm.training.bfloat16 import from_float32, to_float32
from core.charlm.training.cells import CELLS, biases, step
from core.charlm.training.forward import lookup
from core.charlm.training.scan import scan

T, B, D, U = 7, 5, 6, 8
LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


def numbers(seed, *shape):
    return tf.constant(np.random.default_rng(seed).normal(size=shape).astype("float32") * 0.6)


def layer_of(cell):
    layer = LAYERS[cell](U, return_sequences=True, return_state=True)
    layer.build((B, T, D))
    for number, weight in enumerate(layer.weights):
        weight.assign(numbers(number, *weight.shape))
    return layer


def keras_way(layer, x, state, target):
    with tf.GradientTape() as tape:
        tape.watch([x, *state])
        outputs, *after = layer(x, initial_state=list(state))
        loss = tf.reduce_sum(outputs * target) + sum(tf.reduce_sum(part * part) for part in after)
    weights = [weight.value for weight in layer.weights]
    return outputs, after, tape.gradient(loss, [x, *state, *weights])


def our_way(cell, layer, x, state, target, dtype=tf.float32):
    weights = [tf.convert_to_tensor(weight.value) for weight in layer.weights]
    if cell != "gru":
        weights[2] = tf.reshape(weights[2], (-1,))

    @tf.function
    def run(x, state, weights):
        with tf.GradientTape() as tape:
            tape.watch([x, *state, *weights])
            kernel, recurrent, bias = weights
            projected = tf.reshape(tf.matmul(tf.reshape(tf.transpose(x, (1, 0, 2)), (T * B, D)), kernel), (T, B, -1))
            hidden, after = scan(cell, tf.cast(projected, dtype), state, tf.cast(recurrent, dtype), bias)
            outputs = tf.transpose(tf.cast(hidden, tf.float32), (1, 0, 2))
            loss = tf.reduce_sum(outputs * target) + sum(tf.reduce_sum(part * part) for part in after)
        return outputs, after, tape.gradient(loss, [x, *state, *weights])

    return run(x, state, weights)


def case(cell):
    state = tuple(numbers(20 + part, B, U) for part in range(CELLS[cell].states))
    return layer_of(cell), numbers(10, B, T, D), state, numbers(30, B, T, U)


@pytest.mark.parametrize("cell", CELLS)
def test_outputs_state_and_every_gradient_equal_keras_layer_from_any_state(cell):
    given = case(cell)
    for ours, theirs in zip(our_way(cell, *given), keras_way(*given), strict=True):
        for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("cell", CELLS)
def test_bfloat16_gradients_point_the_same_way(cell):
    layer, x, state, target = case(cell)
    rounded_ones, exact_ones = (our_way(cell, layer, x, state, target, dtype)[2] for dtype in (tf.bfloat16, tf.float32))
    for rounded, exact in zip(rounded_ones, exact_ones, strict=True):
        assert float(tf.norm(rounded - exact) / tf.norm(exact)) < 0.03


@pytest.mark.parametrize("cell", CELLS)
def test_one_step_after_another_is_the_layer(cell):
    layer, x, state, target = case(cell)
    outputs, after, _gradients = keras_way(layer, x, state, target)
    for t in range(T):
        h, state = step(cell, x[:, t], state, [weight.value for weight in layer.weights])
        np.testing.assert_allclose(h, outputs[:, t], atol=1e-5)
    np.testing.assert_allclose(state[0], after[0], atol=1e-5)


def test_only_a_gru_has_two_biases():
    both = tf.constant([[1.0], [2.0]])
    assert [float(part[0]) for part in biases("gru", both)] == [1.0, 2.0]
    assert biases("lstm", both)[1] == 0.0


def test_narrow_rounds_like_a_cast_and_widen_is_exact():
    x = tf.concat([numbers(1, 10_000), [0.0, -0.0, 1.0, np.inf, 1e-30, 3e38]], 0)
    cast_matrices = from_float32(x, tf.bfloat16)
    halves = tf.bitcast(x, tf.uint32) & 0xFFFF == 0x8000  # a cast rounds these to even, narrow away from zero
    wrong = (cast_matrices != tf.cast(x, tf.bfloat16)) & ~halves
    assert not np.any(wrong)
    np.testing.assert_array_equal(to_float32(cast_matrices), tf.cast(cast_matrices, tf.float32))


@pytest.mark.parametrize("V", [9, 600])
def test_the_gradient_of_a_look_up_adds_what_its_rows_received(V):
    table, ids, target = numbers(1, V, 4), tf.constant([[1, 3, 3], [8, 1, 3]]), numbers(2, 2, 3, 4)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(table)
        ours, plain = (tf.reduce_sum(rows * target) for rows in (lookup(table, ids), tf.gather(table, ids)))
    np.testing.assert_allclose(tape.gradient(ours, table), tf.convert_to_tensor(tape.gradient(plain, table)), atol=1e-6)
