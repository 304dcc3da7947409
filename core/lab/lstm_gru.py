r"""LSTM and GRU cells with all gate values, and gates that can be overridden.

LSTM (Hochreiter and Schmidhuber 1997, forget gate: Gers et al. 2000), in the notes' symbols:

    f_t, i_t, o_t = σ(W·[h_{t−1}, x_t] + b)      c̃_t = tanh(W_c·[h_{t−1}, x_t] + b_c)
    c_t = f_t ⊙ c_{t−1} + i_t ⊙ c̃_t              h_t = o_t ⊙ tanh(c_t)

GRU (Cho et al. 2014), textbook form: z renews, and r is applied to the state before the matrix:

    z_t, r_t = σ(W·[h_{t−1}, x_t] + b)           h̃_t = tanh(x_t W_h + (r_t ⊙ h_{t−1}) R_h + b_h)
    h_t = (1 − z_t) ⊙ h_{t−1} + z_t ⊙ h̃_t

GRU, Keras' form (`reset_after=True`): z keeps, and r is applied after the matrix and its own bias:

    h̃_t = tanh(x_t W_h + b_h + r_t ⊙ (h_{t−1} R_h + b_r))      h_t = z_t ⊙ h_{t−1} + (1 − z_t) ⊙ h̃_t

σ(−a) = 1 − σ(a), so with the sign of z's weights changed the two differ only in where r stands. Weights are in Keras'
order: columns i, f, c, o for the LSTM and z, r, h for the GRU; vectors are rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="lstm-gru",
    title=N_("LSTM and GRU"),
    summary=N_(
        "An LSTM carries a cell state from step to step and lets three gates decide, unit by unit, what is forgotten, "
        "what is written and what is shown. A GRU does it with two gates and no separate cell state. An open forget "
        "gate passes a memory, and its gradient, on unchanged over many steps; a plain RNN has no such gate."
    ),
    formula=r"f_t, i_t, o_t = \sigma(W \cdot [h_{t-1}, x_t] + b) \qquad "
    r"\tilde c_t = \tanh(W_c \cdot [h_{t-1}, x_t] + b_c) \qquad "
    r"c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t \qquad h_t = o_t \odot \tanh(c_t)",
    note=N_("LSTM and GRU: gates and the long memory"),
    prerequisites=("rnn", "bptt"),
    links=(Link("charlm", "LSTM", N_("The gates of your own character model, on your own text")),),
)

KINDS = ("lstm", "gru", "gru-textbook")
_GRU_GATES = ("z", "r", "candidate")
OVERRIDABLE = {"lstm": ("f", "i", "o", "candidate"), "gru": _GRU_GATES, "gru-textbook": _GRU_GATES}
LONGEST = 60  # characters


class Cell(NamedTuple):
    """Keras' weights: kernel (V, gU), recurrent (U, gU) and bias, (4U,) for the LSTM, (2, 3U) for both GRU forms.

    The textbook form has one bias: it takes the sum of the two rows, and changes the sign of all that belongs to z.
    """

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray

    @property
    def units(self) -> int:
        return len(self.recurrent)


@dataclass(frozen=True)
class GateOverride:
    """Fix a gate at `value` from step `first` to `last` (None: to the end)."""

    gate: str
    value: float
    first: int = 1
    last: int | None = None


@dataclass(frozen=True)
class LstmStep:
    """One step; every array is (…, U)."""

    t: int  # 1 … T
    f: np.ndarray
    i: np.ndarray
    candidate: np.ndarray
    o: np.ndarray
    c: np.ndarray
    h: np.ndarray
    c_before: np.ndarray
    h_before: np.ndarray


@dataclass(frozen=True)
class GruStep:
    """One step; every array is (…, U). `z` keeps in Keras' form and renews in the textbook's."""

    t: int
    z: np.ndarray
    r: np.ndarray
    candidate: np.ndarray
    h: np.ndarray
    h_before: np.ndarray


Step = LstmStep | GruStep


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(a / 2)


def initial(kind: str, inputs: int, units: int, seed: int, keep: float = 1.0) -> Cell:
    """Seeded weights, Glorot for the kernel and orthogonal for the recurrent one, as in Keras.

    `keep` is the first bias of the gate that keeps the memory, f or z: Keras gives the LSTM 1 and the GRU 0.
    """
    checks.one_of(kind, _("The cell"), KINDS)
    n = checks.integer(units, _("The number of units"), 1, 32)
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    keep = checks.number(keep, _("The first bias of the keeping gate"), -10.0, 10.0)
    gates = 4 if kind == "lstm" else 3
    limit = np.sqrt(6 / (inputs + gates * n))
    kernel = rng.uniform(-limit, limit, size=(inputs, gates * n))
    recurrent = np.linalg.qr(rng.normal(size=(gates * n, n)))[0].T
    bias = np.zeros(4 * n if kind == "lstm" else (2, 3 * n))
    if kind == "lstm":
        bias[n : 2 * n] = keep
    else:
        bias[0, :n] = keep
    return Cell(*(np.round(q, 4) for q in (kernel, recurrent, bias)))  # so that a snippet is short and still exact


def characters(text: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The string as one-hot rows (T, V), and its characters in the order of V. Raises UserError on an unfit length."""
    text = str(text)
    if not 1 <= len(text) <= LONGEST:
        raise UserError(_("The string has {n} characters: write 1 to {most}.").format(n=len(text), most=LONGEST))
    vocabulary = tuple(sorted(set(text)))
    return np.eye(len(vocabulary))[[vocabulary.index(c) for c in text]], vocabulary


