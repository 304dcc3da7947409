"""AdamW's update, once: what the compiled steps of the families do with a gradient, whatever it comes in and from.

    m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²            moments of the gradient g
    ŝ = ρ √(1 − β₂ᵗ) / (1 − β₁ᵗ)                               step size with both bias corrections, ρ the rate
    w ← w (1 − ρ λ) − ŝ m / (√v + ε̂)                           λ the decay, apart from the gradient

Kingma and Ba 2015, Loshchilov and Hutter 2019. There are two conventions of ε: Keras and TensorFlow add it to √v, so
ε̂ = ε; Algorithm 1 of the paper adds it to the corrected √(v / (1 − β₂ᵗ)), which is ε̂ = ε √(1 − β₂ᵗ). They differ only
in the first steps, and a run keeps the one that it began with, so that its figures stay.
"""

from dataclasses import dataclass
from typing import Any

from core.backend import tf


@dataclass(frozen=True)
class AdamW:
    """The constants of the update; epsilon_corrected: the paper's convention of ε instead of Keras'."""

    beta_1: float
    beta_2: float
    epsilon: float
    epsilon_corrected: bool = False

    def scales(self, rate: Any, count: Any) -> tuple[Any, Any]:
        """ŝ and ε̂ of the update number `count` (float32, from 1) at `rate`, both scalars."""
        root = tf.sqrt(1 - self.beta_2**count)
        return rate * root / (1 - self.beta_1**count), self.epsilon * root if self.epsilon_corrected else self.epsilon

    def update(
        self, weight: Any, mean: Any, square: Any, gradient: Any, scales: tuple[Any, Any], fade: Any = 0.0
    ) -> tuple[Any, Any, Any]:
        """The new (weight, m, v), all of one shape. scales: as of scales(); fade: ρ λ, a scalar or of that shape."""
        size, epsilon = scales
        mean = self.beta_1 * mean + (1 - self.beta_1) * gradient
        square = self.beta_2 * square + (1 - self.beta_2) * gradient * gradient
        return weight * (1 - fade) - size * mean / (tf.sqrt(square) + epsilon), mean, square


def clip_scale(norm: Any, longest: float) -> Any:
    """What gradients of the common norm `norm` are multiplied with, so that it is at most `longest`; 0 leaves them."""
    return tf.minimum(1.0, longest / tf.maximum(norm, 1e-12)) if longest else tf.constant(1.0)
