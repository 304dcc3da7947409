"""Adam and AdamW over gradients that come in parts, one part a processor core (the update: core.training.optimizer)."""

from collections.abc import Sequence
from typing import Any

from core.backend import tf
from core.charlm.training.bfloat16 import to_float32
from core.training.optimizer import AdamW, clip_scale

BETA_1, BETA_2, EPSILON = 0.9, 0.99, 1e-8


class Adam:
    """Adam; with `decay`, AdamW.

    `decays` says for each weight whether it fades. The mean and square of the gradients and the count of updates are
    variables, so that a checkpoint holds all that the next update depends on.
    """

    def __init__(
        self,
        weights: Sequence[tf.Variable],
        decays: Sequence[bool],
        *,
        decay: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        self.weights = list(weights)
        self.means = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
        self.squares = [tf.Variable(tf.zeros_like(weight)) for weight in weights]
        self.count = tf.Variable(0, dtype=tf.int64)
        self._rule, self._clip = AdamW(BETA_1, BETA_2, EPSILON), clip_norm
        self._decay = [decay * fades for fades in decays]

    def variables(self) -> dict[str, tf.Variable]:
        named = {f"mean/{number}": variable for number, variable in enumerate(self.means)}
        return (
            named
            | {f"square/{number}": variable for number, variable in enumerate(self.squares)}
            | {"count": self.count}
        )

    def apply(self, parts: Sequence[Sequence[Any]], rate: Any) -> Any:
        """Add the parts' gradients, clip them by their common norm, move the weights; return the norm before."""
        self.count.assign_add(1)
        scales = self._rule.scales(rate, tf.cast(self.count, tf.float32))
        norm = tf.sqrt(_square(parts))
        new = self._moved(
            parts, *([tf.convert_to_tensor(v) for v in group] for group in (self.weights, self.means, self.squares)),
            clip_scale(norm, self._clip), scales, rate,
        )  # fmt: skip
        for group, values in zip((self.weights, self.means, self.squares), new, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return norm

    @tf.function(jit_compile=True, autograph=False)
    def _moved(self, parts: Any, weights: Any, means: Any, squares: Any, clip: Any, scales: Any, rate: Any) -> Any:
        rows = []
        for parted, weight, mean, square, decay in zip(
            zip(*parts, strict=True), weights, means, squares, self._decay, strict=True
        ):
            gradient = tf.add_n([to_float32(part) for part in parted]) * clip
            rows.append(self._rule.update(weight, mean, square, gradient, scales, rate * decay))
        return tuple(list(column) for column in zip(*rows, strict=True))


@tf.function(jit_compile=True, autograph=False)
def _square(parts: Any) -> Any:
    """The sum of the squares of all gradients, their parts added."""
    return tf.add_n(
        [
            tf.reduce_sum(tf.square(tf.add_n([to_float32(part) for part in parted])))
            for parted in zip(*parts, strict=True)
        ]
    )
