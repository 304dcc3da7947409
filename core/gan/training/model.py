"""Generator and discriminator, and the conversion between grey levels and the networks' value range."""

from typing import Any

import numpy as np

from core.backend import keras, tf
from core.gan.config import GANConfig, parse_widths

layers = keras.layers


def generator(options: GANConfig, classes: int = 0, several: bool = False) -> keras.Model:
    """Noise (B, Z), and with `classes` shares of each class (B, classes), to pictures (B, S, S) in the output's range.

    Classes are given as a mixture, so that images between two classes can be generated.
    several: synchronise batch statistics between devices.
    """
    noise = keras.Input((options.latent,), name="noise")
    inputs, x = _with_classes(noise, classes)
    for n, width in enumerate(parse_widths(options.generator), 1):
        x = _hidden(x, n, width, options.activation, options.norm, several)
    x = layers.Dense(options.size**2, activation=options.output, name="pixels")(x)
    return keras.Model(inputs, layers.Reshape((options.size, options.size), name="picture")(x), name="generator")


def discriminator(options: GANConfig, classes: int = 0, several: bool = False) -> keras.Model:
    """Pictures (B, S, S), and with `classes` shares of each class (B, classes), to a score (B,): higher is more real.

    The class enters twice: beside the pixels, and as the projection of the last hidden layer (Miyato and Koyama 2018).
    """
    picture = keras.Input((options.size, options.size), name="picture")
    inputs, x = _with_classes(layers.Flatten(name="pixels")(picture), classes, picture)
    for n, width in enumerate(parse_widths(options.discriminator), 1):
        x = _hidden(x, n, width, options.activation, options.discriminator_norm, several)
        if options.dropout:
            x = Dropout(options.dropout, several, name=f"dropout_{n}")(x)
    score = layers.Dense(1, name="score")(x)
    if classes:
        by_class = layers.Dense(classes, use_bias=False, name="score_by_class")(x)
        score = layers.Add()([score, layers.Dot(axes=1)([by_class, inputs[1]])])
    return keras.Model(inputs, layers.Reshape((), name="flat_score")(score), name="discriminator")


class Dropout(keras.layers.Dropout):
    """Keras' Dropout with the Philox generator: XLA's default is seven times slower on a CPU (seen on TensorFlow 2.21),
    which made dropout cost more than the rest of a step.

    outside_xla: the caller is not compiled by XLA; the mask is then, because one drawn without XLA differs.
    """

    def __init__(self, rate: float, outside_xla: bool = False, **more: Any) -> None:
        super().__init__(rate, **more)
        self._drop = _xla_dropout if outside_xla else _dropout

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self._drop(inputs, self.rate, self.seed_generator.next()) if training else inputs


def _dropout(x: Any, rate: float, seed: Any) -> Any:
    return tf.nn.experimental.stateless_dropout(x, rate, seed=seed, rng_alg="philox")


_xla_dropout = tf.function(_dropout, jit_compile=True, autograph=False)


def _with_classes(x: Any, classes: int, first: Any = None) -> tuple[Any, Any]:
    """Return the model's inputs, and x concatenated with the class shares."""
    first = x if first is None else first
    if not classes:
        return first, x
    shares = keras.Input((classes,), name="classes")
    return [first, shares], layers.Concatenate()([x, shares])


def _hidden(x: Any, number: int, width: int, activation: str, norm: str, several: bool) -> Any:
    x = layers.Dense(width, use_bias=norm == "off", name=f"hidden_{number}")(x)
    if norm == "batch":
        x = layers.BatchNormalization(momentum=0.9, synchronized=several, name=f"norm_{number}")(x)
    elif norm == "layer":
        x = layers.LayerNormalization(name=f"norm_{number}")(x)
    name = f"{activation}_{number}"
    return (
        layers.LeakyReLU(0.2, name=name)(x)
        if activation == "leaky_relu"
        else layers.Activation(activation, name=name)(x)
    )


def update_average(average: keras.Model, network: keras.Model, decay: float, step: Any) -> None:
    """Move `average` towards `network`, weights and batch statistics, with a lower decay during the first steps.

    Nothing is to be done where both are one model.
    """
    if average is network:
        return
    done = tf.cast(step, tf.float32)
    keep = tf.minimum(decay, (1 + done) / (10 + done))
    for slow, fast in zip(average.variables, network.variables, strict=True):
        slow.assign(slow + (1 - keep) * (fast - slow))


def output_range(output: str) -> tuple[float, float]:
    """Value of black in the range of the output activation, and the span from black to white."""
    return (-1.0, 2.0) if output == "tanh" else (0.0, 1.0)


def to_network_range(pixels: np.ndarray, output: str) -> np.ndarray:
    """Convert grey levels 0 to 255 to float32 in the range of the output activation."""
    black, span = output_range(output)
    return pixels.astype(np.float32) * np.float32(span / 255) + np.float32(black)


def to_pixels(values: np.ndarray, output: str) -> np.ndarray:
    """Convert network values to grey levels uint8, rounded; the inverse of to_network_range()."""
    black, span = output_range(output)
    return np.clip((values - black) * (255 / span) + 0.5, 0, 255).astype(np.uint8)