def check_overrides(kind: str, overrides: Sequence[GateOverride], T: int) -> None:
    """Raises UserError on a gate that the cell lacks, or a value or step out of range."""
    for hold in overrides:
        checks.one_of(hold.gate, _("The gate"), OVERRIDABLE[kind])
        checks.number(hold.value, _("The held value"), -1.0 if hold.gate == "candidate" else 0.0, 1.0)
        checks.integer(hold.first, _("The first held step"), 1, T)
        checks.integer(T if hold.last is None else hold.last, _("The last held step"), hold.first, T)


def run(kind: str, cell: Cell, x: np.ndarray, overrides: Sequence[GateOverride] = ()) -> tuple[Step, ...]:
    """The cell over x (T, V), or over many strings at once, (B, T, V). Raises UserError on an invalid override."""
    checks.one_of(kind, _("The cell"), KINDS)
    check_overrides(kind, overrides, x.shape[-2])
    return steps_from(kind, cell, np.moveaxis(x @ cell.kernel, -2, 0), overrides)


def steps_from(
    kind: str, cell: Cell, projected: np.ndarray, overrides: Sequence[GateOverride] = ()
) -> tuple[Step, ...]:
    """As `run`, from the inputs' part x_t · kernel, (T, …, gU)."""
    h = c = np.zeros((*projected.shape[1:-1], cell.units))
    steps: list[Step] = []
    for t, a in enumerate(projected, 1):
        overridden = {hold.gate: hold.value for hold in overrides if hold.first <= t <= (hold.last or len(projected))}
        step = _lstm(t, cell, a, h, c, overridden) if kind == "lstm" else _gru(t, kind, cell, a, h, overridden)
        h, c = step.h, step.c if isinstance(step, LstmStep) else c
        steps.append(step)
    return tuple(steps)


def _gate(overridden: dict[str, float], name: str, value: np.ndarray) -> np.ndarray:
    return np.full_like(value, overridden[name]) if name in overridden else value


def _lstm(t: int, cell: Cell, a: np.ndarray, h: np.ndarray, c: np.ndarray, overridden: dict[str, float]) -> LstmStep:
    a_i, a_f, a_c, a_o = np.split(a + h @ cell.recurrent + cell.bias, 4, axis=-1)
    i, f, o = (_gate(overridden, name, sigmoid(v)) for name, v in (("i", a_i), ("f", a_f), ("o", a_o)))
    candidate = _gate(overridden, "candidate", np.tanh(a_c))
    now = f * c + i * candidate
    return LstmStep(t, f, i, candidate, o, now, o * np.tanh(now), c, h)


