"""A GAN's training in Keras' own terms, which core.gan.program exports."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.gan.config import GANConfig
from core.gan.training.losses import LOSSES, PENALTIES
from core.gan.training.model import output_range, to_network_range, update_average
from core.gan.training.step import StatelessRNG
from core.training.keras_schedule import Rates


class GANTrainer(keras.Model):
    """Updates the discriminator `d_steps` times, then the generator once, on the noise of the last of them.

    average: a generator whose weights follow those of `generator` (the same where none are averaged); total: steps of
    the whole training. A batch is pictures (d_steps, B, S, S) in the output's range and the shares of each picture's
    classes (d_steps, B, K), K = 0 without classes. Compile it with jit_compile=True: without XLA other numbers are
    drawn.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        average: keras.Model,
        options: GANConfig,
        rates: np.ndarray,
    ) -> None:
        """rates: the generator's learning rate at each step, (total,)."""
        super().__init__(name="trainer")
        self.generator, self.discriminator, self.average = generator, discriminator, average
        self.options, self.total = options, float(len(rates))
        self.g_optimizer = self._adam(rates, generator)
        self.d_optimizer = self._adam(options.d_rate * np.repeat(rates, options.d_steps), discriminator)
        self.losses_so_far = [keras.metrics.Mean(name) for name in ("discriminator", "generator")]

    def _adam(self, rates: np.ndarray, model: keras.Model) -> keras.optimizers.Optimizer:
        optimizer = keras.optimizers.Adam(Rates(rates), self.options.beta_1, self.options.beta_2)
        optimizer.build(model.trainable_variables)
        return optimizer

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step; returns the mean losses so far."""
        (pictures, shares), options = data, self.options
        step = tf.identity(self.g_optimizer.iterations.value)  # its value now, before the update counts on
        for turn in range(options.d_steps):
            rng = StatelessRNG(options.seed, step, turn, False)
            noise = rng.normal((options.batch_size, options.latent))
            seen = self.instance_noise(step, rng)
            with tf.GradientTape() as tape:
                fake = self.play(self.generator, noise, shares[turn])
                with tape.stop_recording():
                    d_loss = self.discriminator_turn(pictures[turn], fake, shares[turn], step, seen, rng)
                if turn + 1 < options.d_steps:
                    continue
                scores = self.play(self.discriminator, fake + seen, shares[turn])
                g_loss = LOSSES[options.loss](tf.zeros_like(scores), scores, 0.0).g
        weights = self.generator.trainable_variables
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        update_average(self.average, self.generator, options.ema, step)
        for mean, loss in zip(self.losses_so_far, (d_loss, g_loss), strict=True):
            mean.update_state(loss)
        return {mean.name: mean.result() for mean in self.losses_so_far}

    def discriminator_turn(self, real: Any, fake: Any, shares: Any, step: Any, seen: Any, rng: StatelessRNG) -> Any:
        """One update of the discriminator, on pictures that are no less noisy than those of the generator."""
        options, weights = self.options, self.discriminator.trainable_variables
        real, fake = real + seen, tf.stop_gradient(fake) + seen
        with tf.GradientTape() as tape:
            if options.discriminator_norm == "batch":  # real and generated pictures must not share batch statistics
                on_real, on_fake = (self.play(self.discriminator, part, shares) for part in (real, fake))
            else:
                both = self.play(self.discriminator, tf.concat([real, fake], 0), tf.concat([shares, shares], 0))
                on_real, on_fake = tf.split(both, 2)
            loss = LOSSES[options.loss](on_real, on_fake, options.label_smoothing).d
            whole = loss + self.penalty(real, fake, shares, step, rng)
        self.d_optimizer.apply(tape.gradient(whole, weights), weights)
        return loss

    def penalty(self, real: Any, fake: Any, shares: Any, step: Any, rng: StatelessRNG) -> Any:
        """The weighted penalty, at every `penalty_every`-th step that many times as much."""
        options = self.options
        if options.penalty == "off":
            return 0.0
        share = rng.uniform((options.batch_size, 1, 1))
        size = options.penalty_weight * options.penalty_every

        def weighted() -> Any:
            found = PENALTIES[options.penalty](lambda x: self.play(self.discriminator, x, shares), real, fake, share)
            return size * found

        if options.penalty_every == 1:
            return weighted()
        return tf.cond(step % options.penalty_every == 0, weighted, lambda: tf.constant(0.0))

    def instance_noise(self, step: Any, rng: StatelessRNG) -> Any:
        """The noise on all that the discriminator sees in an update, (B, S, S); it falls to 0 with the steps."""
        options = self.options
        if not options.instance_noise:
            return 0.0
        left = tf.maximum(0.0, 1.0 - tf.cast(step, tf.float32) / self.total)
        sigma = options.instance_noise * output_range(options.output)[1]
        return sigma * left * rng.normal((options.batch_size, options.size, options.size))

    def play(self, model: keras.Model, x: Any, shares: Any) -> Any:
        """The output of a network in training, for x and, where it is told, the classes."""
        return model([x, shares] if shares.shape[-1] else x, training=True)


def dataset(
    pictures: np.ndarray, labels: np.ndarray | None, classes: int, options: GANConfig, first: int, end: int
) -> tf.data.Dataset:
    """The batches of the steps `first` … `end` − 1 from pictures (N, S, S) uint8 and labels (N,), in one shuffled epoch
    after another."""
    N, D, B, S, K = len(pictures), options.d_steps, options.batch_size, options.size, classes

    @lru_cache(maxsize=2)
    def order(epoch: int) -> np.ndarray:
        return np.random.default_rng([options.seed, epoch]).permutation(N)

    def drawn() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(first, end):
            rows = np.array([order(place // N)[place % N] for place in range(step * D * B, (step + 1) * D * B)])
            shares = np.eye(K)[labels[rows]] if labels is not None else np.zeros((D * B, 0))
            yield to_network_range(pictures[rows], options.output).reshape(D, B, S, S), shares.reshape(D, B, K)

    kinds = tf.TensorSpec((D, B, S, S), tf.float32), tf.TensorSpec((D, B, K), tf.float32)
    found = tf.data.Dataset.from_generator(drawn, output_signature=kinds)
    # Of a dataset of unknown length Keras begins one step more, of which the weight decay takes effect.
    return found.apply(tf.data.experimental.assert_cardinality(end - first))
