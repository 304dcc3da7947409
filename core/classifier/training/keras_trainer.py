"""A classifier's training in Keras' own terms, which core.classifier.program exports."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.backend import keras, ops, tf
from core.classifier.config import ClassifierConfig
from core.classifier.data.batches import Batches, padded
from core.classifier.data.tokenizer import SPECIALS, UNKNOWN
from core.classifier.training.optimizer import BETA_1, BETA_2, EPSILON, NO_DECAY
from core.training.keras_schedule import Rates


class ClassifierTrainer(keras.Model):
    """Cross-entropy of soft targets, with word dropout and averaged weights.

    network: a model of build(); average: another one, whose weights follow its own (the same where none are averaged).
    A batch is tokens (B, T), targets (B, C) and the weights of the rows (B,).
    """

    def __init__(self, network: keras.Model, average: keras.Model, config: ClassifierConfig) -> None:
        super().__init__(name="trainer")
        self.network, self.average = network, average
        self.word_dropout, self.ema, self.seed = config.word_dropout, config.ema, config.seed
        self.cross_entropy = keras.metrics.Mean("cross_entropy")

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update; returns the mean loss so far."""
        tokens, targets, weights = data
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.network(self.thinned(tokens), training=True)
            loss = ops.mean(weights * tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], variables)
        self.follow()
        self.cross_entropy.update_state(loss)
        return {"cross_entropy": self.cross_entropy.result()}

    def thinned(self, tokens: Any) -> Any:
        """Word dropout: a share of the tokens is unknown in this step (Iyyer et al. 2015)."""
        if not self.word_dropout:
            return tokens
        chance = tf.random.stateless_uniform(
            tf.shape(tokens), [self.seed, ops.cast(self.optimizer.iterations, "int32")]
        )
        return ops.where((chance < self.word_dropout) & (tokens >= len(SPECIALS)), UNKNOWN, tokens)

    def follow(self) -> None:
        """Move the averaged weights; at first closely, so that they do not remember the random beginning."""
        if self.average is self.network:
            return
        count = ops.cast(self.optimizer.iterations, "float32")
        memory = ops.minimum(self.ema, count / (10.0 + count))
        for slow, fast in zip(self.average.trainable_variables, self.network.trainable_variables, strict=True):
            slow.assign(memory * slow + (1.0 - memory) * fast)


class PaperAdamW(keras.optimizers.AdamW):
    """AdamW as in Algorithm 1 of the paper, where ε is added to √(v / (1 − β₂ᵗ)); Keras adds it to √v.

    Loshchilov and Hutter 2019. The two differ in the first steps, where gradients are small.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable with Keras' rule and the paper's ε."""
        count = ops.cast(self.iterations + 1, variable.dtype)
        self.epsilon: Any = EPSILON * ops.sqrt(1 - ops.power(ops.cast(self.beta_2, variable.dtype), count))
        super().update_step(gradient, variable, learning_rate)
        self.epsilon = EPSILON


def make_optimizer(config: ClassifierConfig, rates: np.ndarray) -> keras.optimizers.Optimizer:
    """AdamW with the rates (steps,); what is no matrix of a dense layer does not fade."""
    optimizer = PaperAdamW(
        Rates(rates), config.weight_decay, BETA_1, BETA_2, EPSILON, global_clipnorm=config.clip_norm or None
    )
    optimizer.exclude_from_weight_decay(var_names=list(NO_DECAY))
    return optimizer


def dataset(
    batches: Batches, encoded: Sequence[Any], targets: np.ndarray, weights: np.ndarray, first: int, end: int
) -> tf.data.Dataset:
    """The batches of the steps `first` … `end` − 1: tokens (B, T), targets (B, C), weights (B,)."""

    def drawn() -> Iterator[tuple[np.ndarray, ...]]:
        for step in range(first, end):
            rows = batches.rows(step, 1)[0]
            yield padded([encoded[row] for row in rows]), targets[rows], weights[rows]

    B, C = batches.size, targets.shape[1]
    kinds = tf.TensorSpec((B, None), tf.int32), tf.TensorSpec((B, C), tf.float32), tf.TensorSpec((B,), tf.float32)
    found = tf.data.Dataset.from_generator(drawn, output_signature=kinds)
    # Of a dataset of unknown length Keras begins one step more, of which the weight decay takes effect.
    return found.apply(tf.data.experimental.assert_cardinality(end - first))
