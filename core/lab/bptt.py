r"""Backpropagation through time, digit by digit, on the notes' two-unit RNN.

    s_t = tanh(x_t U + s_{t−1} W + b)      y_t = s_t V + c      E_t = ½ (y_t − d_t)²
    ∂E_t/∂s_t     = (y_t − d_t) Vᵀ
    ∂E_t/∂s_{k−1} = (∂E_t/∂s_k ⊙ (1 − s_k²)) Wᵀ
    ∂E_t/∂W       = Σ_{k ≤ t}  s_{k−1}ᵀ (∂E_t/∂s_k ⊙ (1 − s_k²))

W is used at each step, so each step k back in time adds one term; the terms of far steps have gone through many factors
(1 − s²) W. Werbos 1990. Vectors are rows, as in Keras. Long ways back, deep networks and the five remedies are in
core.lab.gradients.
"""
# ruff: noqa: N815

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Link, Question
from core.lab.digits import tex_array
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="bptt",
    title=N_("BPTT, vanishing and exploding"),
    summary=N_(
        "An RNN uses the same weights at each step, so its gradient is a sum over all steps back in time. On the way "
        "back it is multiplied by one factor a step: below 1 it vanishes, above 1 it explodes, and a deep network's "
        "layers do the same. The notes' five remedies keep the factors near 1, or at least the step short."
    ),
    formula=(
        r"\frac{\partial E_t}{\partial W} = \sum_{k=1}^{t} \frac{\partial E_t}{\partial s_t} "
        r"\left( \prod_{j=k+1}^{t} \frac{\partial s_j}{\partial s_{j-1}} \right) \frac{\partial s_k}{\partial W}"
    ),
    note=N_("RNN: backpropagation through time; vanishing and exploding gradients and their five remedies"),
    prerequisites=("backpropagation", "activations", "rnn"),
    links=(Link("charlm", "LSTM", N_("The gradient of each step of your own character model")),),
)

LONGEST = 50  # time steps


@dataclass(frozen=True)
class Weights:
    """U (I, H), W (H, H), b (H,), V (H, O), c (O,). The defaults are the notes' worked example."""

    U: Any = ((0.5, 0.6),)
    W: Any = ((0.1, 0.2), (0.3, 0.4))
    b: Any = (0.1, -0.1)
    V: Any = ((1.0,), (2.0,))
    c: Any = (0.1,)

    def __post_init__(self) -> None:
        W = checks.array(self.W, "W", (None, None), 100)
        H = len(W)
        U = checks.array(self.U, "U", (None, H), 100)
        V = checks.array(self.V, "V", (H, None), 100)
        arrays = {
            "U": U,
            "W": checks.array(W, "W", (H, H), 100),
            "b": checks.array(self.b, "b", (H,), 100),
            "V": V,
            "c": checks.array(self.c, "c", (V.shape[1],), 100),
        }
        if max(H, len(U), V.shape[1]) > 8:
            raise UserError(_("The network has more than 8 units in a layer: make it smaller, so that it can be read."))
        for name, value in arrays.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True)
class Step:
    """One time step on the way there. `slope` is tanh′ = 1 − s_t²."""

    t: int  # 1 … T
    x: np.ndarray
    s: np.ndarray
    slope: np.ndarray
    y: np.ndarray
    error: np.ndarray  # y_t − d_t
    loss: float


@dataclass(frozen=True)
class Term:
    """What step k adds to the gradients of E_t. `delta` is ∂E_t/∂s_k, (H,)."""

    t: int
    k: int
    delta: np.ndarray
    dU: np.ndarray
    dW: np.ndarray
    db: np.ndarray


