"""The perceptron learning rule, in exact integer arithmetic.

    z = w·x + b,   y = 1 if z > 0 else 0
    w ← w + η (t − y) x,   b ← b + η (t − y)

x (2,) a point, t its label 0 or 1, y the output, η the learning rate. Rosenblatt (1958). If a line can part the points
it is found after finitely many mistakes (Novikoff 1962); if none can, the weights stay bounded and come back to where
they were (Block and Levin 1970). Everything is computed in whole numbers of 10⁻³ (points, η, first weights), 10⁻⁶
(weights) and 10⁻⁹ (z), without any rounding, so "these weights have been here before" is a proof that it never ends.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="perceptron",
    title=N_("Perceptron"),
    summary=N_(
        "A perceptron weighs its inputs, adds a bias and says 1 if the sum is above zero, else 0. It learns from "
        "mistakes alone: a point on the wrong side pulls the line towards itself, a point on the right side leaves it "
        "where it is. Where one straight line can part the two classes it finds one; for XOR there is none, and it "
        "goes round in circles."
    ),
    formula=r"y = \begin{cases} 1 & w \cdot x + b > 0 \\ 0 & \text{else} \end{cases} \qquad "
    r"w \leftarrow w + \eta\,(t - y)\,x \qquad b \leftarrow b + \eta\,(t - y)",
    note=N_("Neural networks: the perceptron"),
    links=(Link("gan", "Dense", N_("The last layer of your discriminator is one neuron that parts real from fake.")),),
)

MAX_POINTS = 40
MAX_PASSES = 300
UNIT = 1000  # whole numbers a unit of the points, of η and of the first weights
_CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
GATES: dict[str, tuple[tuple[tuple[float, float], ...], tuple[int, ...]]] = {
    "AND": (_CORNERS, (0, 0, 0, 1)),
    "OR": (_CORNERS, (0, 1, 1, 1)),
    "XOR": (_CORNERS, (0, 1, 1, 0)),
}
Ending = Literal["learned", "cycle", "limit"]


@dataclass(frozen=True)
class Step:
    """One training step. `w`, `b` are the weights before, `new_w`, `new_b` those after the update."""

    number: int  # from 1
    epoch: int  # passes over the points, from 1
    index: int  # which point
    x: tuple[float, float]
    t: int
    w: tuple[float, float]
    b: float
    z: float
    y: int
    new_w: tuple[float, float]
    new_b: float
    wrong: int  # how many of all points the new line has on the wrong side

    @property
    def mistake(self) -> bool:
        return self.y != self.t


@dataclass(frozen=True)
class Trace:
    """All steps and how they ended.

    learned: a whole pass without a mistake. cycle: pass `epoch` ended with the weights that pass `returns_to` began
    with, so it never ends. limit: neither within MAX_PASSES passes, which proves nothing.
    """

    steps: tuple[Step, ...]
    ending: Ending
    returns_to: int | None
    eta: float
    points: tuple[tuple[float, float], ...]
    labels: tuple[int, ...]

    @property
    def verdict(self) -> str:
        mistakes = sum(step.mistake for step in self.steps)
        if self.ending == "learned":
            return _("Learned after {mistakes} corrections: pass {epoch} made no mistake.").format(
                mistakes=mistakes, epoch=self.steps[-1].epoch
            )
        if self.ending == "cycle":
            return _(
                "It never ends: after pass {epoch} the weights are exactly those that pass {start} began with, so the "
                "same mistakes come again for ever; no straight line parts these points."
            ).format(epoch=self.steps[-1].epoch, start=self.returns_to)
        return _("Not finished after {epoch} passes; whether a line exists is not decided by that.").format(
            epoch=self.steps[-1].epoch
        )


def first_weights(seed: int) -> tuple[tuple[float, float], float]:
    """w and b between −1 and 1 with one decimal, drawn by the seed."""
    draw = np.random.default_rng(seed).integers(-10, 11, 3) / 10
    return (float(draw[0]), float(draw[1])), float(draw[2])


def gaussian_clouds(count: int, gap: float, seed: int) -> tuple[tuple[tuple[float, float], ...], tuple[int, ...]]:
    """`count` points (2 to 40) of two classes whose centres are `gap` (0 to 6) apart and whose spread is 0.6."""
    count = checks.integer(count, _("The number of points"), 2, MAX_POINTS)
    gap = checks.number(gap, _("The gap"), 0, 6)
    draw = np.random.default_rng(seed)
    angle = draw.uniform(0, 2 * np.pi)
    labels = np.arange(count) % 2
    centres = np.outer(labels - 0.5, [np.cos(angle), np.sin(angle)]) * gap
    points = np.round(centres + 0.6 * draw.normal(size=(count, 2)), 2) + 0.0
    return tuple((float(p), float(q)) for p, q in points), tuple(int(t) for t in labels)


def trace(points: Any, labels: Any, eta: float, seed: int) -> Trace:
    """Learn until a pass is clean, a cycle is proved, or MAX_PASSES passes are over.

    points: (n, 2), 1 to 40 of them within ±100, used with 3 decimals. labels: (n,) of 0 and 1. eta: 0.001 to 10, used
    with 3 decimals. Raises UserError.
    """
    x = checks.array(points, _("The table of points"), (None, 2), limit=100)
    t = checks.array(labels, _("The column of labels"), (len(x),), limit=1)
    if not np.isin(t, (0, 1)).all():
        raise UserError(_("A label is {value:g}: labels are 0 or 1.").format(value=t[~np.isin(t, (0, 1))][0]))
    if len(x) > MAX_POINTS:
        raise UserError(_("There are {n} points: keep at most {most}.").format(n=len(x), most=MAX_POINTS))
    eta_int = round(checks.number(eta, _("The learning rate"), 0.001, 10) * UNIT)
    # A third input that is always 1 carries the bias.
    xs = [(round(p * UNIT), round(q * UNIT), UNIT) for p, q in x.tolist()]
    ts = [int(v) for v in t]
    (w1, w2), b = first_weights(seed)
    w = tuple(round(v * UNIT) * UNIT for v in (w1, w2, b))

    seen = {w: 1}
    steps: list[Step] = []
    ending: Ending = "limit"
    returns_to = None
    wrong = 0
    for epoch in range(1, MAX_PASSES + 1):
        clean = True
        for i, (point, target) in enumerate(zip(xs, ts, strict=True)):
            z = _sum(w, point)
            y = int(z > 0)
            new = w
            if y != target:
                clean = False
                new = tuple(v + eta_int * (target - y) * p for v, p in zip(w, point, strict=True))
            if new is not w or not steps:
                wrong = sum((_sum(new, p) > 0) != bool(u) for p, u in zip(xs, ts, strict=True))
            steps.append(_step(len(steps) + 1, epoch, i, point, target, w, z, y, new, wrong))
            w = new
        if clean:
            ending = "learned"
            break
        if w in seen:
            ending, returns_to = "cycle", seen[w]
            break
        seen[w] = epoch + 1
    used = tuple((p[0] / UNIT, p[1] / UNIT) for p in xs)
    return Trace(tuple(steps), ending, returns_to, eta_int / UNIT, used, tuple(ts))


def _sum(w: tuple[int, ...], x: tuple[int, ...]) -> int:
    return w[0] * x[0] + w[1] * x[1] + w[2] * x[2]


def _step(
    number: int,
    epoch: int,
    index: int,
    x: tuple[int, ...],
    t: int,
    w: tuple[int, ...],
    z: int,
    y: int,
    new: tuple[int, ...],
    wrong: int,
) -> Step:
    one, two, three = UNIT, UNIT**2, UNIT**3
    return Step(
        number,
        epoch,
        index,
        (x[0] / one, x[1] / one),
        t,
        (w[0] / two, w[1] / two),
        w[2] / two,
        z / three,
        y,
        (new[0] / two, new[1] / two),
        new[2] / two,
        wrong,
    )


def line_ends(
    w: tuple[float, float], b: float, low: tuple[float, float], high: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Where w·x + b = 0 enters and leaves the box from `low` to `high`; None where it misses it or w is zero."""
    found: list[tuple[float, float]] = []
    for axis in (0, 1):
        other = 1 - axis
        if w[other] == 0:
            continue
        for edge in (low[axis], high[axis]):
            value = -(b + w[axis] * edge) / w[other]
            if low[other] <= value <= high[other]:
                point = (edge, value) if axis == 0 else (value, edge)
                if not any(np.allclose(point, p) for p in found):
                    found.append(point)
    return (found[0], found[1]) if len(found) > 1 else None


