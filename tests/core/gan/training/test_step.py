import keras
import numpy as np
import pytest
import tensorflow as tf

from core.gan.config import GANConfig
from core.gan.training.losses import LOSSES, PENALTIES
from core.gan.training.model import Dropout, discriminator, generator, to_network_range, to_pixels
from core.gan.training.step import GANSteps
from tests.core.gan.pictures import shapes
from tests.selection import sampled

X, Y = shapes(96, 16)
SMALL = {"size": 16, "latent": 6, "generator": "24-24", "discriminator": "24", "batch_size": 8, "epochs": 1}
RICH = {"dropout": 0.2, "instance_noise": 0.1, "d_steps": 2, "penalty": "gradient", "penalty_every": 2}


def gan_steps(labels=Y, **options):
    return GANSteps(GANConfig(**SMALL | options), X, labels, 2)


@pytest.fixture(autouse=True)
def uncompiled():
    """Compiling takes seconds; only what is about the compiled loop pays for it."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def state(played):
    return {name: np.asarray(item).copy() for name, item in played.variables().items()}


def rates(count):
    return np.linspace(0.2, 1, count, dtype=np.float32)


def assert_same(one, two):
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert np.array_equal(value, two[name]), name


# Networks -----------------------------------------------------------------------------------------------------------
def test_the_notes_networks_have_the_parameters_of_the_notes():
    options = GANConfig(latent=100, generator="128", discriminator="128", norm="off", output="sigmoid")
    assert generator(options).count_params() == 100 * 128 + 128 + 128 * 784 + 784
    assert discriminator(options).count_params() == 784 * 128 + 128 + 128 + 1


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
def test_every_grey_level_survives_the_way_into_the_networks_range_and_back(output):
    levels = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_pixels(to_network_range(levels, output), output), levels)


@pytest.mark.parametrize("output", ["tanh", "sigmoid"])
def test_the_range_of_the_generator_is_the_range_of_the_real_pictures(output):
    made = generator(GANConfig(**SMALL, output=output))(np.random.default_rng(0).normal(size=(64, 6)) * 1e4).numpy()
    real = to_network_range(np.array([0, 255], np.uint8), output)
    assert made.min() == pytest.approx(real[0], abs=1e-3)
    assert made.max() == pytest.approx(real[1], abs=1e-3)


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("norm", ["off", "batch", "layer"])
def test_the_generator_is_made_of_stock_layers_and_opens_without_the_project(tmp_path, classes, norm):
    generator(GANConfig(**SMALL, norm=norm), classes).save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    assert {layer.__class__.__module__.split(".")[0] for layer in again.layers} == {"keras"}


def test_dropout_drops_its_share_keeps_the_mean_and_does_nothing_outside_of_training():
    layer, ones = Dropout(0.3), np.ones((200, 200), np.float32)
    dropped = np.asarray(layer(ones, training=True))
    assert np.mean(dropped == 0) == pytest.approx(0.3, abs=0.01)
    np.testing.assert_allclose(dropped[dropped > 0], 1 / 0.7, rtol=1e-5)
    assert not np.array_equal(dropped, layer(ones, training=True))
    assert np.array_equal(layer(ones, training=False), ones)


def test_the_class_reaches_both_networks():
    options = GANConfig(**SMALL)
    one, two = np.eye(2, dtype=np.float32)[[0]], np.eye(2, dtype=np.float32)[[1]]
    noise, picture = np.ones((1, 6), np.float32), to_network_range(X[:1], "tanh")
    made = generator(options, 2)
    assert not np.allclose(made([noise, one]), made([noise, two]))
    feature_extractor = discriminator(options, 2)
    assert not np.allclose(feature_extractor([picture, one]), feature_extractor([picture, two]))


# Training -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", sampled([{}, RICH]), ids=["plain", "everything on"])
def test_a_run_that_is_cut_and_continued_equals_one_that_is_not_bit_for_bit(options):
    tf.config.run_functions_eagerly(False)
    played = gan_steps(**options)
    start = state(played)

    def put_back(kept):
        for name, item in played.variables().items():
            item.assign(kept[name])

    played.train(0, rates(12), 12)
    whole = state(played)
    put_back(start)
    played.train(0, rates(12)[:5], 12)
    kept = state(played)
    played.train(0, rates(3), 12)  # another past, all of which has to be overwritten
    put_back(kept)
    played.train(5, rates(12)[5:7], 12)
    played.train(7, rates(12)[7:], 12)
    assert_same(whole, state(played))


def test_variables_have_the_same_names_in_every_process():
    assert list(gan_steps(**RICH).variables()) == list(gan_steps(**RICH).variables())


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    runs = []
    for seed in (3, 3, 4):
        runs.append(gan_steps(seed=seed))
        runs[-1].train(0, rates(4), 4)
    assert_same(state(runs[0]), state(runs[1]))
    assert any(not np.array_equal(a, b) for a, b in zip(state(runs[0]).values(), state(runs[2]).values(), strict=True))


def test_one_pass_reads_every_picture_once_whatever_the_batch_size():
    played = gan_steps(batch_size=10, d_steps=3)
    read = np.concatenate([played._batches(step, 1)[0].ravel() for step in range(16)])
    assert np.array_equal(np.sort(read[:96]), np.arange(96))
    assert np.array_equal(np.sort(read[96:192]), np.arange(96))
    assert not np.array_equal(read[:96], read[96:192])


def test_the_average_follows_weights_and_buffers_by_its_formula():
    played = gan_steps(ema=0.7)
    slow = [np.asarray(item).copy() for item in played.average.variables]
    for step in range(12):
        played.train(step, rates(1), 12)
        keep = min(0.7, (1 + step) / (10 + step))
        fast = [np.asarray(item).copy() for item in played.generator.variables]
        slow = [keep * one + (1 - keep) * two for one, two in zip(slow, fast, strict=True)]
    assert any("moving_mean" in item.path for item in played.average.variables)
    for expected, item in zip(slow, played.average.variables, strict=True):
        np.testing.assert_allclose(item, expected, rtol=2e-4, atol=1e-6)


def test_without_an_average_the_trained_generator_is_the_one_that_is_used():
    played = gan_steps(ema=0)
    assert played.average is played.generator
    assert not any(name.startswith("state/generator") for name in played.variables())


def test_a_rate_of_zero_changes_no_weight_and_d_rate_scales_the_discriminator_alone():
    played = gan_steps(norm="off")
    before = state(played)
    played.train(0, np.zeros(3, np.float32), 3)
    for name, value in state(played).items():
        if not name.startswith("optimizer"):
            np.testing.assert_allclose(value, before[name], atol=1e-7, err_msg=name)
    slow, fast = gan_steps(d_rate=0.5, ema=0, norm="off"), gan_steps(d_rate=2, ema=0, norm="off")
    moved = []
    for one in (slow, fast):
        start = state(one)
        one.train(0, np.ones(1, np.float32), 1)
        moved.append({name: np.abs(value - start[name]).mean() for name, value in state(one).items()})
    kernel = next(name for name in moved[0] if name.startswith("model/discriminator") and "kernel" in name)
    assert moved[1][kernel] == pytest.approx(4 * moved[0][kernel], rel=1e-3)


def test_the_first_discriminator_step_is_adam_on_the_gradient_of_loss_and_penalty():
    """D's first step on all pictures at once, recomputed with Keras eagerly."""
    options = {"batch_size": 96, "penalty": "r1", "penalty_weight": 3.0, "ema": 0, "norm": "off", "latent": 2}
    options |= {"learning_rate": 5e-4}
    played = gan_steps(None, **options)
    before = [np.asarray(item).copy() for item in played.discriminator.trainable_variables]
    noise = tf.random.stateless_normal((96, 2), tf.constant([0, 1], tf.int64), alg="philox")
    fake = played.generator(noise)
    real = to_network_range(X[played._batches(0, 1)[0, 0]], "tanh")
    with tf.GradientTape() as tape:
        loss = LOSSES["non-saturating"](played.discriminator(real), played.discriminator(fake), 0.0).d
        loss += 3.0 * PENALTIES["r1"](played.discriminator, tf.constant(real), fake, None)
    gradients = tape.gradient(loss, played.discriminator.trainable_variables)
    figures = played.train(0, np.ones(1, np.float32), 1)
    norm = float(tf.linalg.global_norm(gradients))
    assert figures["d_grad"] == pytest.approx(norm, rel=1e-3)
    for old, new, slope in zip(before, played.discriminator.trainable_variables, gradients, strict=True):
        slope = slope.numpy()
        sure = np.abs(slope) > 1e-2 * np.abs(slope).max()  # Adam's first step is rate · g / (|g| + ε)
        np.testing.assert_allclose((np.asarray(new) - old)[sure], -5e-4 * np.sign(slope)[sure], rtol=0.02)


@pytest.mark.parametrize("penalty", sampled(["gradient", "off", "r1"]))
@pytest.mark.parametrize("loss", sampled(LOSSES, ["wasserstein"]))
def test_any_loss_plays_with_any_penalty_on_the_same_network_and_data_order(loss, penalty):
    played = gan_steps(loss=loss, penalty=penalty)
    assert np.array_equal(played._batches(0, 2), gan_steps()._batches(0, 2))
    figures = played.train(0, rates(3), 3)
    assert all(np.isfinite(value) for value in figures.values())
    assert (figures["penalty"] > 0) == (penalty != "off")
    for name in ("d_real", "d_fake", "sign_real", "sign_fake"):
        assert 0 <= figures[name] <= 1


@pytest.mark.exhaustive
def test_figures_are_means_over_the_steps_of_the_call():
    whole = gan_steps().train(0, rates(6), 6)
    cut = gan_steps()
    parts = [cut.train(step, rates(6)[step : step + 1], 6) for step in range(6)]
    for name, value in whole.items():
        assert value == pytest.approx(np.mean([part[name] for part in parts]), rel=1e-5)