@dataclass(frozen=True)
class Bptt:
    """The whole way there and back. `terms[t − 1]` runs from k = t down to 1, the order in which a page steps back."""

    weights: Weights
    steps: tuple[Step, ...]
    terms: tuple[tuple[Term, ...], ...]
    dU: np.ndarray
    dW: np.ndarray
    db: np.ndarray
    dV: np.ndarray
    dc: np.ndarray

    @property
    def loss(self) -> float:
        """E = Σ_t E_t."""
        return sum(step.loss for step in self.steps)

    def contributions(self) -> np.ndarray:
        """(T, T): ‖what step k adds to ∂E_t/∂W‖ in row t, column k; NaN where k > t. Step 1 adds 0, as s_0 = 0."""
        table = np.full((len(self.steps), len(self.steps)), np.nan)
        for row in self.terms:
            for term in row:
                table[term.t - 1, term.k - 1] = np.linalg.norm(term.dW)
        return table

    def state_gradients(self) -> np.ndarray:
        """(T, T): ‖∂E_t/∂s_k‖ in row t, column k; NaN where k > t. What vanishes or explodes."""
        table = np.full((len(self.steps), len(self.steps)), np.nan)
        for row in self.terms:
            for term in row:
                table[term.t - 1, term.k - 1] = np.linalg.norm(term.delta)
        return table


def _as_rows(values: Any) -> Any:
    """One number a step as rows of one; anything else as it is, for `checks.array` to judge."""
    flat = isinstance(values, list | tuple | np.ndarray) and all(np.isscalar(v) or v is None for v in values)
    return [[v] for v in values] if flat else values


def backward(weights: Weights | None = None, x: Any = (1, 2), d: Any = (2, 3), scale: float = 1.0) -> Bptt:
    """Run x (T,) or (T, I) forward and the errors against d (T,) or (T, O) back. W is multiplied by `scale` first.

    Raises UserError on numbers that are not finite, or shapes that do not fit.
    """
    weights = weights or Weights()
    scale = checks.number(scale, _("The weight scale"), 0.0, 100.0)
    w = Weights(weights.U, np.asarray(weights.W) * scale, weights.b, weights.V, weights.c)
    inputs = checks.array(_as_rows(x), "x", (None, len(w.U)), 100)
    if not 2 <= len(inputs) <= LONGEST:
        raise UserError(_("x has {n} steps: give 2 to {limit}.").format(n=len(inputs), limit=LONGEST))
    targets = checks.array(_as_rows(d), "d", (len(inputs), w.V.shape[1]), 1000)
    s, steps = np.zeros(len(w.W)), []
    for t, (x_t, d_t) in enumerate(zip(inputs, targets, strict=True), 1):
        s = np.tanh(x_t @ w.U + s @ w.W + w.b)
        y = s @ w.V + w.c
        steps.append(Step(t, x_t, s, 1 - s**2, y, y - d_t, float(0.5 * np.sum((y - d_t) ** 2))))
    terms = []
    for last in steps:
        delta, row = last.error @ w.V.T, []
        for k in range(last.t, 0, -1):
            da = delta * steps[k - 1].slope
            before = steps[k - 2].s if k > 1 else np.zeros(len(w.W))
            row.append(Term(last.t, k, delta, np.outer(inputs[k - 1], da), np.outer(before, da), da))
            delta = da @ w.W.T
        terms.append(tuple(row))
    every = [term for row in terms for term in row]
    return Bptt(
        w,
        tuple(steps),
        tuple(terms),
        np.sum([term.dU for term in every], axis=0),
        np.sum([term.dW for term in every], axis=0),
        np.sum([term.db for term in every], axis=0),
        np.sum([np.outer(step.s, step.error) for step in steps], axis=0),
        np.sum([step.error for step in steps], axis=0),
    )


def powers(w: float, n: int) -> tuple[float, ...]:
    """w¹, w², …, wⁿ: the notes' picture of why a product of many factors vanishes or explodes."""
    w, n = checks.number(w, "w", -10.0, 10.0), checks.integer(n, "n", 1, 100)
    return tuple(w**i for i in range(1, n + 1))