def formula_with_digits(step: Step, eta: float) -> str:
    """The weighted sum, the output and the update of one step; results rounded to 3 decimals."""
    (w1, w2), (x1, x2) = step.w, step.x
    side = "z > 0" if step.y else r"z \le 0"
    lines = [
        rf"z &= {term(w1)} \cdot {term(x1)} + {term(w2)} \cdot {term(x2)} + {term(step.b)} {equals(step.z)}",
        rf"y &= {step.y} \quad ({side}), \qquad t - y = {step.t - step.y}",
    ]
    change = rf"{term(eta)} \cdot {term(step.t - step.y)}"
    before = (w1, w2, step.b)
    after = (*step.new_w, step.new_b)
    for name, old, new, x in zip(("w_1", "w_2", "b"), before, after, (x1, x2, None), strict=True):
        times = "" if x is None else rf" \cdot {term(x)}"
        lines.append(rf"{name} &\leftarrow {tex(old)} + {change}{times} {equals(new)}")
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


def question(trace: Trace, number: int) -> Question:
    """What will step `number` (from 1, not yet looked at) do? Options: leave the line, pull it there, push it away."""
    if not 1 <= number <= len(trace.steps):
        raise UserError(_("Step {n} is not one of 1 to {last}.").format(n=number, last=len(trace.steps)))
    step = trace.steps[number - 1]
    return Question(
        _("Next comes the point ({x1:g}, {x2:g}) with label {t}. What happens to the weights?").format(
            x1=step.x[0], x2=step.x[1], t=step.t
        ),
        (_("They stay as they are."), _("η·x is added."), _("η·x is taken away.")),
        0 if not step.mistake else 1 if step.t else 2,
        _("z is {z:.3f}, so the output is {y}, and the label is {t}: t − y = {d}.").format(
            z=step.z, y=step.y, t=step.t, d=step.t - step.y
        ),
    )


