"""Every option of the dense GAN, and the four presets. Imports no TensorFlow, so that forms and --help are instant."""

import re
from itertools import pairwise
from typing import Any, ClassVar, Literal

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from core.errors import UserError
from core.i18n import _
from core.schema import Cost, Options, option

PresetName = Literal["quick", "balanced", "best", "notes"]
PRESETS: dict[PresetName, str] = {
    "quick": "A minute: strokes first, details later.",
    "balanced": "Five minutes: pictures to show to somebody.",
    "best": "Ten minutes: a wider pair of networks.",
    "notes": "The source notes' sizes and loss: 100 → 128 → 784 and back, minimax.",
}
MIN_IMAGES = 64
MAX_LAYERS, MAX_WIDTH = 8, 4096


def parse_widths(text: str) -> tuple[int, ...]:
    """Hidden-layer widths written as "256-512-1024". Raises ValueError where that is not what `text` holds."""
    if not re.fullmatch(r"\d{1,5}(-\d{1,5})*", text):
        raise ValueError(text)
    widths = tuple(int(part) for part in text.split("-"))
    if len(widths) > MAX_LAYERS or not all(1 <= width <= MAX_WIDTH for width in widths):
        raise ValueError(text)
    return widths


class GANConfig(Options):
    """A dense GAN on grey pictures. A step is `d_steps` updates of the discriminator, then one of the generator."""

    family: ClassVar[str] = "gan"

    epochs: float | None = option(
        50, "How often the pictures are gone through.", group="budget", level="basic", gt=0, le=100_000
    )
    learning_rate: float = option(1e-3, "The generator's highest step size.", group="training", gt=0, le=1)
    warmup: float = option(0.01, "Share of the budget over which the rate rises from 0.", group="training", ge=0, lt=1)

    size: Literal[16, 28, 32] = option(28, "Side of the pictures.", unit="px", group="pictures", level="basic")
    invert: Literal["auto", "never", "always"] = option(
        "auto", "Turn pictures to white on black; auto does it where the background is light.", group="pictures"
    )
    centre: bool = option(
        True, "Cut a plain background away and put the drawing in the middle, as MNIST does.", group="pictures"
    )
    holdout: float = option(
        0.1,
        "Share of the pictures kept from training, to measure against; an .npz with x_test brings its own.",
        group="pictures",
        ge=0.02,
        le=0.5,
    )

    latent: int = option(64, "Numbers of noise that a picture is made from.", group="networks", ge=1, le=1024)
    generator: str = option("256-512-1024", "Widths of the generator's hidden layers.", group="networks")
    discriminator: str = option("512-256", "Widths of the discriminator's hidden layers.", group="networks")
    activation: Literal["relu", "leaky_relu", "silu", "gelu", "tanh"] = option(
        "silu", "What bends between the layers.", group="networks"
    )
    norm: Literal["off", "batch", "layer"] = option(
        "batch", "Normalisation of the generator's hidden layers.", group="networks"
    )
    discriminator_norm: Literal["off", "batch", "layer"] = option(
        "off",
        "Normalisation of the discriminator's hidden layers. With batch, the penalties have no exact meaning.",
        group="networks",
    )
    dropout: float = option(
        0.0, "Share of the discriminator's hidden values dropped in training.", group="networks", ge=0, lt=1
    )
    output: Literal["tanh", "sigmoid"] = option(
        "tanh",
        "The generator's last function, in [-1, 1] or [0, 1]; real pictures and the drawing follow it.",
        group="networks",
    )
    conditional: bool = option(
        True, "Tell both networks the class, where the pictures have classes.", group="networks", level="basic"
    )

    loss: Literal["non-saturating", "minimax", "least-squares", "wasserstein", "hinge"] = option(
        "non-saturating", "What the two networks play for.", group="game", level="basic"
    )
    penalty: Literal["off", "r1", "gradient"] = option(
        "r1",
        "r1 keeps D flat around real pictures, gradient keeps its slope at 1 between real and fake. Both need a "
        "gradient for each picture, which a discriminator with batch norm does not have.",
        group="game",
    )
    penalty_weight: float = option(1.0, "Weight of the penalty.", group="game", ge=0, le=1000)
    penalty_every: int = option(
        1, "The penalty counts at every n-th step, n times as much.", unit="steps", group="game", ge=1, le=64
    )
    label_smoothing: float = option(
        0.0, "Real pictures count as 1 minus this (minimax, non-saturating, least-squares).", group="game", ge=0, lt=0.5
    )
    instance_noise: float = option(
        0.0,
        "Noise on everything D sees, as a share of the grey range, falling to 0 with the budget.",
        group="game",
        ge=0,
        le=1,
    )
    d_steps: int = option(
        1, "Discriminator steps for each generator step.", title="Steps of D", group="game", ge=1, le=10
    )
    d_rate: float = option(
        1.0, "Discriminator's rate as a multiple of the generator's.", title="Rate of D", group="game", gt=0, le=100
    )
    beta_1: float = option(0.0, "Adam's memory of the gradient.", title="Adam's β₁", group="game", ge=0, lt=1)
    beta_2: float = option(
        0.99, "Adam's memory of the gradient's square.", title="Adam's β₂", group="game", ge=0.5, lt=1
    )
    ema: float = option(
        0.999,
        "Memory of the averaged generator, which is the one that is used; 0 is off.",
        title="Weight averaging (EMA)",
        group="game",
        ge=0,
        lt=1,
    )

    @field_validator("generator", "discriminator")
    @classmethod
    def _widths(cls, value: str) -> str:
        try:
            parse_widths(value)
        except ValueError:
            raise PydanticCustomError(
                "widths",
                "Write 1 to {layers} layer widths from 1 to {width} with a dash between, as in 256-512",
                {"layers": MAX_LAYERS, "width": MAX_WIDTH},
            ) from None
        return value

    def cautions(self) -> list[str]:
        if self.penalty == "off" or self.discriminator_norm != "batch":
            return []
        return [
            _(
                "The penalty wants the discriminator's gradient for each picture, and with batch norm that gradient "
                "also depends on the other pictures of the batch: choose layer norm or none for the discriminator."
            )
        ]