def formula_with_digits(back: Bptt, t: int, k: int) -> str:
    """How ∂E_t/∂s_k comes about (1 ≤ k ≤ t) and what step k adds to ∂E_t/∂W, with the live numbers."""
    T = len(back.steps)
    t, k = checks.integer(t, "t", 1, T), checks.integer(k, "k", 1, t)
    term = back.terms[t - 1][t - k]
    before = back.steps[k - 2].s if k > 1 else np.zeros(len(back.weights.W))
    if k == t:
        here = (
            rf"\frac{{\partial E_{{{t}}}}}{{\partial s_{{{k}}}}} = (y_{{{t}}} - d_{{{t}}})\, V^\top = "
            rf"{tex_array(back.steps[t - 1].error[None])} {tex_array(back.weights.V.T)}"
        )
    else:
        later = back.terms[t - 1][t - k - 1]
        here = (
            rf"\frac{{\partial E_{{{t}}}}}{{\partial s_{{{k}}}}} = \left( {tex_array(later.delta[None])} \odot "
            rf"{tex_array(back.steps[k].slope[None])} \right) {tex_array(back.weights.W.T)}"
        )
    adds = (
        rf"s_{{{k - 1}}}^\top \left( \frac{{\partial E_{{{t}}}}}{{\partial s_{{{k}}}}} \odot (1 - s_{{{k}}}^2) \right) "
        rf"= {tex_array(before)} {tex_array(term.db[None])} = {tex_array(term.dW)}"
    )
    return rf"\begin{{aligned}} & {here} = {tex_array(term.delta[None])} \\ & {adds} \end{{aligned}}"


def question(back: Bptt) -> Question:
    """Which step adds most to the gradient of the last error?"""
    row = back.terms[-1]
    sizes = {term.k: float(np.linalg.norm(term.dW)) for term in row}
    best, first = max(sizes, key=lambda k: sizes[k]), row[-1]
    steps = sorted({1, best, len(row)} | {max(1, len(row) // 2)})
    return Question(
        _("Which step adds most to the gradient of the last error with respect to W?"),
        tuple(_("Step {k}").format(k=k) for k in steps),
        steps.index(best),
        _(
            "Step {best} adds a matrix of length {size:.3g}; step 1 adds 0, because nothing came before it, although "
            "{gradient:.2g} of the gradient still reaches its state."
        ).format(best=best, size=sizes[best], gradient=float(np.linalg.norm(first.delta))),
    )


def snippet(back: Bptt) -> Snippet:
    """Keras' SimpleRNN with the same weights; prints states, outputs and the gradients that BPTT gives."""
    w = back.weights
    x, d = np.array([step.x for step in back.steps]), np.array([step.y - step.error for step in back.steps])
    code = f"""\
import keras
import numpy as np
import tensorflow as tf

{SHOW}
x, d = np.array([{literal(x)}]), np.array([{literal(d)}])
rnn = keras.layers.SimpleRNN({len(w.W)}, return_sequences=True, dtype="float64")
out = keras.layers.Dense({w.V.shape[1]}, dtype="float64")
model = keras.Sequential([keras.Input(x.shape[1:], dtype="float64"), rnn, out])
rnn.set_weights([np.array(w) for w in ({literal(w.U)}, {literal(w.W)}, {literal(w.b)})])
out.set_weights([np.array({literal(w.V)}), np.array({literal(w.c)})])
with tf.GradientTape() as tape:
    s = rnn(x)
    y = out(s)
    loss = keras.ops.sum((y - d) ** 2) / 2
dU, dW, db = tape.gradient(loss, rnn.trainable_variables)
print("s", show(s[0]))
print("y", show(y[0]))
print("E", show(loss))
print("dE/dU", show(dU))
print("dE/dW", show(dW))
print("dE/db", show(db))
"""
    return Snippet(
        code,
        printed(
            ("s", np.array([step.s for step in back.steps])),
            ("y", np.array([step.y for step in back.steps])),
            ("E", back.loss),
            ("dE/dU", back.dU),
            ("dE/dW", back.dW),
            ("dE/db", back.db),
        ),
    )
