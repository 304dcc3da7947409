"""Run many optimizer steps of a Transformer classifier in one compiled loop."""

from typing import Any

import numpy as np

from core.backend import tf
from core.classifier.config import ClassifierConfig
from core.classifier.data.batches import Batches
from core.classifier.data.tokenizer import SPECIALS, UNKNOWN
from core.classifier.training import embedding_init
from core.classifier.training.model import build
from core.classifier.training.optimizer import AveragingAdamW
from core.training.devices import Devices


class ClassifierSteps:
    """The trained network `model`, the one with averaged weights `used` (the same without EMA), and their optimizer.

    targets: (B, C) for the training rows, weights: (B,), ratios: (V, C) class log ratios that the embedding starts
    from, None for a random one.
    """

    def __init__(
        self,
        config: ClassifierConfig,
        V: int,
        batches: Batches,
        targets: np.ndarray,
        weights: np.ndarray,
        ratios: np.ndarray | None,
        devices: Devices,
    ) -> None:
        self.config, self.devices = config, devices
        self.targets, self.row_weights = tf.constant(targets, tf.float32), tf.constant(weights, tf.float32)
        self.flat, self.starts, self.lengths = map(tf.constant, (batches.flat, batches.starts, batches.lengths))
        with devices.scope():
            self._build(V, targets.shape[1], ratios)

    def _build(self, V: int, C: int, ratios: np.ndarray | None) -> None:
        config = self.config
        self.model = build(config, V, C)
        self.devices.split_dropout(self.model)
        if ratios is not None:
            embedding_init.initialize_embedding(self.model, ratios, config.seed)
        # The averaged weights belong to a second network, which is evaluated, saved and used.
        self.used = build(config, V, C) if config.ema else self.model
        for used, weight in zip(self.used.weights, self.model.weights, strict=True):
            used.assign(weight)
        self.optimizer = AveragingAdamW(
            self.model.trainable_variables,
            self.used.trainable_variables,
            config.learning_rate,
            config.weight_decay,
            config.clip_norm,
            config.ema,
        )

    def start_from_average(self) -> None:
        """Copy the averaged weights to the trained network, before the first step of a new or branched run."""
        for weight, used in zip(self.model.weights, self.used.weights, strict=True):
            weight.assign(used)

    def __call__(self, step: int, rows: np.ndarray, factors: np.ndarray) -> tuple[Any, Any, Any]:
        """Run len(factors) steps from `step` on, on rows (steps, B). Returns the means of loss, gradient norm and
        accuracy over them."""
        result: tuple[Any, Any, Any] = self._run(
            tf.constant(step, tf.int32), tf.constant(rows), tf.constant(factors, tf.float32)
        )
        return result

    @tf.function(
        input_signature=[
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None,), tf.float32),
        ]
    )
    def _run(self, step: Any, rows: Any, factors: Any) -> Any:
        count = tf.shape(factors)[0]
        sums = tf.zeros(3)
        for k in tf.range(count):
            sums += self.devices.run(self._step, rows[k], step + k, factors[k])
        means = sums / tf.cast(count, tf.float32)
        return means[0], means[1], means[2]

    def _step(self, batch: Any, step: Any, factor: Any) -> Any:
        devices, local_shard = self.devices, self.devices.local_shard
        tokens = local_shard(self._word_dropout(self._tokens(batch), step))
        target, weight = local_shard(tf.gather(self.targets, batch)), local_shard(tf.gather(self.row_weights, batch))
        with tf.GradientTape() as tape:
            logits = self.model(tokens, training=True)
            each = tf.nn.softmax_cross_entropy_with_logits(target, logits)
            loss = devices.scale_loss(tf.reduce_mean(weight * each))
        gradients = devices.all_reduce(tape.gradient(loss, self.model.trainable_variables))
        norm = self.optimizer.apply(gradients, factor)
        right = tf.equal(tf.argmax(logits, 1), tf.argmax(target, 1))
        right = devices.mean(tf.reduce_mean(tf.cast(right, tf.float32)))
        return tf.stack([devices.all_reduce(loss), norm, right])

    def _tokens(self, batch: Any) -> Any:
        """Gather the token numbers (B, T) of rows (B,), padded to the longest."""
        length = tf.gather(self.lengths, batch)[:, None]
        place = tf.range(tf.reduce_max(length))[None, :]
        found = tf.gather(self.flat, tf.gather(self.starts, batch)[:, None] + tf.minimum(place, length - 1))
        return tf.where(place < length, found, 0)

    def _word_dropout(self, tokens: Any, step: Any) -> Any:
        """Word dropout: replace random tokens by UNKNOWN (Iyyer et al. 2015), determined by seed and step."""
        if not self.config.word_dropout:
            return tokens
        chance = tf.random.stateless_uniform(tf.shape(tokens), [self.config.seed, step])
        return tf.where((chance < self.config.word_dropout) & (tokens >= len(SPECIALS)), UNKNOWN, tokens)

    def variables(self) -> dict[str, Any]:
        found = {f"model/{item.path}": item for item in self.used.weights}
        if self.used is not self.model:
            found |= {f"state/trained/{item.path}": item for item in self.model.weights}
        found |= {f"optimizer/{number}": item for number, item in enumerate(self.optimizer.variables)}
        seeds = [item for item in self.model.variables if item.path.endswith("seed_generator_state")]
        return found | {f"state/seed/{number}": item for number, item in enumerate(seeds)}
