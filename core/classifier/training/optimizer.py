"""AdamW, gradient clipping and averaged weights as one compiled function of all weights.

Keras' AdamW does the same arithmetic in some fifteen operations a weight, which for a network this small cost more
than its matrices. Here the small weights are laid end to end, and under XLA the whole update is one pass over them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.training.optimizer import AdamW, clip_scale

BETA_1, BETA_2, EPSILON = 0.9, 0.98, 1e-7
RULE = AdamW(BETA_1, BETA_2, EPSILON, epsilon_corrected=True)
NO_DECAY = ("bias", "gamma", "beta", "embeddings")
LARGE = 1 << 16  # numbers from which a weight is not copied to be laid beside others


class AveragingAdamW:
    """AdamW (core.training.optimizer) and an exponential average of the weights.

    weights: the variables that train; averages: the variables that hold their average, or the same ones where none is
    kept; clip: the longest gradient that is let through, 0 for any; memory: of the average, 0 for none.
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
        sizes = [int(np.prod(item.shape)) for item in self.weights]
        small = [place for place, size in enumerate(sizes) if size < LARGE]
        self._groups = [*([place] for place, size in enumerate(sizes) if size >= LARGE), *([small] if small else [])]
        decays = [0.0 if item.path.endswith(NO_DECAY) else decay for item in self.weights]
        self._decays = [
            np.concatenate([np.full(sizes[place], decays[place], np.float32) for place in group])
            for group in self._groups
        ]
        lengths = [sum(sizes[place] for place in group) for group in self._groups]
        self.means = [tf.Variable(tf.zeros(length), trainable=False) for length in lengths]
        self.squares = [tf.Variable(tf.zeros(length), trainable=False) for length in lengths]
        self.count = tf.Variable(0.0, trainable=False)

    @property
    def variables(self) -> list[tf.Variable]:
        return [self.count, *self.means, *self.squares]

    def apply(self, gradients: Sequence[Any], factor: Any) -> Any:
        """One step at `factor` (a scalar) times the rate; returns the length of the gradient before clipping."""
        self.count.assign_add(1.0)
        norm, weights, means, squares, averages = self._update(
            factor,
            self.count.read_value(),
            self._laid(gradients),
            self._laid([item.value for item in self.weights]),
            [item.read_value() for item in self.means],
            [item.read_value() for item in self.squares],
            self._laid([item.value for item in self.averages]) if self.memory else [],
        )
        self._assign(self.weights, weights)
        for variable, value in zip([*self.means, *self.squares], [*means, *squares], strict=True):
            variable.assign(value)
        if self.memory:
            self._assign(self.averages, averages)
        return norm

    def _laid(self, values: Sequence[Any]) -> list[Any]:
        """One vector a group."""
        flat = [tf.reshape(tf.convert_to_tensor(value), [-1]) for value in values]
        return [
            flat[group[0]] if len(group) == 1 else tf.concat([flat[place] for place in group], 0)
            for group in self._groups
        ]

    def _assign(self, variables: Sequence[keras.Variable], vectors: Sequence[Any]) -> None:
        for group, vector in zip(self._groups, vectors, strict=True):
            parts = tf.split(vector, [int(np.prod(variables[place].shape)) for place in group])
            for place, part in zip(group, parts, strict=True):
                variables[place].assign(tf.reshape(part, variables[place].shape))

    @tf.function(jit_compile=True)
    def _update(
        self, factor: Any, count: Any, gradients: Any, weights: Any, means: Any, squares: Any, averages: Any
    ) -> Any:
        norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(gradient)) for gradient in gradients]))
        scale, rate = clip_scale(norm, self.clip), self.rate * factor
        scales = RULE.scales(rate, count)
        # At first the average follows closely, so that it does not remember the random beginning.
        memory = tf.minimum(self.memory, count / (10.0 + count))
        new: tuple[list[Any], ...] = ([], [], [], [])
        for number, decay in enumerate(self._decays):
            gradient = gradients[number] * scale
            fade = rate * decay if decay.any() else 0.0
            weight, mean, square = RULE.update(weights[number], means[number], squares[number], gradient, scales, fade)
            new[0].append(weight)
            new[1].append(mean)
            new[2].append(square)
            if averages:
                new[3].append(memory * averages[number] + (1.0 - memory) * weight)
        return norm, *new
