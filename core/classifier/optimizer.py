"""AdamW, gradient clipping and averaged weights as one compiled function of all weights.

Keras' AdamW does the same arithmetic in some fifteen operations a weight, which for a network this small cost more
than its matrices; under XLA the whole update is one.
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

BETA_1, BETA_2, EPSILON = 0.9, 0.98, 1e-7
NO_DECAY = ("bias", "gamma", "beta", "embeddings")


class AveragingAdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), and an exponential average of the weights.

    weights: the variables that train; averages: the variables that hold their average, or the same ones where none is
    kept; clip: the longest gradient that is let through, 0 for any.
    """

    def __init__(
        self,
        weights: Sequence[keras.Variable],
        averages: Sequence[keras.Variable],
        rate: float,
        decay: float = 0.0,
        clip: float = 0.0,
        memory: float = 0.0,
    ) -> None:
        self.weights, self.averages = list(weights), list(averages)
        self.rate, self.clip, self.memory = rate, clip, memory
        self.decays = [0.0 if item.path.endswith(NO_DECAY) else decay for item in self.weights]
        self.means = [tf.Variable(tf.zeros(item.shape), trainable=False) for item in self.weights]
        self.squares = [tf.Variable(tf.zeros(item.shape), trainable=False) for item in self.weights]
        self.count = tf.Variable(0.0, trainable=False)

    @property
    def variables(self) -> list[tf.Variable]:
        return [self.count, *self.means, *self.squares]

    def apply(self, gradients: Sequence[Any], factor: Any) -> Any:
        """One step at `factor` (a scalar) times the rate; returns the length of the gradient before clipping."""
        self.count.assign_add(1.0)
        norm, *new = self._update(
            factor,
            self.count.read_value(),
            [tf.convert_to_tensor(gradient) for gradient in gradients],
            [tf.convert_to_tensor(item.value) for item in self.weights],
            [item.read_value() for item in self.means],
            [item.read_value() for item in self.squares],
            [tf.convert_to_tensor(item.value) for item in self.averages] if self.memory else [],
        )
        kept = [self.weights, self.means, self.squares, self.averages]
        for variables, values in zip(kept, new, strict=True):
            for variable, value in zip(variables, values, strict=False):
                variable.assign(value)
        return norm

    @tf.function(jit_compile=True)
    def _update(
        self, factor: Any, count: Any, gradients: Any, weights: Any, means: Any, squares: Any, averages: Any
    ) -> Any:
        norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(gradient)) for gradient in gradients]))
        scale = tf.minimum(1.0, self.clip / (norm + 1e-12)) if self.clip else 1.0
        rate = self.rate * factor
        correct_1, correct_2 = 1.0 - tf.pow(BETA_1, count), 1.0 - tf.pow(BETA_2, count)
        # At first the average follows closely, so that it does not remember the random beginning.
        memory = tf.minimum(self.memory, count / (10.0 + count))
        new: tuple[list[Any], ...] = ([], [], [], [])
        for number, gradient in enumerate(gradients):
            gradient = gradient * scale
            mean = BETA_1 * means[number] + (1 - BETA_1) * gradient
            square = BETA_2 * squares[number] + (1 - BETA_2) * tf.square(gradient)
            step = (mean / correct_1) / (tf.sqrt(square / correct_2) + EPSILON)
            weight = weights[number] * (1.0 - rate * self.decays[number]) - rate * step
            new[0].append(weight)
            new[1].append(mean)
            new[2].append(square)
            if averages:
                new[3].append(memory * averages[number] + (1.0 - memory) * weight)
        return norm, *new
