"""The Keras train_step that is exported updates the weights as the studio's compiled step does."""

import numpy as np
import pytest

from core.classifier.config import ClassifierConfig
from core.classifier.data.batches import Batches
from core.classifier.data.tokenizer import SPECIALS, UNKNOWN
from core.classifier.training.keras_trainer import ClassifierTrainer, dataset, make_optimizer
from core.classifier.training.model import build
from core.classifier.training.step import ClassifierSteps
from core.training.devices import Devices
from core.training.schedule import factors
from tests.selection import sampled

V, C, COUNT = 30, 3, 3
DICE = np.random.default_rng(5)
TEXTS = [DICE.integers(1, V, size).astype(np.int32) for size in DICE.integers(2, 9, 24)]
TARGETS = DICE.dirichlet(np.ones(C), len(TEXTS)).astype(np.float32)
WEIGHTS = DICE.uniform(0.5, 2.0, len(TEXTS)).astype(np.float32)
PLAIN = {"width": 16, "heads": 2, "feed_forward": 16, "batch_size": 8}


def both(config: ClassifierConfig) -> tuple[ClassifierSteps, ClassifierTrainer, list[np.ndarray]]:
    """The studio's steps and the exported trainer after COUNT updates on the same batches, and the weights before."""
    batches = Batches(TEXTS, config.batch_size, config.seed)
    steps = ClassifierSteps(config, V, batches, TARGETS, WEIGHTS, None, Devices([], batches.size))
    network, average = build(config, V, C), build(config, V, C)
    before = network.get_weights()
    steps(0, batches.rows(0, COUNT), factors(0, COUNT, COUNT))
    trainer = ClassifierTrainer(network, average if config.ema else network, config)
    trainer.compile(make_optimizer(config, config.learning_rate * factors(0, COUNT, COUNT)), jit_compile=False)
    trainer.fit(dataset(batches, TEXTS, TARGETS, WEIGHTS, 0, COUNT), shuffle=False, verbose=0)
    return steps, trainer, before


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "options",
    sampled(
        [
            {
                "clip_norm": 0.0,
                "weight_decay": 0.0,
                "ema": 0.0,
                "positions": "sinusoidal",
                "dropout": 0.0,
                "word_dropout": 0.0,
            },
            {"clip_norm": 0.05, "weight_decay": 0.5, "ema": 0.9, "bigram_buckets": 32, "blocks": 2},
        ]
    ),
    ids=["adam", "adamw-clipped-averaged"],
)
def test_the_same_weights_and_batches_give_the_same_weights(options):
    steps, trainer, before = both(ClassifierConfig(**PLAIN | options))
    for ours, theirs in ((steps.model, trainer.network), (steps.used, trainer.average)):
        for one, other, first in zip(ours.weights, theirs.weights, before, strict=True):
            np.testing.assert_allclose(np.asarray(other), np.asarray(one), atol=1e-5, rtol=0, err_msg=one.path)
            assert "kernel" not in one.path or np.abs(np.asarray(one) - first).max() > 1e-4, "it moved"


def test_a_share_of_the_tokens_is_unknown():
    config = ClassifierConfig(**PLAIN | {"word_dropout": 0.3})
    model = build(config, V, C)
    trainer = ClassifierTrainer(model, model, config)
    trainer.compile(make_optimizer(config, np.ones(2)))
    tokens = np.tile(np.arange(V, dtype=np.int32), (400, 1))
    found = np.asarray(trainer.thinned(tokens))
    known = tokens >= len(SPECIALS)
    assert np.mean(found[known] == UNKNOWN) == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(found[~known], tokens[~known])
    trainer.optimizer.iterations.assign(1)
    assert (np.asarray(trainer.thinned(tokens)) != found).any()
