"""Why gradients vanish or explode on a long way back, and the notes' five remedies as switches on one seeded network.

A deep network and an unrolled RNN are the same chain of blocks, l = 1 … L:

    a_l = h_{l−1} W_l + x_l U + b_l        h_0 = 0; the deep network has an input at block 1 only, the RNN at each
    n_l = (a_l − mean) / √(var + ε)        batch normalisation, over the batch (else n_l = a_l)
    h_l = f(n_l) + h_{l−1}                 residual connection, from block 2 on (else h_l = f(n_l))
    E   = mean of −y log p − (1 − y) log(1 − p),   p = σ(h_L v + c)

The deep network has a W_l for each layer, the RNN one W for all. Back through one block:

    ∂E/∂h_{l−1} = (∂E/∂a_l) W_lᵀ (+ ∂E/∂h_l with a residual connection),   ∂E/∂a_l = f′(n_l) ⊙ ∂E/∂h_l

so L blocks multiply L factors: smaller than 1 they vanish, larger they explode. Pascanu, Mikolov and Bengio 2013;
initialisation: Glorot and Bengio 2010, He et al. 2015; batch normalisation: Ioffe and Szegedy 2015 (scale 1, shift 0).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.i18n import _
from core.lab import checks
from core.lab.chain import BATCH, Chain, Parameters, Remedies, deviation, initial, task
from core.lab.concept import Question
from core.lab.digits import tex
from core.lab.snippet import Snippet, printed

EPSILON = 1e-3  # Keras' default
LEAK = 0.2  # keras.activations.leaky_relu's default


@dataclass(frozen=True)
class Block:
    """One layer or time step, on the way there and back."""

    index: int  # 1 … L
    h: np.ndarray  # (B, U)
    state_gradient: float  # ‖∂E/∂h_l‖
    weight_gradient: float  # norm of what this block adds to the gradient of its weights, after clipping
    slope: float  # mean f′(n_l): the factor that the activation puts on the way back
    spread: float  # standard deviation of h_l over batch and units


@dataclass(frozen=True)
class Trace:
    """One forward and backward pass. `norm` is the length of the whole gradient, `clipped` what is left of it."""

    blocks: tuple[Block, ...]
    loss: float
    accuracy: float
    norm: float
    clipped: float

    @property
    def ratio(self) -> float:
        """‖∂E/∂h_1‖ / ‖∂E/∂h_L‖: below 1 the gradient shrank on its way to the first block, above 1 it grew."""
        last = self.blocks[-1].state_gradient
        return self.blocks[0].state_gradient / last if last else 0.0


@dataclass(frozen=True)
class Training:
    """`losses` before each step; `diverged` is the step at which a number was no longer finite."""

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    diverged: int | None


def _length(arrays: Sequence[np.ndarray]) -> float:
    """√(sum of all squares), scaled first, so that an exploded 1e200 can be squared."""
    largest = max(float(np.abs(a).max()) for a in arrays)
    return largest * float(np.sqrt(sum(np.sum((a / largest) ** 2) for a in arrays))) if largest > 0 else largest


def activate(name: str, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f′(z), both of z's shape."""
    if name == "sigmoid":
        y = 0.5 + 0.5 * np.tanh(z / 2)
        return y, y * (1 - y)
    if name == "tanh":
        y = np.tanh(z)
        return y, 1 - y * y
    slope = np.where(z > 0, 1.0, 0.0 if name == "relu" else LEAK)
    return slope * z, slope


@dataclass(frozen=True)
class _LayerState:
    """Values of a block's forward pass that the backward pass needs; all (B, U), `width` (U,)."""

    x: np.ndarray | None  # (B, I), where the block gets an input
    before: np.ndarray
    n: np.ndarray
    slope: np.ndarray
    width: np.ndarray
    h: np.ndarray


def _forward(chain: Chain, p: Parameters, x: np.ndarray) -> list[_LayerState]:
    shared, remedies = chain.kind == "rnn", chain.remedies
    h = np.zeros((len(x), chain.units))
    blocks = []
    for l in range(chain.depth):
        x_l = x[:, l] if shared or l == 0 else None
        a = p.b[0 if shared else l] + h @ (p.W[0 if shared or l == 0 else l - 1])
        if x_l is not None:
            a = a + x_l @ p.U
        width = np.sqrt(a.var(axis=0) + EPSILON) if remedies.batch_norm else np.ones(chain.units)
        n = (a - a.mean(axis=0)) / width if remedies.batch_norm else a
        f, slope = activate(remedies.activation, n)
        blocks.append(_LayerState(x_l, h, n, slope, width, f + h if remedies.residual and l > 0 else f))
        h = blocks[-1].h
    return blocks


