"""Squared loss against cross-entropy: the same badly wrong neuron, and why one of them hardly moves.

    z = w x + b,   a = σ(z)
    squared:        C = ½ (a − y)²,                    ∂C/∂z = (a − y) σ′(z)
    cross-entropy:  C = −y ln a − (1 − y) ln(1 − a),   ∂C/∂z = a − y
    ∂C/∂w = x ∂C/∂z,   ∂C/∂b = ∂C/∂z

x one input, y its target in [0, 1]. σ′(z) = a (1 − a) is nearly 0 for a neuron that is surely wrong; the cross-entropy
has it in the denominator of ∂C/∂a, where it cancels.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.i18n import N_, _
from core.lab import checks
from core.lab.activations import apply
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, printed

CONCEPT = Concept(
    key="losses",
    title=N_("Squared loss against cross-entropy"),
    summary=N_(
        "A neuron that is surely wrong should learn fast. With the squared loss it does not: its gradient carries "
        "σ′(z), which is almost zero just where the neuron is sure. With the cross-entropy that factor cancels, and "
        "the gradient is the plain error a − y."
    ),
    formula=r"\frac{\partial}{\partial z} \tfrac12 (a - y)^2 = (a - y)\,\sigma'(z) \qquad "
    r"\frac{\partial}{\partial z} \left( -y \ln a - (1 - y) \ln(1 - a) \right) = a - y",
    note=N_("Neural networks: the squared loss and the cross-entropy"),
    prerequisites=("backpropagation", "activations"),
    links=(
        Link("classifier", "Dense", N_("Your own classifier's last layer learns by cross-entropy.")),
        Link("gan", "Dense", N_("Your own discriminator learns by cross-entropy.")),
    ),
)

Loss = Literal["squared", "cross-entropy"]
LOSSES: tuple[Loss, ...] = ("squared", "cross-entropy")
STARTS = {"wrong": (0.6, 0.9), "badly wrong": (2.0, 2.0), "hopeless": (5.0, 5.0)}  # w, b for x = 1, y = 0
MAX_STEPS = 3000


@dataclass(frozen=True)
class Neuron:
    """One neuron and one example, with everything that the two losses make of it."""

    w: float
    b: float
    x: float
    y: float
    z: float
    a: float
    slope: float  # σ′(z)
    cost: dict[Loss, float]
    dz: dict[Loss, float]  # ∂C/∂z; ∂C/∂w is x times it, ∂C/∂b the same


@dataclass(frozen=True)
class Learning:
    """Gradient descent with one loss; every array (steps + 1,), the first entry before any step."""

    loss: Loss
    w: np.ndarray
    b: np.ndarray
    a: np.ndarray
    cost: np.ndarray
    dz: np.ndarray

    def below(self, error: float, y: float) -> int | None:
        """The first step after which |a − y| < error; None if none."""
        hits = np.flatnonzero(np.abs(self.a - y) < error)
        return int(hits[0]) if len(hits) else None


def neuron(w: float, b: float, x: float, y: float) -> Neuron:
    """w, b within ±20, x within ±5, y in [0, 1]. Raises UserError."""
    w = checks.number(w, _("The weight w"), -20, 20)
    b = checks.number(b, _("The bias b"), -20, 20)
    x = checks.number(x, _("The input x"), -5, 5)
    y = checks.number(y, _("The target y"), 0, 1)
    return _neuron(w, b, x, y)


def _neuron(w: float, b: float, x: float, y: float) -> Neuron:
    z = w * x + b
    a, slope = (float(v) for v in apply("sigmoid", z))
    # ln a = −softplus(−z) and ln(1 − a) = −softplus(z) stay finite where a rounds to 0 or 1.
    entropy = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return Neuron(
        w, b, x, y, z, a, slope,
        cost={"squared": 0.5 * (a - y) ** 2, "cross-entropy": float(entropy)},
        dz={"squared": (a - y) * slope, "cross-entropy": a - y},
    )  # fmt: skip


def learn(start: Neuron, eta: float, steps: int, loss: Loss) -> Learning:
    """Gradient descent from `start`. eta 0.001 to 20, steps 1 to 3000. Raises UserError."""
    checks.one_of(loss, _("The loss"), LOSSES)
    eta = checks.number(eta, _("The learning rate"), 0.001, 20)
    steps = checks.integer(steps, _("The number of steps"), 1, MAX_STEPS)
    rows, now = [], start
    for _step in range(steps + 1):
        rows.append((now.w, now.b, now.a, now.cost[loss], now.dz[loss]))
        now = _neuron(now.w - eta * now.dz[loss] * now.x, now.b - eta * now.dz[loss], now.x, now.y)
    w, b, a, cost, dz = np.array(rows).T
    return Learning(loss, w, b, a, cost, dz)


def surface(x: float, y: float, loss: Loss, reach: float = 8, count: int = 61) -> tuple[np.ndarray, np.ndarray]:
    """The axis (count,) of w and of b from −reach to reach, and the cost (count of b, count of w) over them."""
    checks.one_of(loss, _("The loss"), LOSSES)
    axis = np.linspace(-reach, reach, count)
    z = axis[None, :] * x + axis[:, None]
    if loss == "squared":
        return axis, 0.5 * (apply("sigmoid", z)[0] - y) ** 2
    return axis, y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


def formula_with_digits(at: Neuron, loss: Loss) -> str:
    """Output, cost and gradients of the neuron with their digits; results rounded to 3 decimals."""
    checks.one_of(loss, _("The loss"), LOSSES)
    a, y, x, dz = term(at.a), term(at.y), term(at.x), at.dz[loss]
    rest = tex(float(apply("sigmoid", -at.z)[0]))  # 1 − a, with its own digits where a rounds to 1
    error = f"({tex(at.a)} - {y})"
    if loss == "squared":
        cost = rf"\tfrac12 {error}^2"
        gradient = rf"(a - y)\,\sigma'(z) = (a - y)\,a\,(1 - a) = {error} \cdot {a} \cdot {rest}"
    else:
        cost = rf"-{y} \ln {a} - (1 - {y}) \ln {rest}"
        gradient = f"a - y = {tex(at.a)} - {y}"
    lines = (
        rf"z &= {term(at.w)} \cdot {x} + {term(at.b)} {equals(at.z)}, \qquad a = \sigma(z) {equals(at.a)}",
        rf"C &= {cost} {equals(at.cost[loss])}",
        rf"\frac{{\partial C}}{{\partial z}} &= {gradient} {equals(dz)}",
        rf"\frac{{\partial C}}{{\partial w}} &= x \frac{{\partial C}}{{\partial z}} = {x} \cdot {term(dz)} "
        rf"{equals(dz * at.x)}, \qquad \frac{{\partial C}}{{\partial b}} {equals(dz)}",
    )
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


def question(at: Neuron) -> Question:
    """How many times larger is the cross-entropy's gradient here? 1/σ′(z), which is at least 4."""
    times = 1 / at.slope  # at least 1e-53 within neuron()'s limits
    options = (4, 10, 100, 1000, 10_000)
    answer = int(np.argmin([abs(np.log(times / option)) for option in options]))
    return Question(
        _(
            "z is {z:.3f} here. About how many times larger is the cross-entropy's gradient than the squared loss's?"
        ).format(z=at.z),
        (*(f"{option:,}" for option in options[:-1]), _("10,000 or more")),
        answer,
        _("The two differ by the factor σ′(z) = {slope:.3g} alone, and 1/{slope:.3g} is {times:,.4g}.").format(
            slope=at.slope, times=times
        ),
    )


