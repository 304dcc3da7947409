import math

import numpy as np
import pytest
import tensorflow as tf

from core.gan.training.losses import LOSSES, PENALTIES, probability, value

REAL, FAKE = np.array([2.0, -0.5, 0.3], np.float32), np.array([-1.5, 0.7, 0.1], np.float32)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def by_hand(name, s):
    p_real, p_fake = sigma(REAL), sigma(FAKE)
    cross = -np.mean((1 - s) * np.log(p_real) + s * np.log(1 - p_real)), -np.mean(np.log(1 - p_fake))
    return {
        "minimax": (*cross, np.mean(np.log(1 - p_fake))),
        "non-saturating": (*cross, -np.mean(np.log(p_fake))),
        "least-squares": (np.mean((REAL - 1 + s) ** 2) / 2, np.mean(FAKE**2) / 2, np.mean((FAKE - 1) ** 2) / 2),
        "wasserstein": (-REAL.mean(), FAKE.mean(), -FAKE.mean()),
        "hinge": (np.maximum(0, 1 - REAL).mean(), np.maximum(0, 1 + FAKE).mean(), -FAKE.mean()),
    }[name]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_its_formula(name, smoothing):
    found = LOSSES[name](REAL, FAKE, smoothing)
    on_real, on_fake, on_g = by_hand(name, smoothing)
    np.testing.assert_allclose([found.d_real, found.d_fake, found.g], [on_real, on_fake, on_g], rtol=1e-5)
    np.testing.assert_allclose(found.d, on_real + on_fake, rtol=1e-5)


@pytest.mark.parametrize("name", LOSSES)
def test_a_generator_that_fools_better_has_a_smaller_loss(name):
    assert LOSSES[name](REAL, FAKE + 0.2, 0.0).g < LOSSES[name](REAL, FAKE, 0.0).g


@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_scores_of_a_thousand_give_finite_losses(name):
    assert np.isfinite(LOSSES[name](np.array([1000.0, -1000.0]), np.array([1000.0, -1000.0]), 0.1)).all()


def test_minimax_lets_the_generator_starve_where_the_discriminator_is_sure_and_non_saturating_does_not():
    slopes = {}
    for name in ("minimax", "non-saturating"):
        score = tf.constant([-10.0])
        with tf.GradientTape() as tape:
            tape.watch(score)
            loss = LOSSES[name](tf.zeros(1), score, 0.0).g
        slopes[name] = abs(float(tape.gradient(loss, score)[0]))
    assert slopes["minimax"] < 1e-4
    assert slopes["non-saturating"] > 0.99


# A critic with a slope that is known: D(x) = w·x + ½ c·x·x, so that ∇D(x) = w + c x.
W, C = np.arange(1, 5, dtype=np.float32).reshape(2, 2) / 4, 0.5


def critic(pictures):
    return tf.reduce_sum(W * pictures + C / 2 * pictures**2, axis=[1, 2])


def test_r1_is_half_the_squared_slope_at_real_pictures():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 5, 2, 2)).astype(np.float32)
    expected = 0.5 * np.mean(((W + C * real) ** 2).sum((1, 2)))
    np.testing.assert_allclose(PENALTIES["r1"](critic, tf.constant(real), tf.constant(fake), None), expected, rtol=1e-5)


def test_the_gradient_penalty_pulls_the_slope_between_real_and_fake_to_one():
    rng = np.random.default_rng(1)
    real, fake = rng.normal(size=(2, 5, 2, 2)).astype(np.float32)
    share = rng.uniform(size=(5, 1, 1)).astype(np.float32)
    between = real + share * (fake - real)
    expected = np.mean((np.sqrt(((W + C * between) ** 2).sum((1, 2))) - 1) ** 2)
    found = PENALTIES["gradient"](critic, tf.constant(real), tf.constant(fake), share)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_a_discriminator_that_can_only_guess_is_at_one_half_and_minus_log_four(name):
    guess = np.full(4, 0.5 if name == "least-squares" else 0.0 if name != "wasserstein" else 7.0, np.float32)
    p_real, p_fake = probability(name, guess, guess)
    np.testing.assert_allclose([*p_real, *p_fake], 0.5)
    assert float(value(p_real, p_fake)) == pytest.approx(-math.log(4), abs=1e-5)
