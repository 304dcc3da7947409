import keras
import numpy as np
import pytest
import tensorflow as tf

from core.classifier.training.optimizer import BETA_2, AveragingAdamW


def variables():
    return [
        keras.Variable(np.arange(6, dtype=np.float32).reshape(2, 3), name="kernel"),
        keras.Variable(np.ones(3, np.float32), name="bias"),
    ]


@pytest.mark.parametrize("clip", [0.0, 1.0])
def test_steps_are_those_of_keras(clip):
    mine, theirs = variables(), variables()
    rng = np.random.default_rng(0)
    optimizer = AveragingAdamW(mine, mine, 0.01, decay=0.1, clip=clip)
    reference = keras.optimizers.AdamW(0.01, weight_decay=0.1, beta_2=BETA_2, global_clipnorm=clip or None)
    reference.exclude_from_weight_decay(var_names=["bias"])
    reference.build(theirs)
    for _step in range(5):
        gradients = [tf.constant(rng.normal(size=item.shape) * 3, tf.float32) for item in mine]
        norm = optimizer.apply(gradients, tf.constant(1.0))
        reference.apply(gradients, theirs)
        assert float(norm) == pytest.approx(float(tf.linalg.global_norm(gradients)), rel=1e-5)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=2e-5, atol=1e-6)


def test_the_factor_scales_the_step():
    full, half = variables(), variables()
    gradient = [tf.ones(item.shape) for item in full]
    AveragingAdamW(full, full, 0.01).apply(gradient, tf.constant(1.0))
    AveragingAdamW(half, half, 0.01).apply(gradient, tf.constant(0.5))
    start = np.asarray(variables()[0]).copy()
    np.testing.assert_allclose(start - np.asarray(half[0]), (start - np.asarray(full[0])) / 2, rtol=1e-3)


def test_the_average_follows_closely_at_first_and_slowly_later():
    weights, averages = variables(), variables()
    optimizer = AveragingAdamW(weights, averages, 0.01, memory=0.9)
    expected = [np.asarray(item).copy() for item in averages]
    for count in range(1, 120):
        optimizer.apply([tf.ones(item.shape) for item in weights], tf.constant(1.0))
        memory = min(0.9, count / (10 + count))
        expected = [memory * old + (1 - memory) * np.asarray(new) for old, new in zip(expected, weights, strict=True)]
    for found, wanted in zip(averages, expected, strict=True):
        np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-4)