def preset(name: str, images: int, classes: int) -> GANConfig:
    """The options that suit `images` training pictures in `classes` classes (0 where there are none).

    Under 10,000 pictures the discriminator gets dropout and noise, because it would learn them by heart.
    """
    if name not in PRESETS:
        raise UserError(
            _("There is no preset “{name}”: choose one of {names}.").format(name=name, names=", ".join(PRESETS))
        )
    if name == "notes":
        return GANConfig(**NOTES)
    values: dict[str, Any] = {"conditional": classes > 1}
    if name == "quick":
        values |= {"seconds": 60, "generator": "256-512"}
    elif name == "balanced":
        values |= {"seconds": 300}
    else:
        values |= {"seconds": 600, "generator": "512-1024-1024", "discriminator": "1024-512"}
    if images < 10_000:
        values |= {"dropout": 0.3, "instance_noise": 0.1}
    return GANConfig(**values)


# Noise 100, Dense 128 ReLU, Dense 784 sigmoid; Dense 128 ReLU, Dense 1 sigmoid; Adam's defaults, constant rate.
NOTES: dict[str, Any] = {
    "steps": 10_000,
    "latent": 100,
    "generator": "128",
    "discriminator": "128",
    "activation": "relu",
    "norm": "off",
    "output": "sigmoid",
    "conditional": False,
    "loss": "minimax",
    "penalty": "off",
    "learning_rate": 1e-3,
    "warmup": 0,
    "schedule": "constant",
    "beta_1": 0.9,
    "beta_2": 0.999,
    "ema": 0,
}


OPTIONS = GANConfig


def cost(options: GANConfig, images: int, classes: int) -> Cost:
    """Estimate the Cost of both networks for `images` training images in `classes` classes."""
    conditional_classes = classes if options.conditional and classes > 1 else 0
    pixels, batch = options.size**2, options.batch_size
    g_widths, d_widths = parse_widths(options.generator), parse_widths(options.discriminator)
    g_work = _products((options.latent + conditional_classes, *g_widths, pixels))
    d_work = _products((pixels + conditional_classes, *d_widths, 1 + conditional_classes))
    parameters = g_work + d_work + pixels + 1
    parameters += _KEPT[options.norm] * sum(g_widths) + _KEPT[options.discriminator_norm] * sum(d_widths)
    # A backward pass costs twice a forward pass. D processes real and generated images, and the latter again for G.
    turns = g_work + 6 * d_work + (6 * d_work / options.penalty_every if options.penalty != "off" else 0)
    work = turns + (2 * g_work + 3 * d_work) / options.d_steps
    activations = batch * (2 * sum(g_widths) + 6 * sum(d_widths) + 4 * pixels)
    return Cost(parameters, work, activations, batch * options.d_steps, images)


_KEPT = {"off": 1, "batch": 4, "layer": 2}  # numbers kept for each hidden unit: a bias, or what the normalisation has


def _products(widths: tuple[int, ...]) -> int:
    return sum(before * after for before, after in pairwise(widths))