def snippet(trace: Trace, seed: int) -> Snippet:
    """The same learning with a Keras Dense layer of one unit; prints each pass's last weights and its mistakes."""
    (w1, w2), b = first_weights(seed)
    epochs = trace.steps[-1].epoch
    code = f"""\
import keras
import numpy as np

{SHOW}
points = np.array({literal(trace.points)})
labels = {list(trace.labels)}
neuron = keras.layers.Dense(1, dtype="float64")
neuron.build((None, 2))
neuron.set_weights([np.array([[{w1}], [{w2}]]), np.array([{b}])])
for epoch in range({epochs}):
    mistakes = 0
    for x, t in zip(points, labels):
        z = float(neuron(x[None])[0, 0])
        error = t - int(round(z, 9) > 0)  # the last digits of a float are noise
        neuron.kernel.assign_add({trace.eta} * error * x[:, None])
        neuron.bias.assign_add(np.array([{trace.eta} * error]))
        mistakes += error != 0
    w, b = neuron.get_weights()
    print("pass", epoch + 1, "mistakes", mistakes, "w", show(w[:, 0]), "b", show(b[0]))
"""
    lines = []
    for epoch in range(1, epochs + 1):
        steps = [step for step in trace.steps if step.epoch == epoch]
        last = steps[-1]
        mistakes = sum(step.mistake for step in steps)
        lines.append(("pass", epoch, "mistakes", mistakes, "w", np.array(last.new_w), "b", last.new_b))
    return Snippet(code, printed(*lines))
