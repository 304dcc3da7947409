"""GAN losses and gradient penalties: pure functions of one signature each, looked up by name."""

from collections.abc import Callable
from typing import Any, NamedTuple

from core.backend import tf


class Losses(NamedTuple):
    """Batch means; `d` is minimised by the discriminator, `g` by the generator."""

    d: Any
    d_real: Any
    d_fake: Any
    g: Any


# A loss takes scores of real and generated images, (B,) each, and the label smoothing of the real target.
Loss = Callable[[Any, Any, float], Losses]
# A penalty takes the critic (pictures → scores), real and generated pictures (B, H, W), and (B, 1, 1) shares in [0, 1].
Penalty = Callable[[Callable[[Any], Any], Any, Any, Any], Any]


def _cross_entropy(score: Any, target: float) -> Any:
    """Cross-entropy of the probability σ(score) against `target`: target·ln(1 + e^−s) + (1 − target)·ln(1 + e^s)."""
    return tf.reduce_mean(tf.nn.softplus(score) - target * score)


def minimax(real: Any, fake: Any, smoothing: float = 0.0) -> Losses:
    """J = E log D(x) + E log(1 − D(G(z))), which D raises and G lowers (Goodfellow et al. 2014)."""
    on_real, on_fake = _cross_entropy(real, 1 - smoothing), _cross_entropy(fake, 0.0)
    return Losses(on_real + on_fake, on_real, on_fake, -on_fake)


def non_saturating(real: Any, fake: Any, smoothing: float = 0.0) -> Losses:
    """Minimax for D; G maximises E log D(G(z)), whose gradient does not vanish early (Goodfellow et al. 2014)."""
    return minimax(real, fake, smoothing)._replace(g=_cross_entropy(fake, 1.0))


def least_squares(real: Any, fake: Any, smoothing: float = 0.0) -> Losses:
    """½ E (D(x) − 1)² + ½ E D(G(z))² against ½ E (D(G(z)) − 1)² (Mao et al. 2017)."""
    on_real = 0.5 * tf.reduce_mean((real - (1 - smoothing)) ** 2)
    on_fake = 0.5 * tf.reduce_mean(fake**2)
    return Losses(on_real + on_fake, on_real, on_fake, 0.5 * tf.reduce_mean((fake - 1) ** 2))


def wasserstein(real: Any, fake: Any, smoothing: float = 0.0) -> Losses:
    """E D(G(z)) − E D(x) against −E D(G(z)) (Arjovsky et al. 2017); ignores smoothing."""
    on_real, on_fake = -tf.reduce_mean(real), tf.reduce_mean(fake)
    return Losses(on_real + on_fake, on_real, on_fake, -on_fake)


def hinge(real: Any, fake: Any, smoothing: float = 0.0) -> Losses:
    """E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))) against −E D(G(z)) (Lim and Ye 2017); ignores smoothing."""
    on_real, on_fake = tf.reduce_mean(tf.nn.relu(1 - real)), tf.reduce_mean(tf.nn.relu(1 + fake))
    return Losses(on_real + on_fake, on_real, on_fake, -tf.reduce_mean(fake))


LOSSES: dict[str, Loss] = {
    "minimax": minimax,
    "non-saturating": non_saturating,
    "least-squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
}


def r1(critic: Callable[[Any], Any], real: Any, fake: Any, share: Any) -> Any:
    """½ E ‖∇D(x)‖² at real pictures (Mescheder et al. 2018)."""
    return 0.5 * tf.reduce_mean(_slope_squared(critic, real))


def gradient(critic: Callable[[Any], Any], real: Any, fake: Any, share: Any) -> Any:
    """E (‖∇D(x̂)‖ − 1)² at pictures x̂ between real and generated ones (Gulrajani et al. 2017)."""
    slope = tf.sqrt(_slope_squared(critic, real + share * (fake - real)) + 1e-12)
    return tf.reduce_mean((slope - 1) ** 2)


def _slope_squared(critic: Callable[[Any], Any], pictures: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        total = tf.reduce_sum(critic(pictures))
    return tf.reduce_sum(tape.gradient(total, pictures) ** 2, axis=[1, 2])


PENALTIES: dict[str, Penalty] = {"r1": r1, "gradient": gradient}


def probability(name: str, real: Any, fake: Any) -> tuple[Any, Any]:
    """Convert D's scores to probabilities of "real", ½ at equilibrium under every loss.

    Logistic losses and hinge: σ(score). Least squares: the score, clipped to [0, 1]. Wasserstein: σ of the score
    relative to the midpoint of the two means, since a critic has no absolute zero.
    """
    if name == "least-squares":
        return tf.clip_by_value(real, 0.0, 1.0), tf.clip_by_value(fake, 0.0, 1.0)
    middle = (tf.reduce_mean(real) + tf.reduce_mean(fake)) / 2 if name == "wasserstein" else 0.0
    return tf.sigmoid(real - middle), tf.sigmoid(fake - middle)


def value(d_real: Any, d_fake: Any) -> Any:
    """V(D, G) = E log D(x) + E log(1 − D(G(z))) of probabilities (B,) each; −log 4 at equilibrium (D = ½)."""
    tiny = 1e-7
    return tf.reduce_mean(tf.math.log(d_real + tiny)) + tf.reduce_mean(tf.math.log(1 - d_fake + tiny))
