"""Train generator and discriminator by many steps in one compiled loop."""

from typing import Any

import numpy as np

from core.backend import keras, tf
from core.gan.config import GANConfig
from core.gan.training.losses import LOSSES, PENALTIES, probability, value
from core.gan.training.model import discriminator, generator, output_range, update_average
from core.training.devices import Devices

BLOCK = 128  # steps in one call of the compiled loop
FIGURES = (
    "g_loss", "d_loss", "d_real", "d_fake", "sign_real", "sign_fake", "value", "g_grad", "d_grad", "penalty", "spread",
)  # fmt: skip


class GANSteps:
    """A generator, its exponential moving average and a discriminator, trained alternately.

    All randomness of a step is a function of the seed and the step number; together with variables() a resumed run is
    bit-identical to an uninterrupted one, however the steps are grouped into calls.
    """

    def __init__(
        self,
        options: GANConfig,
        pictures: np.ndarray,
        labels: np.ndarray | None,
        classes: int,
        devices: Devices | None = None,
    ) -> None:
        """pictures: (N, S, S) uint8; labels: (N,) int for conditional networks, else None."""
        self.options, self.classes = options, classes if labels is not None else 0
        self.devices = devices or Devices([], options.batch_size)
        keras.utils.set_random_seed(options.seed)
        with self.devices.scope():
            several = self.devices.several
            self.generator = generator(options, self.classes, several)
            self.discriminator = discriminator(options, self.classes, several)
            self.devices.split_dropout(self.discriminator)
            self.average = generator(options, self.classes, several) if options.ema else self.generator
            self.average.set_weights(self.generator.get_weights())
            self._g_optimizer, self._d_optimizer = self._adam(self.generator), self._adam(self.discriminator)
        self._count = len(pictures)
        self._pictures = tf.constant(pictures)
        self._labels = tf.constant(labels if labels is not None else np.zeros(1), tf.int32)
        self._orders: dict[int, np.ndarray] = {}
        # XLA compiles for one device: collective operations between several cannot be inside.
        self._loop = tf.function(self._training_loop, jit_compile=not self.devices.several, autograph=False)

    def _adam(self, model: keras.Model) -> Any:
        optimizer = keras.optimizers.Adam(
            self.options.learning_rate, beta_1=self.options.beta_1, beta_2=self.options.beta_2, name="adam"
        )
        optimizer.build(model.trainable_variables)
        return optimizer

    def variables(self) -> dict[str, Any]:
        """All state by name; "model/…" are the averaged generator and the discriminator."""
        discriminator = self.discriminator
        groups = {
            "model/generator": self.average.weights,
            "model/discriminator": discriminator.weights,
            "state/dice": [
                item for item in discriminator.variables if not any(item is weight for weight in discriminator.weights)
            ],
            "optimizer/generator": self._g_optimizer.variables,
            "optimizer/discriminator": self._d_optimizer.variables,
        }
        if self.average is not self.generator:
            groups["state/generator"] = self.generator.weights
        return {
            f"{group}/{n:03d}/{_name(item)}": item for group, items in groups.items() for n, item in enumerate(items)
        }

    def start_from_average(self) -> None:
        """Copy the averaged weights to the trained generator, before the first step of a new or branched run."""
        self.generator.set_weights(self.average.get_weights())

    # Training -------------------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray, total: int) -> dict[str, float]:
        """Run len(factors) steps from number `step` of `total`; return the means of FIGURES."""
        sums = np.zeros(len(FIGURES))
        for start in range(0, len(factors), BLOCK):
            part = np.zeros(BLOCK, np.float32)
            count = min(BLOCK, len(factors) - start)
            part[:count] = factors[start : start + count]
            first = step + start
            sums += self._loop(
                tf.constant(self._batches(first, count)),
                tf.constant(first, tf.int64),
                tf.constant(count),
                tf.constant(part),
                tf.constant(float(total)),
            ).numpy()
        return dict(zip(FIGURES, (sums / len(factors)).tolist(), strict=True))

    def _batches(self, first: int, count: int) -> np.ndarray:
        """Image indices (BLOCK, d_steps, B) of the steps, from one shuffled epoch after another."""
        each = self.options.d_steps * self.options.batch_size
        places = np.arange(first * each, (first + count) * each)
        epochs = places // self._count
        self._orders = {turn: self._orders.get(turn) for turn in np.unique(epochs)}  # type: ignore[misc]
        out = np.zeros(BLOCK * each, np.int32)
        for turn, order in self._orders.items():
            if order is None:
                order = np.random.default_rng([self.options.seed, int(turn)]).permutation(self._count)
                self._orders[turn] = order
            here = np.nonzero(epochs == turn)[0]
            out[here] = order[places[here] % self._count]
        return out.reshape(BLOCK, self.options.d_steps, self.options.batch_size)

    def _training_loop(self, batches: Any, first: Any, count: Any, factors: Any, total: Any) -> Any:
        rate, d_rate = self.options.learning_rate, self.options.learning_rate * self.options.d_rate

        def body(i: Any, sums: Any) -> Any:
            step = first + tf.cast(i, tf.int64)
            self._g_optimizer.learning_rate.assign(rate * factors[i])
            self._d_optimizer.learning_rate.assign(d_rate * factors[i])
            left = tf.maximum(0.0, 1.0 - tf.cast(step, tf.float32) / total)
            return i + 1, sums + self.devices.run(self._step, batches[i], step, left)

        start = (tf.constant(0), tf.zeros(len(FIGURES)))
        return tf.while_loop(lambda i, sums: i < count, body, start)[1]

    def _step(self, batches: Any, step: Any, left: Any) -> Any:
        """Run d_steps discriminator updates, then one generator update on the noise of the last of them."""
        options, local_shard = self.options, self.devices.local_shard
        for turn in range(options.d_steps):
            rng = StatelessRNG(options.seed, step, turn, self.devices.several)
            real, shares = self._gather_real(local_shard(batches[turn]))
            noise = local_shard(rng.normal((options.batch_size, options.latent)))
            noise_for_d = self.instance_noise(left, rng)
            with tf.GradientTape() as tape:
                fake = self._call(self.generator, noise, shares)
                with tape.stop_recording():
                    d_figures = self._d_step(real, tf.stop_gradient(fake), shares, step, noise_for_d, rng)
                if turn + 1 < options.d_steps:
                    continue
                scores = self._call(self.discriminator, fake + noise_for_d, shares)
                loss = LOSSES[options.loss](tf.zeros_like(scores), scores, 0.0).g
                share = self.devices.scale_loss(loss)
        weights = self.generator.trainable_variables
        norm = self._apply(self._g_optimizer, tape.gradient(share, weights), weights)
        update_average(self.average, self.generator, self.options.ema, step)
        figures = d_figures | {"g_loss": loss, "g_grad": norm}
        return self.devices.mean(tf.stack([figures[name] for name in FIGURES]))

    def _apply(self, optimizer: Any, gradients: list[Any], weights: list[Any]) -> Any:
        """Apply gradients, which Keras sums over the devices itself; return the norm of the whole batch's gradient."""
        optimizer.apply(gradients, weights)
        return tf.linalg.global_norm(self.devices.all_reduce(gradients))

    def _d_step(
        self, real: Any, fake: Any, shares: Any, step: Any, noise_for_d: Any, rng: "StatelessRNG"
    ) -> dict[str, Any]:
        options, weights = self.options, self.discriminator.trainable_variables
        real, fake = real + noise_for_d, fake + noise_for_d
        with tf.GradientTape() as tape:
            if options.discriminator_norm == "batch":  # real and generated images must not share batch statistics
                on_real, on_fake = (self._call(self.discriminator, part, shares) for part in (real, fake))
            else:
                twice = tf.concat([shares, shares], 0) if self.classes else shares
                both = self._call(self.discriminator, tf.concat([real, fake], 0), twice)
                on_real, on_fake = tf.split(both, 2)
            loss = LOSSES[options.loss](on_real, on_fake, options.label_smoothing).d
            share = self.devices.scale_loss(loss)
        gradients = tape.gradient(share, weights)
        penalty = tf.constant(0.0)
        if options.penalty != "off":
            penalty, more = self._penalty(real, fake, shares, step, rng)
            gradients = [one + two for one, two in zip(gradients, more, strict=True)]
        norm = self._apply(self._d_optimizer, gradients, weights)
        p_real, p_fake = probability(options.loss, on_real, on_fake)
        return {
            "d_loss": loss,
            "d_real": tf.reduce_mean(p_real),
            "d_fake": tf.reduce_mean(p_fake),
            "sign_real": tf.reduce_mean(tf.cast(p_real > 0.5, tf.float32)),
            "sign_fake": tf.reduce_mean(tf.cast(p_fake < 0.5, tf.float32)),
            "value": value(p_real, p_fake),
            "d_grad": norm,
            "penalty": penalty,
            "spread": tf.math.reduce_std(tf.concat([on_real, on_fake], 0)),
        }

    def _penalty(self, real: Any, fake: Any, shares: Any, step: Any, rng: "StatelessRNG") -> tuple[Any, list[Any]]:
        """The weighted penalty and its gradients, computed at every `penalty_every`-th step with that weight factor."""
        options, weights = self.options, self.discriminator.trainable_variables
        share = self.devices.local_shard(rng.uniform((options.batch_size, 1, 1)))

        def weighted_penalty() -> tuple[Any, list[Any]]:
            with tf.GradientTape() as tape:
                size = PENALTIES[options.penalty](
                    lambda pictures: self._call(self.discriminator, pictures, shares), real, fake, share
                )
                size = size * (options.penalty_weight * options.penalty_every)
                part = self.devices.scale_loss(size)
            values = [weight.value for weight in weights]
            found = tape.gradient(part, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            return size, found

        if options.penalty_every == 1:
            return weighted_penalty()
        now = step % options.penalty_every == 0
        if (
            self.devices.several and options.discriminator_norm == "batch"
        ):  # synchronised batch statistics are not allowed inside tf.cond
            size, found = weighted_penalty()
            return tf.where(now, size, 0.0), [tf.where(now, one, 0.0) for one in found]
        zero = [tf.zeros_like(weight) for weight in weights]
        return tf.cond(now, weighted_penalty, lambda: (tf.constant(0.0), zero))

    def _gather_real(self, places: Any) -> tuple[Any, Any]:
        black, span = output_range(self.options.output)
        pictures = tf.cast(tf.gather(self._pictures, places), tf.float32) * (span / 255) + black
        shares = tf.one_hot(tf.gather(self._labels, places), self.classes) if self.classes else None
        return pictures, shares

    def instance_noise(self, left: Any, rng: "StatelessRNG") -> Any:
        """Instance noise of one update, shared by real and generated images, since it is costly to draw."""
        if not self.options.instance_noise:
            return 0.0
        sigma = self.options.instance_noise * output_range(self.options.output)[1]
        drawn = rng.normal((self.options.batch_size, self.options.size, self.options.size))
        return sigma * left * self.devices.local_shard(drawn)

    def _call(self, model: keras.Model, x: Any, shares: Any) -> Any:
        return model([x, shares] if self.classes else x, training=True)


class StatelessRNG:
    """Random numbers determined by seed, step, update within the step and order of calls.

    Uses Philox, since XLA's default generator is several times slower on a CPU. outside_xla: the caller is not
    compiled by XLA; the draw itself is then, because numbers drawn without XLA differ.
    """

    def __init__(self, seed: int, step: Any, turn: int, outside_xla: bool) -> None:
        self._seed, self._next = seed, step * 1024 + turn * 64
        self._outside_xla = outside_xla

    def _key(self) -> Any:
        self._next += 1
        return tf.stack([tf.constant(self._seed, tf.int64), self._next])

    def normal(self, shape: Any) -> Any:
        return (_xla_normal if self._outside_xla else _normal)(shape, self._key())

    def uniform(self, shape: Any) -> Any:
        return (_xla_uniform if self._outside_xla else _uniform)(shape, self._key())


def _normal(shape: Any, key: Any) -> Any:
    return tf.random.stateless_normal(shape, key, alg="philox")


def _uniform(shape: Any, key: Any) -> Any:
    return tf.random.stateless_uniform(shape, key, alg="philox")


_xla_normal, _xla_uniform = (tf.function(draw, jit_compile=True, autograph=False) for draw in (_normal, _uniform))


def _name(item: Any) -> str:
    """A variable's name without Keras' automatic numbering, so that it is the same in every process."""
    owner = item.path.split("/")[0]
    return item.name if owner.startswith("seed_generator") else f"{owner}/{item.name}"
