"""The Keras train_step that is exported updates the weights as the studio's compiled step does."""

from itertools import pairwise

import numpy as np
import pytest

from core.backend import keras, tf
from core.charlm.config import CharLMConfig
from core.charlm.data.batches import Batches
from core.charlm.training.evaluate import Evaluator
from core.charlm.training.forward import trainable_tensors
from core.charlm.training.keras_trainer import CharLMTrainer, make_optimizer, window_loss
from core.charlm.training.model import build
from core.charlm.training.step import Steps
from core.training.schedule import factors
from tests.selection import sampled

V = 11
IDS = np.random.default_rng(3).integers(0, V, 700).astype(np.int32)
SMALL = {"units": 12, "embedding": 5, "window": 10, "batch_size": 4, "precision": "float32"}


def studio(config: CharLMConfig, count: int) -> keras.Model:
    """The model after `count` steps of the studio."""
    model = build(config, V)
    Steps(model, config, IDS, "float32", 1)(tf.constant(0, tf.int64), tf.constant(factors(0, count, count)))
    return model


def exported(config: CharLMConfig, count: int) -> keras.Model:
    """The model after `count` steps of the exported trainer, from the same weights and on the same batches."""
    batches = Batches(config, IDS)
    learner = build(config, V, batch=batches.plan.B)
    trainer = CharLMTrainer(learner, config)
    trainer.compile(make_optimizer(config, config.learning_rate * factors(0, count, count)), jit_compile=False)
    trainer.fit(tf.data.Dataset.range(count).map(batches), shuffle=False, verbose=0)
    return learner


FEW = {
    "adam-clipped-gru": {"optimizer": "adam", "clip_norm": 0.05, "cell": "gru", "reset": 0.5},
    "adamw-clipped-lstm-2": {"optimizer": "adamw", "weight_decay": 0.3, "clip_norm": 0.05, "layers": 2},
}
MORE = {
    "adam": {"optimizer": "adam", "clip_norm": 0.0},
    "adamw-gru-2": {"optimizer": "adamw", "weight_decay": 0.3, "clip_norm": 0.0, "cell": "gru", "layers": 2},
    "adamw-rnn-windows": {"weight_decay": 0.3, "cell": "rnn", "embedding": 0, "batching": "windows"},
}


@pytest.mark.parametrize(
    "options",
    sampled((FEW | MORE).values()),
    ids=list(FEW | MORE),
)
def test_the_same_weights_and_batches_give_the_same_weights(options):
    config = CharLMConfig(**SMALL | options)
    ours, theirs, before = studio(config, 3), exported(config, 3), build(config, V)
    for one, other, first in zip(
        ours.trainable_variables, theirs.trainable_variables, before.trainable_variables, strict=True
    ):
        assert np.abs(np.asarray(one) - np.asarray(first)).max() > 1e-4, "it moved"
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), atol=1e-5, rtol=0, err_msg=one.path)


@pytest.mark.parametrize("cell", ["lstm", pytest.param("gru", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("train", [studio, exported])
def test_a_share_of_the_recurrent_weights_is_left_out_of_a_step(train, cell):
    """A weight that is left out has no gradient, so that Adam leaves it where it is."""
    config = CharLMConfig(**SMALL | {"units": 64, "cell": cell, "weight_dropout": 0.3, "optimizer": "adam"})
    for one, first in zip(train(config, 1).trainable_variables, build(config, V).trainable_variables, strict=True):
        still = float(np.mean(np.asarray(one) == np.asarray(first)))
        if one.name == "recurrent_kernel":
            assert still == pytest.approx(0.3, abs=0.02)
        elif one.name == "kernel":
            assert still < 0.05


def test_other_weights_are_left_out_at_each_step():
    config = CharLMConfig(**SMALL | {"weight_dropout": 0.5})
    trainer = CharLMTrainer(build(config, V, batch=4), config)
    recurrent = next(item for item in trainer.trainable_variables if item.name == "recurrent_kernel")
    values = [np.asarray(trainer.thinned([recurrent])[0][1]) for _step in range(4)]
    assert all(((one == 0) != (other == 0)).any() for one, other in pairwise(values))
    np.testing.assert_allclose(values[0], np.where(values[0] == 0, 0, 2 * np.asarray(recurrent)), rtol=1e-6)


@pytest.mark.parametrize(("characters", "limit"), [(40, 1000), (700, 1000), (700, 200)])
def test_the_loss_is_measured_as_the_studio_does(characters, limit):
    config = CharLMConfig(**SMALL)
    model = build(config, V)
    wanted = Evaluator(config, V, 1).window_loss(trainable_tensors(model), IDS[:characters], 64, limit)
    assert window_loss(model, IDS[:characters], 64, limit) == pytest.approx(wanted, abs=1e-5)
