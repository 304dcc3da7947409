"""The unrolled RNN: one cell, the same U, V, W at every step, and a state that carries the past.

    s_t = tanh(U x_t + W s_{t−1} + b),   o_t = V s_t + c,   y_t = o_t or softmax(o_t)

x_t (D,), s_t (H,), o_t (O,), s_0 = 0. The arrays are kept as Keras keeps them, for row vectors: U (D, H), W (H, H),
V (H, O), so that the code reads x_t U + s_{t−1} W + b; the notes' worked example is written the same way.
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
    key="rnn",
    title=N_("The unrolled RNN"),
    summary=N_(
        "A recurrent network reads a sequence one step after another and keeps a state, which is its memory of what "
        "it has read. Each new state is made of the input and of the state before it, by the very same weights U and "
        "W at every step; V makes an output of it. Where outputs are taken, and where inputs are given, makes one-to-"
        "many, many-to-one and many-to-many out of the same cell."
    ),
    formula=r"s_t = \tanh(U x_t + W s_{t-1} + b) \qquad y_t = \mathrm{softmax}(V s_t + c)",
    note=N_("Recurrent networks: the unrolled RNN, the worked example, the five wirings"),
    prerequisites=("perceptron", "activations"),
    links=(Link("charlm", "LSTM", N_("The states of your own text model, character by character.")),),
)

MAX_STEPS = 12
MAX_SIZE = 6
Output = Literal["linear", "softmax"]
What = Literal["state", "output"]


@dataclass(frozen=True)
class Cell:
    """U (D, H), W (H, H), b (H,), V (H, O), c (O,), shared by all steps."""

    U: np.ndarray
    W: np.ndarray
    b: np.ndarray
    V: np.ndarray
    c: np.ndarray
    output: Output = "linear"


@dataclass(frozen=True)
class Step:
    """One step: `before` = s_{t−1}, z the sum inside tanh, s the new state, o = V s + c, y what comes out."""

    t: int  # from 1
    x: np.ndarray
    before: np.ndarray
    z: np.ndarray
    s: np.ndarray
    o: np.ndarray
    y: np.ndarray


def cell(U: Any, W: Any, b: Any, V: Any, c: Any, output: str = "linear") -> Cell:
    """A cell from edited tables, each number within ±100, D, H and O up to 6. Raises UserError."""
    checks.one_of(output, _("The output"), ("linear", "softmax"))
    W_ = checks.array(W, "W", (None, None), limit=100)
    H = len(W_)
    W_ = checks.array(W, "W", (H, H), limit=100)
    U_ = checks.array(U, "U", (None, H), limit=100)
    V_ = checks.array(V, "V", (H, None), limit=100)
    for name, size in (("D", len(U_)), ("H", H), ("O", V_.shape[1])):
        checks.integer(size, _("The size {name}").format(name=name), 1, MAX_SIZE)
    if output == "softmax" and V_.shape[1] == 1:
        raise UserError(_("Softmax over one output is always 1: choose two outputs or more, or a linear output."))
    b_ = checks.array(b, "b", (H,), limit=100)
    c_ = checks.array(c, "c", (V_.shape[1],), limit=100)
    return Cell(U_, W_, b_, V_, c_, output)  # type: ignore[arg-type]


def notes_example() -> tuple[Cell, np.ndarray]:
    """The notes' worked example: its cell and its inputs, 1 and then 2."""
    made = cell([[0.5, 0.6]], [[0.1, 0.2], [0.3, 0.4]], [0.1, -0.1], [[1.0], [2.0]], [0.1])
    return made, np.array([[1.0], [2.0]])


def random_cell(features: int, units: int, outputs: int, seed: int, output: str = "softmax") -> Cell:
    """Weights with one decimal from ±1, drawn by the seed; each size 1 to 6. Raises UserError."""
    D = checks.integer(features, _("The number of inputs"), 1, MAX_SIZE)
    H = checks.integer(units, _("The number of units"), 1, MAX_SIZE)
    O = checks.integer(outputs, _("The number of outputs"), 1, MAX_SIZE)
    draw = np.random.default_rng(seed)
    U, W, b, V, c = (draw.integers(-10, 11, shape) / 10 for shape in ((D, H), (H, H), (H,), (H, O), (O,)))
    return cell(U, W, b, V, c, output)


