"""A small multilayer network in matrices: drawing it, checking an edited one, its outputs, its training.

z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾,   a⁽ˡ⁾ = f(z⁽ˡ⁾),   E = ½ Σ (a⁽ᴸ⁾ − t)²,   δ⁽ˡ⁾ = f′(z⁽ˡ⁾) ⊙ W⁽ˡ⁺¹⁾ᵀ δ⁽ˡ⁺¹⁾
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.lab import checks
from core.lab.activations import ACTIVATIONS

BENT = ("sigmoid", "tanh", "relu")
MAX_UPDATES = 10_000  # about a second for the largest network


@dataclass(frozen=True)
class Network:
    """weights[l] (out, in) and biases[l] (out,) of layer l + 1; f is "sigmoid", "tanh" or "relu"."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    activation: str

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.weights[0].shape[1], *(len(b) for b in self.biases))


@dataclass(frozen=True)
class Training:
    """errors[e] is the mean E over the examples after e passes; networks[i] stands after passes[i] passes."""

    errors: np.ndarray
    passes: tuple[int, ...]
    networks: tuple[Network, ...]


def network(sizes: Any, activation: str, seed: int) -> Network:
    """Weights and biases with one decimal, drawn by the seed from ±1. sizes: 2 to 4 layers of 1 to 4 units."""
    shape = checks.array(sizes, _("The list of layer sizes"), (None,), limit=4)
    if not 2 <= len(shape) <= 4:
        raise UserError(_("There are {n} layers: choose 2 to 4, the input included.").format(n=len(shape)))
    widths = [checks.integer(n, _("A layer's size"), 1, 4) for n in shape]
    draw = np.random.default_rng(seed)
    weights = [draw.integers(-10, 11, (n, m)) / 10 for m, n in pairwise(widths)]
    biases = [draw.integers(-10, 11, n) / 10 for n in widths[1:]]
    return checked(weights, biases, activation)


def checked(weights: Any, biases: Any, activation: str) -> Network:
    """A network from edited tables, each number within ±100. Raises UserError."""
    checks.one_of(activation, _("The activation"), BENT)
    W, b = [], []
    width = None
    for layer, (w, c) in enumerate(zip(weights, biases, strict=True), 1):
        W.append(checks.array(w, _("The weights of layer {n}").format(n=layer), (None, width), limit=100))
        width = len(W[-1])
        b.append(checks.array(c, _("The biases of layer {n}").format(n=layer), (width,), limit=100))
    return Network(tuple(W), tuple(b), activation)


def outputs(network: Network, inputs: Any) -> np.ndarray:
    """inputs (B, sizes[0]) → (B, sizes[-1])."""
    a = np.asarray(inputs, float)
    for W, b in zip(network.weights, network.biases, strict=True):
        a = ACTIVATIONS[network.activation].f(a @ W.T + b, 0)
    return a


def train(network: Network, inputs: Any, targets: Any, eta: float, passes: int) -> Training:
    """Example after example, the very step that the graph shows, over and over.

    inputs (B, sizes[0]), targets (B, sizes[-1]), eta 0.001 to 10, passes · B at most MAX_UPDATES. Raises UserError.
    """
    X = checks.array(inputs, _("The table of inputs"), (None, network.sizes[0]), limit=100)
    T = checks.array(targets, _("The table of targets"), (len(X), network.sizes[-1]), limit=100)
    eta = checks.number(eta, _("The learning rate"), 0.001, 10)
    passes = checks.integer(passes, _("The number of passes"), 1, MAX_UPDATES // len(X))
    W, b = [w.copy() for w in network.weights], [c.copy() for c in network.biases]
    kept = sorted({round(p) for p in np.linspace(0, passes, 41)})
    networks, errors = [], np.empty(passes + 1)
    for done in range(passes + 1):
        if done:
            for x, t in zip(X, T, strict=True):
                _update(W, b, network.activation, x, t, eta)
        now = Network(tuple(w.copy() for w in W), tuple(c.copy() for c in b), network.activation)
        errors[done] = 0.5 * np.mean(np.sum((outputs(now, X) - T) ** 2, axis=1))
        if done in kept:
            networks.append(now)
    return Training(errors, tuple(kept), tuple(networks))


def _update(
    W: list[np.ndarray], b: list[np.ndarray], activation: str, x: np.ndarray, t: np.ndarray, eta: float
) -> None:
    f = ACTIVATIONS[activation]
    z, a = [], [x]
    for w, c in zip(W, b, strict=True):
        z.append(w @ a[-1] + c)
        a.append(f.f(z[-1], 0))
    upstream = a[-1] - t
    for layer in reversed(range(len(W))):
        delta = f.df(z[layer], 0) * upstream
        upstream = W[layer].T @ delta
        W[layer] -= eta * np.outer(delta, a[layer])
        b[layer] -= eta * delta