def _gru(t: int, kind: str, cell: Cell, a: np.ndarray, h: np.ndarray, overridden: dict[str, float]) -> GruStep:
    n = cell.units
    b_in, b_rec = cell.bias
    state = h @ cell.recurrent + b_rec
    a_z, a_r, a_h = np.split(a + b_in, 3, axis=-1)
    r = _gate(overridden, "r", sigmoid(a_r + state[..., n : 2 * n]))
    if kind == "gru":
        z = _gate(overridden, "z", sigmoid(a_z + state[..., :n]))
        candidate = _gate(overridden, "candidate", np.tanh(a_h + r * state[..., 2 * n :]))
        return GruStep(t, z, r, candidate, z * h + (1 - z) * candidate, h)
    z = _gate(overridden, "z", sigmoid(-a_z - state[..., :n]))
    inside = a_h + b_rec[2 * n :] + (r * h) @ cell.recurrent[:, 2 * n :]
    candidate = _gate(overridden, "candidate", np.tanh(inside))
    return GruStep(t, z, r, candidate, (1 - z) * h + z * candidate, h)


def formula_with_digits(
    kind: str, cell: Cell, x: np.ndarray, t: int, unit: int, overrides: Sequence[GateOverride] = ()
) -> str:
    """Every gate of one unit (from 0) at step t (from 1): σ(input + state + bias), then what becomes of the memory."""
    steps = run(kind, cell, x, overrides)
    step = steps[checks.integer(t, "t", 1, len(steps)) - 1]
    j, n = checks.integer(unit, _("The unit"), 0, cell.units - 1), cell.units
    from_x, from_h = x[t - 1] @ cell.kernel, step.h_before @ cell.recurrent
    overridden = {hold.gate for hold in overrides if hold.first <= t <= (hold.last or len(steps))}

    def gate(name: str, symbol: str, function: str, parts: Sequence[float], value: float) -> str:
        if name in overridden:
            return rf"{symbol}_{{{t}}} &= {tex(value)} \quad \text{{held}}"
        text = " + ".join(term(part) for part in parts)
        return rf"{symbol}_{{{t}}} &= {function}({text}) = {function}({tex(sum(parts))}) {equals(value)}"

    if isinstance(step, LstmStep):
        lines = [
            gate(name, symbol, function, [v[k * n + j] for v in (from_x, from_h, cell.bias)], getattr(step, name)[j])
            for k, name, symbol, function in (
                (1, "f", "f", r"\sigma"),
                (0, "i", "i", r"\sigma"),
                (2, "candidate", r"\tilde c", r"\tanh"),
                (3, "o", "o", r"\sigma"),
            )
        ]
        f, i, new, o, before = (float(v[j]) for v in (step.f, step.i, step.candidate, step.o, step.c_before))
        lines += [
            rf"c_{{{t}}} &= {term(f)} \cdot {term(before)} + {term(i)} \cdot {term(new)} {equals(step.c[j])}",
            rf"h_{{{t}}} &= {term(o)} \cdot \tanh({tex(step.c[j])}) {equals(step.h[j])}",
        ]
    else:
        b_in, b_rec = cell.bias
        columns = (j, n + j, 2 * n + j)
        (z_x, r_x, h_x), (z_h, r_h, h_h) = from_x[[*columns]], from_h[[*columns]]
        (z_b, r_b, h_b), (z_c, r_c, h_c) = b_in[[*columns]], b_rec[[*columns]]
        sign = 1 if kind == "gru" else -1
        lines = [
            gate("z", "z", r"\sigma", [sign * v for v in (z_x, z_h, z_b + z_c)], step.z[j]),
            gate("r", "r", r"\sigma", [r_x, r_h, r_b + r_c], step.r[j]),
        ]
        if kind == "gru":
            inner = [h_x, h_b, step.r[j] * (h_h + h_c)]
            weights = step.z[j], 1 - step.z[j]
        else:
            inner = [h_x, (step.r * step.h_before) @ cell.recurrent[:, 2 * n + j], h_b + h_c]
            weights = 1 - step.z[j], step.z[j]
        lines += [
            gate("candidate", r"\tilde h", r"\tanh", inner, step.candidate[j]),
            rf"h_{{{t}}} &= {term(weights[0])} \cdot {term(step.h_before[j])} + {term(weights[1])} \cdot "
            rf"{term(step.candidate[j])} {equals(step.h[j])}",
        ]
    return r"\begin{aligned} " + r" \\ ".join(lines) + r" \end{aligned}"