def _pass(chain: Chain, p: Parameters, x: np.ndarray, y: np.ndarray) -> tuple[Trace, list[np.ndarray]]:
    """Forward and backward: the trace and the (clipped) gradients of W, b, U, v, c."""
    shared, remedies = chain.kind == "rnn", chain.remedies
    there = _forward(chain, p, x)
    h = there[-1].h
    z = h @ p.v + p.c
    loss = float(np.mean(np.logaddexp(0, z) - y * z))
    dz = (0.5 + 0.5 * np.tanh(z / 2) - y) / len(x)
    dW, db, dU = np.zeros_like(p.W), np.zeros_like(p.b), np.zeros_like(p.U)
    dh = np.outer(dz, p.v)
    back: list[tuple[float, float]] = []
    for l, block in reversed(list(enumerate(there))):
        da = dh * block.slope
        if remedies.batch_norm:
            da = (da - da.mean(axis=0) - block.n * (da * block.n).mean(axis=0)) / block.width
        shares = [da.sum(axis=0), block.before.T @ da]
        db[0 if shared else l] += shares[0]
        dW[0 if shared or l == 0 else l - 1] += shares[1]  # nothing at block 1, where h_0 = 0
        if block.x is not None:
            shares.append(block.x.T @ da)
            dU += shares[2]
        back.append((_length([dh]), _length(shares)))
        dh = da @ p.W[0 if shared or l == 0 else l - 1].T + (dh if remedies.residual else 0.0)
    grads = [dW, db, dU, h.T @ dz, dz.sum()]
    norm = _length(grads)
    factor = 1.0 if remedies.clip is None or norm <= remedies.clip else remedies.clip / norm
    blocks = tuple(
        Block(l, block.h, state, share * factor, float(block.slope.mean()), float(block.h.std()))
        for l, (block, (state, share)) in enumerate(zip(there, reversed(back), strict=True), 1)
    )
    return Trace(blocks, loss, float(np.mean((z > 0) == (y > 0))), norm, norm * factor), [g * factor for g in grads]


def trace(chain: Chain) -> Trace:
    """One forward and backward pass of the freshly initialised network."""
    with np.errstate(all="ignore"):
        return _pass(chain, initial(chain), *task(chain))[0]


def compare(chain: Chain) -> dict[str, Trace]:
    """The patient and each remedy alone, then all together, on the same seed. Keys: "none", "activation", …, "all"."""
    none = Remedies()
    changes = {
        "none": none,
        "activation": replace(none, activation="relu"),
        "initialisation": replace(none, initialisation="keeping"),
        "batch_norm": replace(none, batch_norm=True),
        "residual": replace(none, residual=True),
        "clip": replace(none, clip=chain.remedies.clip or 1.0),
        "all": Remedies("relu", "keeping", True, True, chain.remedies.clip or 1.0),
    }
    return {name: trace(replace(chain, remedies=remedies)) for name, remedies in changes.items()}


def train(
    chain: Chain, steps: int = 300, rate: float = 0.1, progress: Callable[[float], None] | None = None
) -> Training:
    """Plain gradient descent on the one batch of `task`: Adam would rescale each gradient and hide what is shown here.

    `progress` gets the share that is done, 0 to 1. A network whose numbers leave the finite stops, at `diverged`.
    """
    steps, rate = checks.integer(steps, _("The steps"), 1, 5000), checks.number(rate, _("The learning rate"), 0.0, 10.0)
    p, (x, y) = initial(chain), task(chain)
    losses: list[float] = []
    accuracies: list[float] = []
    with np.errstate(all="ignore"):
        for step in range(steps):
            seen, grads = _pass(chain, p, x, y)
            if not (np.isfinite(seen.loss) and np.isfinite(seen.norm)):
                return Training(tuple(losses), tuple(accuracies), step)
            losses.append(seen.loss)
            accuracies.append(seen.accuracy)
            p = Parameters(*(q - rate * g for q, g in zip(p, grads, strict=True)))
            if progress and step % 10 == 9:
                progress((step + 1) / steps)
    return Training(tuple(losses), tuple(accuracies), None)