def trace(cell: Cell, inputs: Any) -> tuple[Step, ...]:
    """Every step of reading inputs (T, D), T up to 12, each number within ±100. Raises UserError."""
    x = checks.array(inputs, _("The table of inputs"), (None, len(cell.U)), limit=100)
    checks.integer(len(x), _("The number of steps"), 1, MAX_STEPS)
    steps = []
    s = np.zeros(len(cell.W))
    for t, x_t in enumerate(x, 1):
        before = s
        z = x_t @ cell.U + before @ cell.W + cell.b
        s = np.tanh(z)
        o = s @ cell.V + cell.c
        steps.append(Step(t, x_t, before, z, s, o, _out(o, cell.output)))
    return tuple(steps)


def _out(o: np.ndarray, output: Output) -> np.ndarray:
    if output == "linear":
        return o
    powers = np.exp(o - o.max())
    return powers / powers.sum()


def formula_with_digits(cell: Cell, step: Step, what: What, unit: int) -> str:
    """How s_t[unit] or y_t[unit] (unit from 0) comes about; results rounded to 3 decimals. Raises UserError."""
    t = step.t
    if what == "state":
        j = checks.integer(unit, _("The unit"), 0, len(step.s) - 1)
        reads = [rf"{term(u)} \cdot {term(x)}" for u, x in zip(cell.U[:, j], step.x, strict=True)]
        remembers = [rf"{term(w)} \cdot {term(s)}" for w, s in zip(cell.W[:, j], step.before, strict=True)]
        inside = (
            rf"\underbrace{{{' + '.join(reads)}}}_{{U x_{t}}} + \underbrace{{{' + '.join(remembers)}}}_{{W s_{t - 1}}}"
        )
        return (
            rf"s_{{{t},{j + 1}}} = \tanh\left({inside} + {term(cell.b[j])}\right) = \tanh({tex(step.z[j])}) "
            f"{equals(step.s[j])}"
        )
    j = checks.integer(unit, _("The output"), 0, len(step.o) - 1)
    pairs = " + ".join(rf"{term(v)} \cdot {term(s)}" for v, s in zip(cell.V[:, j], step.s, strict=True))
    line = rf"o_{{{t},{j + 1}}} = {pairs} + {term(cell.c[j])} {equals(step.o[j])}"
    if cell.output == "linear":
        return line
    powers = " + ".join(rf"e^{{{tex(o)}}}" for o in step.o)
    return rf"{line} \qquad y_{{{t},{j + 1}}} = \frac{{e^{{{tex(step.o[j])}}}}}{{{powers}}} {equals(step.y[j])}"


def question(cell: Cell, inputs: Any) -> Question:
    """The same inputs in reverse order: is the last output larger, smaller or the same?"""
    here = trace(cell, inputs)[-1].y[0]
    there = trace(cell, np.asarray(inputs, float)[::-1])[-1].y[0]
    difference = there - here
    return Question(
        _("Read the same inputs in reverse order: what becomes of the last output?"),
        (_("It gets larger."), _("It gets smaller."), _("It stays the same: the sum of the inputs is the same.")),
        2 if abs(difference) < 1e-12 else 0 if difference > 0 else 1,
        _("Now it is {here:.3f}, in reverse {there:.3f}: the state weighs what came last and what came before.").format(
            here=here, there=there
        ),
    )


def snippet(cell: Cell, inputs: Any) -> Snippet:
    """The same cell as keras.layers.SimpleRNN with a Dense layer; prints every state and output."""
    steps = trace(cell, inputs)
    code = f"""\
import keras
import numpy as np

{SHOW}
U = np.array({literal(cell.U)})
W = np.array({literal(cell.W)})
b = np.array({literal(cell.b)})
V = np.array({literal(cell.V)})
c = np.array({literal(cell.c)})
x = np.array([{literal([step.x for step in steps])}])  # (batch, time, features)

rnn = keras.layers.SimpleRNN({len(cell.W)}, return_sequences=True, dtype="float64")
out = keras.layers.Dense({len(cell.c)}, activation="{cell.output}", dtype="float64")
rnn.build(x.shape)
rnn.set_weights([U, W, b])
out.build((None, {len(cell.W)}))
out.set_weights([V, c])
states = rnn(x)
outputs = out(states)
for t in range({len(steps)}):
    print("t", t + 1, "state", show(states[0, t]), "output", show(outputs[0, t]))
"""
    return Snippet(code, printed(*(("t", step.t, "state", step.s, "output", step.y) for step in steps)))