def snippet(start: Neuron, eta: float, steps: int) -> Snippet:
    """The same neuron in Keras, trained by both losses; prints a, C and ∂C/∂w at the start, middle and end."""
    code = f"""\
import keras
import numpy as np
import tensorflow as tf

{SHOW}
x, y = np.array([[{start.x}]]), np.array([[{start.y}]])
losses = {{
    "squared": lambda z: 0.5 * (tf.sigmoid(z) - y) ** 2,
    "cross-entropy": lambda z: tf.nn.sigmoid_cross_entropy_with_logits(y, z),
}}
for name, loss in losses.items():
    neuron = keras.layers.Dense(1, dtype="float64")
    neuron.build((None, 1))
    neuron.set_weights([np.array([[{start.w}]]), np.array([{start.b}])])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            z = neuron(x)
            C = loss(z)
        gradients = tape.gradient(C, neuron.variables)
        for variable, gradient in zip(neuron.variables, gradients):
            variable.assign_sub(tf.constant({eta}, tf.float64) * gradient)
        return tf.sigmoid(z)[0, 0], C[0, 0], gradients[0][0, 0]

    for n in range({steps + 1}):
        a, C, dw = step()  # as they were before this step
        if n in (0, {steps // 2}, {steps}):
            print(name, "step", n, "a", show(a), "C", show(C), "dC/dw", show(dw))
"""
    lines: list[tuple[Any, ...]] = []
    for loss in LOSSES:
        done = learn(start, eta, steps, loss)
        for n in sorted({0, steps // 2, steps}):
            dw = done.dz[n] * start.x
            lines.append((loss, "step", n, "a", done.a[n], "C", done.cost[n], "dC/dw", dw))
    return Snippet(code, printed(*lines))
