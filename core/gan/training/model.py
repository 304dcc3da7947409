"""The two dense networks, and the one place where grey levels meet the networks' range."""

from typing import Any

import numpy as np

from core.backend import keras, tf
from core.gan.config import GANConfig, parse_widths

layers = keras.layers


def generator(options: GANConfig, classes: int = 0, several: bool = False) -> keras.Model:
    """Noise (B, Z), and with `classes` shares of each class (B, classes), to pictures (B, S, S) in the output's range.

    The class is given as shares and not as a number, so that a picture half way between two classes can be asked for.
    several: devices that share a batch also share its statistics.
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
            x = Dropout(options.dropout, name=f"dropout_{n}")(x)
    score = layers.Dense(1, name="score")(x)
    if classes:
        by_class = layers.Dense(classes, use_bias=False, name="score_by_class")(x)
        score = layers.Add()([score, layers.Dot(axes=1)([by_class, inputs[1]])])
    return keras.Model(inputs, layers.Reshape((), name="flat_score")(score), name="discriminator")


class Dropout(keras.layers.Dropout):
    """Keras' dropout with the Philox generator named. Left to choose, XLA takes one that is seven times slower on a
    processor (seen on TensorFlow 2.21), which made dropout cost more than all the rest of a step."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training:
            return inputs
        seed = self.seed_generator.next()
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed=seed, rng_alg="philox")


def _with_classes(x: Any, classes: int, first: Any = None) -> tuple[Any, Any]:
    """The model's inputs, and x with the shares of the classes beside it."""
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


def output_range(output: str) -> tuple[float, float]:
    """What the output function makes of black, and how far white is from it."""
    return (-1.0, 2.0) if output == "tanh" else (0.0, 1.0)


def to_network_range(pixels: np.ndarray, output: str) -> np.ndarray:
    """Grey levels 0 to 255 as float32 in the range of the output function, which is what the networks see."""
    black, span = output_range(output)
    return pixels.astype(np.float32) * np.float32(span / 255) + np.float32(black)


def to_pixels(values: np.ndarray, output: str) -> np.ndarray:
    """The inverse of to_range, rounded, as uint8: the only way from a network to a drawing."""
    black, span = output_range(output)
    return np.clip((values - black) * (255 / span) + 0.5, 0, 255).astype(np.uint8)
