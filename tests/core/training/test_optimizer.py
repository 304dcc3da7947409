"""The one AdamW update, in both conventions of ε."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.training.devices import shard_sizes
from core.training.optimizer import AdamW, clip_scale

GRADIENTS = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32) * np.float32(1e-3)


def moved(rule: AdamW, decay: float) -> np.ndarray:
    weight, mean, square = tf.ones(4), tf.zeros(4), tf.zeros(4)
    for count, gradient in enumerate(GRADIENTS, 1):
        scales = rule.scales(0.01, tf.constant(float(count)))
        weight, mean, square = rule.update(weight, mean, square, gradient, scales, 0.01 * decay)
    return weight.numpy()


def test_the_common_convention_is_that_of_keras():
    variable = keras.Variable(np.ones(4, np.float32))
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1, beta_2=0.98, epsilon=1e-4)
    optimizer.build([variable])
    for gradient in GRADIENTS:
        optimizer.apply([tf.constant(gradient)], [variable])
    np.testing.assert_allclose(moved(AdamW(0.9, 0.98, 1e-4), 0.1), np.asarray(variable), rtol=1e-5)


def test_the_other_convention_is_that_of_the_paper():
    weight, mean, square = np.ones(4), np.zeros(4), np.zeros(4)
    for count, gradient in enumerate(GRADIENTS.astype(np.float64), 1):
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.98 * square + 0.02 * gradient**2
        corrected = mean / (1 - 0.9**count), square / (1 - 0.98**count)
        weight = weight - 0.01 * (corrected[0] / (np.sqrt(corrected[1]) + 1e-4) + 0.1 * weight)
    found = moved(AdamW(0.9, 0.98, 1e-4, epsilon_corrected=True), 0.1)
    np.testing.assert_allclose(found, weight, rtol=1e-5)
    assert np.abs(found - moved(AdamW(0.9, 0.98, 1e-4), 0.1)).max() > 1e-4, "with so large an ε the two must differ"


@pytest.mark.parametrize(("norm", "longest", "scale"), [(4.0, 1.0, 0.25), (0.5, 1.0, 1.0), (4.0, 0.0, 1.0), (0, 1, 1)])
def test_a_long_gradient_is_scaled_back(norm, longest, scale):
    assert float(clip_scale(tf.constant(float(norm)), longest)) == scale


@pytest.mark.parametrize(("rows", "parts", "sizes"), [(10, 3, [4, 3, 3]), (2, 8, [1, 1]), (64, 1, [64])])
def test_a_batch_is_split_as_evenly_as_it_goes(rows, parts, sizes):
    assert shard_sizes(rows, parts) == sizes
