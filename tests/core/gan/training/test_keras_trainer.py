"""The Keras train_step that is exported updates the weights as the studio's compiled step does."""

import numpy as np
import pytest

from core.gan.config import GANConfig
from core.gan.training.keras_trainer import GANTrainer, dataset
from core.gan.training.losses import LOSSES, PENALTIES
from core.gan.training.model import discriminator, generator
from core.gan.training.step import GANSteps
from core.training.schedule import factors
from tests.core.gan.pictures import shapes
from tests.selection import sampled

COUNT, CLASSES = 2, 2
X, Y = shapes(40, 16)
PLAIN = {"size": 16, "latent": 4, "generator": "12", "discriminator": "10", "batch_size": 8}


def both(options: GANConfig) -> tuple[GANSteps, GANTrainer, list[np.ndarray]]:
    """The studio's steps and the exported trainer after COUNT steps, and the weights of both networks before."""
    labels, K = (Y, CLASSES) if options.conditional else (None, 0)
    steps = GANSteps(options, X, labels, K)
    g, d, average = generator(options, K), discriminator(options, K), generator(options, K)
    for ours, theirs in ((steps.generator, g), (steps.discriminator, d), (steps.average, average)):
        for variable, value in zip(theirs.variables, ours.variables, strict=True):
            variable.assign(value)
    before = [*g.get_weights(), *d.get_weights()]
    rates = factors(0, COUNT, COUNT)
    trainer = GANTrainer(g, d, average if options.ema else g, options, options.learning_rate * rates)
    trainer.compile(jit_compile=True)
    trainer.fit(dataset(X, labels, K, options, 0, COUNT), shuffle=False, verbose=0)
    steps.train(0, rates, COUNT)
    return steps, trainer, before


CASES = [
    {"loss": "wasserstein", "penalty": "gradient", "conditional": False, "norm": "layer", "ema": 0.0, "dropout": 0.3},
    {"loss": "non-saturating", "penalty": "r1", "penalty_every": 2, "d_steps": 2, "instance_noise": 0.1},
]
MORE = [
    {"loss": "minimax", "penalty": "gradient", "label_smoothing": 0.1},
    {"loss": "least-squares", "penalty": "off", "label_smoothing": 0.1, "d_rate": 2.0, "beta_1": 0.5},
    {"loss": "hinge", "penalty": "r1", "discriminator_norm": "batch", "norm": "off"},
    *({"loss": loss, "penalty": penalty} for loss in LOSSES for penalty in ("off", *PENALTIES)),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "changes",
    sampled([*CASES, *MORE]),
    ids=lambda changes: "-".join(str(value) for value in changes.values()),
)
def test_the_same_weights_and_batches_give_the_same_weights(changes):
    steps, trainer, before = both(GANConfig(**PLAIN | changes))
    ours = [*steps.generator.weights, *steps.discriminator.weights]
    theirs = [*trainer.generator.weights, *trainer.discriminator.weights]
    for one, other, first in zip(ours, theirs, before, strict=True):
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), atol=1e-5, rtol=0, err_msg=one.path)
        assert "kernel" not in one.path or np.abs(np.asarray(one) - first).max() > 1e-4, "it moved"
    for one, other in zip(steps.average.weights, trainer.average.weights, strict=True):
        np.testing.assert_allclose(np.asarray(other), np.asarray(one), atol=1e-5, rtol=0, err_msg=one.path)
