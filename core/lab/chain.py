"""The network whose gradients core.lab.gradients looks at: a deep network or an RNN, its task, its seeded weights."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.i18n import _
from core.lab import checks

ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu")
INITIALISATIONS = ("small", "keeping")
BATCH = 64


@dataclass(frozen=True)
class Remedies:
    """The five switches. The defaults are the notes' patient: nothing is done against it."""

    activation: str = "sigmoid"
    initialisation: str = "small"  # "small": N(0, 1) × 0.01; "keeping": keeps the variance from block to block
    batch_norm: bool = False
    residual: bool = False
    clip: float | None = None  # norm v to which a longer gradient is scaled


@dataclass(frozen=True)
class Chain:
    """A network to look at. `scale` multiplies every initial weight; raises UserError on values out of range."""

    kind: str = "mlp"  # "mlp" or "rnn"
    depth: int = 20  # layers or time steps
    units: int = 16
    scale: float = 1.0
    seed: int = 0
    remedies: Remedies = Remedies()

    def __post_init__(self) -> None:
        checks.one_of(self.kind, _("The network"), ("mlp", "rnn"))
        object.__setattr__(self, "depth", checks.integer(self.depth, _("The depth"), 2, 100))
        object.__setattr__(self, "units", checks.integer(self.units, _("The number of units"), 1, 64))
        object.__setattr__(self, "scale", checks.number(self.scale, _("The weight scale"), 0.0, 10.0))
        object.__setattr__(self, "seed", checks.integer(self.seed, _("The seed"), 0, 2**31 - 1))
        checks.one_of(self.remedies.activation, _("The activation"), ACTIVATIONS)
        checks.one_of(self.remedies.initialisation, _("The initialisation"), INITIALISATIONS)
        if self.remedies.clip is not None:
            checks.number(self.remedies.clip, _("The norm v"), 1e-6, 1e6)


@dataclass(frozen=True)
class Parameters:
    """W (L−1, U, U), or (1, U, U) for the RNN; b (L, U) or (1, U); U (I, U); v (U,); c."""

    W: np.ndarray
    b: np.ndarray
    U: np.ndarray
    v: np.ndarray
    c: np.ndarray

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.W, self.b, self.U, self.v, self.c))


def task(chain: Chain) -> tuple[np.ndarray, np.ndarray]:
    """x (B, T, I) and y (B,) in {0, 1}. Deep network: is x₁·x₂ positive (XOR)? RNN: is the first of the T inputs?"""
    rng = np.random.default_rng(chain.seed)
    if chain.kind == "mlp":
        x = rng.normal(size=(BATCH, 1, 2))
        return x, (x[:, 0, 0] * x[:, 0, 1] > 0).astype(float)
    x = rng.normal(size=(BATCH, chain.depth, 1))
    return x, (x[:, 0, 0] > 0).astype(float)


def deviation(chain: Chain, fan_in: int, fan_out: int) -> float:
    """The standard deviation of an initial weight: 0.01, or √(2/(in + out)) for sigmoid and tanh, √(2/in) for ReLU."""
    if chain.remedies.initialisation == "small":
        return 0.01 * chain.scale
    steep = chain.remedies.activation in ("relu", "leaky_relu")
    return chain.scale * float(np.sqrt(2 / (fan_in if steep else fan_in + fan_out)))


def initial(chain: Chain) -> Parameters:
    """The seeded weights. The same seed draws the same random numbers whatever the remedies are."""
    rng = np.random.default_rng(chain.seed + 1)
    inputs, n = (2 if chain.kind == "mlp" else 1), chain.units
    U, v = rng.normal(size=(inputs, n)), rng.normal(size=n)
    W = rng.normal(size=(chain.depth - 1 if chain.kind == "mlp" else 1, n, n))
    b = np.zeros((chain.depth if chain.kind == "mlp" else 1, n))
    return Parameters(
        W * deviation(chain, n, n), b, U * deviation(chain, inputs, n), v * deviation(chain, n, 1), np.zeros(())
    )
