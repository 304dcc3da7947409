"""Sample a trained generator: by seed and class, along latent directions and interpolations, and invert it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.backend import tf
from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.inference.request import Film, Sample
from core.gan.training.model import generator, output_range, to_network_range, to_pixels
from core.i18n import _
from core.runs.run import Run
from core.training.weights import build_with_weights

MAX_WALKED = 50_000  # images in all frames of an animation
AT_ONCE = 500
PROBES = 32  # samples over which the principal directions are averaged
NEAR = 0.02  # step of the finite differences
STARTS, SEARCHED, RATE, CLOSE = 8, 300, 0.05, 1e-3  # find_latent(): starts per class, steps, Adam's rate, L2 penalty


@dataclass(frozen=True)
class LatentMatch:
    """Noise (Z,) and class shares (K,) whose image (S, S) is nearest to a target, and their RMS difference in grey
    levels."""

    noise: np.ndarray
    shares: np.ndarray | None
    picture: np.ndarray
    difference: float


class ImageSampler:
    """A run's best generator. noise: (N, Z) float32; shares: class mixture (N, K), or None for an unconditional run."""

    def __init__(self, options: GANConfig, classes: Sequence[str], model: Any) -> None:
        self.options, self.classes, self.model = options, list(classes), model
        self._call = tf.function(self._forward, autograph=False, reduce_retracing=True)

    def _forward(self, inputs: Any) -> Any:
        return self.model(inputs, training=False)

    # From noise to pictures -----------------------------------------------------------------------------------------
    def noise(self, count: int, seed: int = 0, truncation: float | None = None) -> np.ndarray:
        """Normal noise (count, Z). `truncation` resamples numbers beyond ±truncation (Brock et al. 2019)."""
        Sample(count=count, seed=seed, truncation=truncation)  # raises UserError for a value out of range
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((count, self.options.latent), np.float32)
        if truncation is not None:
            while (beyond := np.abs(noise) > truncation).any():
                noise[beyond] = rng.standard_normal(int(beyond.sum()), np.float32)
        return noise

    def shares(self, count: int, choice: int | str | Sequence[float] | None = None) -> np.ndarray | None:
        """Class shares (count, K) of one class, by number or name, of a mixture, or (None) of all classes in turn."""
        if not self.classes:
            if choice is not None:
                raise UserError(_("This run knows no classes, so none can be chosen."))
            return None
        identity = np.eye(len(self.classes), dtype=np.float32)
        if choice is None:
            return identity[np.arange(count) % len(self.classes)]
        if isinstance(choice, int | str):
            return np.repeat(identity[[self._class(choice)]], count, 0)
        mixture = np.asarray(choice, np.float32)
        if mixture.shape != (len(self.classes),) or not np.isfinite(mixture).all():
            raise UserError(_("A mixture needs one share for each of the {n} classes.").format(n=len(self.classes)))
        return np.repeat(mixture[None], count, 0)

    def _class(self, choice: int | str) -> int:
        if str(choice) in self.classes:
            return self.classes.index(str(choice))
        if isinstance(choice, int) and 0 <= choice < len(self.classes):
            return choice
        raise UserError(
            _("There is no class “{name}”; there are: {known}.").format(
                name=str(choice)[:80], known=", ".join(self.classes[:50])
            )
        )

    def values(self, noise: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
        """Generate (N, S, S) float32 in the range of the generator's output."""
        if self.classes and shares is None:
            shares = self.shares(len(noise))
        parts = []
        for start in range(0, len(noise), AT_ONCE):
            here = slice(start, start + AT_ONCE)
            inputs = [tf.constant(part[here], tf.float32) for part in (noise, shares) if part is not None]
            parts.append(self._call(inputs if len(inputs) > 1 else inputs[0]).numpy())
        return np.concatenate(parts)

    def draw(self, noise: np.ndarray, shares: np.ndarray | None = None) -> np.ndarray:
        """Generate images (N, S, S) uint8."""
        return to_pixels(self.values(noise, shares), self.options.output)

    def pictures(
        self,
        count: int,
        seed: int = 0,
        choice: int | str | Sequence[float] | None = None,
        truncation: float | None = None,
    ) -> np.ndarray:
        """Generate images (count, S, S) uint8 from a seed."""
        return self.draw(self.noise(count, seed, truncation), self.shares(count, choice))

    # Moving about ---------------------------------------------------------------------------------------------------
    @cached_property
    def directions(self) -> tuple[np.ndarray, np.ndarray]:
        """Principal latent directions: unit rows (Z, Z), and the RMS change in grey levels per pixel along each, (Z,).

        They are the eigenvectors of the mean of J Jᵀ, J = ∂image/∂noise, over PROBES samples, largest change first.
        """
        Z, span = self.options.latent, output_range(self.options.output)[1]
        total = np.zeros((Z, Z))
        probes, shares = self.noise(PROBES, 0), self.shares(PROBES)
        for n, probe in enumerate(probes):
            moved = np.concatenate([probe + NEAR * np.eye(Z), probe - NEAR * np.eye(Z)]).astype(np.float32)
            shares_of_starts = None if shares is None else np.repeat(shares[n : n + 1], 2 * Z, 0)
            plus, minus = np.split(self.values(moved, shares_of_starts).reshape(2 * Z, -1).astype(np.float64), 2)
            slope = (plus - minus) / (2 * NEAR) * 255 / span
            total += slope @ slope.T / slope.shape[1]
        values, vectors = np.linalg.eigh(total / PROBES)
        return vectors.T[::-1].astype(np.float32), np.sqrt(np.clip(values[::-1], 0, None))

    def find_latent(self, picture: np.ndarray, seed: int = 0) -> LatentMatch:
        """Invert the generator for `picture` (S, S) uint8: gradient descent from the best of many random starts."""
        target = to_network_range(picture, self.options.output)
        kinds = max(1, len(self.classes))
        guesses = self.noise(2000 // kinds * kinds, seed)
        shares = self.shares(len(guesses))
        deviation = ((self.values(guesses, shares) - target) ** 2).mean((1, 2))
        kind = np.arange(len(guesses)) % kinds
        order = [
            index for k in range(kinds) for index in np.nonzero(kind == k)[0][np.argsort(deviation[kind == k])][:STARTS]
        ]
        shares_of_starts = None if shares is None else shares[order]
        noise = self._descend(guesses[order], shares_of_starts, target)
        deviation = ((self.values(noise, shares_of_starts) - target) ** 2).mean((1, 2))
        best = int(deviation.argmin())
        own = None if shares_of_starts is None else shares_of_starts[best]
        drawn = self.draw(noise[best : best + 1], None if own is None else own[None])[0]
        difference = float(np.sqrt(((drawn.astype(np.float32) - picture) ** 2).mean()))
        return LatentMatch(noise[best], own, drawn, difference)

    def _descend(self, noise: np.ndarray, shares: np.ndarray | None, target: np.ndarray) -> np.ndarray:
        """Minimise the squared difference by Adam, with a weak L2 penalty on the noise; noise (N, Z) → (N, Z)."""
        given = [] if shares is None else [tf.constant(shares)]

        @tf.function(autograph=False)
        def search(start: Any) -> Any:
            def body(i: Any, at: Any, mean: Any, square: Any) -> Any:
                with tf.GradientTape() as tape:
                    tape.watch(at)
                    made = self._forward([at, *given] if given else at)
                    deviation = tf.reduce_mean((made - target) ** 2, [1, 2]) + CLOSE * tf.reduce_mean(at**2, 1)
                    loss = tf.reduce_sum(deviation)
                slope = tape.gradient(loss, at)
                mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
                time = tf.cast(i + 1, tf.float32)
                step = mean / (1 - 0.9**time) / (tf.sqrt(square / (1 - 0.99**time)) + 1e-8)
                return i + 1, at - RATE * (1 - time / SEARCHED * 0.9) * step, mean, square

            still = tf.zeros_like(start)
            return tf.while_loop(lambda i, *_rest: i < SEARCHED, body, (tf.constant(0), start, still, still))[1]

        return search(tf.constant(noise)).numpy()


def load_sampler(run: Run) -> ImageSampler:
    """Build the run's best generator from its options and weights. Raises UserError where there is none yet."""
    options, labels = run.options, run.read_json("labels.json")
    if not isinstance(options, GANConfig):
        raise UserError(_("The run “{run}” draws no pictures: choose a run of a GAN.").format(run=run.id))
    classes = labels.get("classes") if isinstance(labels, dict) else None
    if not isinstance(classes, list):
        raise UserError(_("The run “{run}” has no labels.json yet: let it train a little.").format(run=run.id))
    model = build_with_weights(lambda: generator(options, len(classes)), run.model_path)
    return ImageSampler(options, [str(name) for name in classes], model)


def interpolate_linear(one: np.ndarray, two: np.ndarray, count: int) -> np.ndarray:
    """`count` points on the line from `one` to `two`, inclusive; for noise (Z,) and for shares (K,)."""
    Film(frames=count)  # raises UserError for a value out of range
    share = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    return (1 - share) * one + share * two


def interpolate_spherical(one: np.ndarray, two: np.ndarray, count: int) -> np.ndarray:
    """Spherical interpolation: `count` points on the arc from `one` to `two` (Shoemake 1985), norms interpolated.

    Halfway along a straight line the noise is about 30 % shorter than typical training noise; on the arc it is not
    (White 2016).
    """
    Film(frames=count)  # raises UserError for what is out of bounds
    lengths = np.linalg.norm(one), np.linalg.norm(two)
    if min(lengths) == 0:
        return interpolate_linear(one, two, count)
    a, b = one / lengths[0], two / lengths[1]
    angle = np.arccos(np.clip(a @ b, -1, 1))
    if np.sin(angle) < 1e-4:
        return interpolate_linear(one, two, count)
    share = np.linspace(0, 1, count)[:, None]
    arc = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
    return (arc * ((1 - share) * lengths[0] + share * lengths[1])).astype(np.float32)


def interpolate_frames(
    starts: np.ndarray, goals: np.ndarray, count: int, walk: Callable[..., np.ndarray] = interpolate_spherical
) -> np.ndarray:
    """Interpolate N pairs, from starts (N, Z) to goals (N, Z), to frames (count, N, Z)."""
    if len(starts) * count > MAX_WALKED:
        raise UserError(
            _("A film of {n:,} pictures is too long: choose fewer pictures, or a shorter walk.").format(
                n=len(starts) * count
            )
        )
    return np.stack([walk(start, goal, count) for start, goal in zip(starts, goals, strict=True)], axis=1)


def analogy(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Latent arithmetic A − B + C of noise (…, Z) (Radford et al. 2016)."""
    return a - b + c