def question(kind: str, cell: Cell, x: np.ndarray, t: int, unit: int) -> Question:
    """What will this unit's memory do at step t: keep most of what it has, or take in something new?"""
    steps = run(kind, cell, x)
    step = steps[checks.integer(t, "t", 2, len(steps)) - 1]
    j = checks.integer(unit, _("The unit"), 0, cell.units - 1)
    if isinstance(step, LstmStep):
        before, kept, written = step.c_before[j], step.f[j] * step.c_before[j], step.i[j] * step.candidate[j]
        name = "c"
    else:
        keep = step.z[j] if kind == "gru" else 1 - step.z[j]
        before, kept, written = step.h_before[j], keep * step.h_before[j], (1 - keep) * step.candidate[j]
        name = "h"
    return Question(
        _("Unit {unit} holds {name} = {before:.3f}. Which part of its next value is the larger one?").format(
            unit=j + 1, name=name, before=before
        ),
        (_("What it keeps of the old value"), _("What is newly written")),
        int(abs(written) > abs(kept)),
        _("It keeps {kept:.3f} and {written:.3f} is written, which makes {now:.3f}.").format(
            kept=kept, written=written, now=kept + written
        ),
    )


_LAYER = """\
layer = {layer}
layer.build((None, *x.shape))
layer.set_weights([kernel, recurrent, bias])
for h in layer(x[None])[0]:
    print(show(h))
"""
_LOOP = """\
sigmoid, tanh = keras.ops.sigmoid, keras.ops.tanh
holds = {holds}  # gate, value, first and last step


def gate(name, t, value):
    for held, constant, first, last in holds:
        if name == held and first <= t <= last:
            value = constant + 0 * value
    return np.asarray(value)


h = c = np.zeros({n})
for t, a in enumerate(x @ kernel, 1):
{body}    print(show(h))
"""
_BODIES = {
    "lstm": """\
    i, f, new, o = np.split(a + h @ recurrent + bias, 4)
    c = gate("f", t, sigmoid(f)) * c + gate("i", t, sigmoid(i)) * gate("candidate", t, tanh(new))
    h = gate("o", t, sigmoid(o)) * np.tanh(c)
""",
    "gru": """\
    (z, r, new), (z_h, r_h, new_h) = np.split(a + bias[0], 3), np.split(h @ recurrent + bias[1], 3)
    z, r = gate("z", t, sigmoid(z + z_h)), gate("r", t, sigmoid(r + r_h))
    h = z * h + (1 - z) * gate("candidate", t, tanh(new + r * new_h))
""",
    "gru-textbook": """\
    (z, r, new), (z_h, r_h, _) = np.split(a + bias, 3), np.split(h @ recurrent, 3)
    z, r = gate("z", t, sigmoid(-z - z_h)), gate("r", t, sigmoid(r + r_h))
    h = (1 - z) * h + z * gate("candidate", t, tanh(new + (r * h) @ recurrent[:, -len(h) :]))
""",
}


def snippet(kind: str, cell: Cell, x: np.ndarray, overrides: Sequence[GateOverride] = ()) -> Snippet:
    """Prints h after each step, from Keras' own layer, or from its formula step by step where a gate is held."""
    steps, n, bias = run(kind, cell, x, overrides), cell.units, cell.bias
    options = ""
    if kind == "gru-textbook":
        bias, options = cell.bias.sum(axis=0), "reset_after=False, "  # Keras' z is 1 − the textbook's
    if overrides:
        rows = [(hold.gate, hold.value, hold.first, hold.last or len(steps)) for hold in overrides]
        rest = _LOOP.format(holds=rows, n=n, body=_BODIES[kind])
    else:
        name = "LSTM" if kind == "lstm" else "GRU"
        rest = _LAYER.format(layer=f'keras.layers.{name}({n}, {options}return_sequences=True, dtype="float64")')
    code = f"""\
import keras
import numpy as np

{SHOW}
x = np.array({literal(x)})
kernel = np.array({literal(cell.kernel)})
recurrent = np.array({literal(cell.recurrent)})
bias = np.array({literal(bias)})
{rest}"""
    return Snippet(code, printed(*((step.h,) for step in steps)))