def formula_with_digits(chain: Chain, seen: Trace | None = None) -> str:
    """‖∂E/∂h_1‖ as ‖∂E/∂h_L‖ times the mean factor of a block to the power of L − 1, with the live numbers."""
    seen = seen or trace(chain)
    first, last, L = seen.blocks[0].state_gradient, seen.blocks[-1].state_gradient, chain.depth
    factor = seen.ratio ** (1 / (L - 1)) if last else 0.0
    symbol = "s" if chain.kind == "rnn" else "h"
    return (
        rf"\left\lVert \frac{{\partial E}}{{\partial {symbol}_1}} \right\rVert = "
        rf"\left\lVert \frac{{\partial E}}{{\partial {symbol}_{{{L}}}}} \right\rVert "
        rf"\cdot {tex(factor, 4)}^{{{L - 1}}} = {tex(last)} \cdot {tex(seen.ratio)} = {tex(first)}"
    )


def question(chain: Chain) -> Question:
    """Ask whether the gradient of this chain vanishes, lives or explodes before its first block."""
    seen = trace(chain)
    answer = 0 if seen.ratio < 1e-3 else 2 if seen.ratio > 1e3 else 1
    factor = seen.ratio ** (1 / (chain.depth - 1))
    return Question(
        _("The gradient sets out at the last of {depth} blocks. What arrives at the first?").format(depth=chain.depth),
        (
            _("Less than a thousandth: it vanishes"),
            _("About the same, between a thousandth and a thousand times"),
            _("More than a thousand times as much: it explodes"),
        ),
        answer,
        _(
            "A block passes on {factor:.3g} of it on average, and {factor:.3g} to the power of {n} is {ratio:.2g}."
        ).format(factor=factor, n=chain.depth - 1, ratio=seen.ratio),
    )


def snippet(chain: Chain) -> Snippet:
    """The same blocks out of Keras layers; prints the loss and ‖∂E/∂h_l‖ of each block."""
    shared, remedies, n = chain.kind == "rnn", chain.remedies, chain.units
    inputs, count = (1, 1) if shared else (2, chain.depth - 1)
    data, target, index = (
        (f"({BATCH}, {chain.depth}, 1)", "x[:, 0, 0] > 0", "0")
        if shared
        else (f"({BATCH}, 1, 2)", "x[:, 0, 0] * x[:, 0, 1] > 0", "l - 1")
    )
    body = ["    a = from_input(x[:, l])" if shared else "    a = from_input(x[:, 0]) if l == 0 else 0.0"]
    body += [f"    a = a + from_before[{index}](h) if l > 0 else a"]
    if remedies.batch_norm:
        body += ["    a = keras.layers.BatchNormalization(center=False, scale=False, dtype=F)(a, training=True)"]
    body += [f"    f = keras.activations.{remedies.activation}(a)"]
    body += ["    h = f + h if l > 0 else f" if remedies.residual else "    h = f"]
    lines = "\n    ".join(body)
    code = f"""\
import keras
import numpy as np
import tensorflow as tf

F = "float64"
rng = np.random.default_rng({chain.seed})
x = rng.normal(size={data})
y = ({target}).astype(float)
rng = np.random.default_rng({chain.seed + 1})
U, v, W = rng.normal(size=({inputs}, {n})), rng.normal(size=({n}, 1)), rng.normal(size=({count}, {n}, {n}))


def dense(kernel, deviation):
    layer = keras.layers.Dense(kernel.shape[1], use_bias=False, dtype=F)
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel * deviation])
    return layer


from_input = dense(U, {deviation(chain, inputs, n)!r})
from_before = [dense(w, {deviation(chain, n, n)!r}) for w in W]
to_output = dense(v, {deviation(chain, n, 1)!r})
states = []
with tf.GradientTape() as tape:
    for l in range({chain.depth}):
    {lines}
        states.append(h)
    loss = keras.ops.mean(keras.losses.binary_crossentropy(y[:, None], to_output(h), from_logits=True))
print(f"{{float(loss):.3f}}")
for gradient in tape.gradient(loss, states):
    print(f"{{np.linalg.norm(gradient):.2e}}")
"""
    seen = trace(chain)
    return Snippet(code, printed((f"{seen.loss:.3f}",), *((f"{b.state_gradient:.2e}",) for b in seen.blocks)))
