r"""Elman and Jordan: the same network, its memory taken from the hidden layer or from the output.

    h_t = tanh(x_t W_x + m_t W_m + b)      y_t = σ(h_t V + c)
    Elman:   m_t = h_{t−1}                 Jordan:   m_t = y_{t−1}

Two tasks on strings of bits show the difference. "delay": y_t = x_{t−k}, the bit of k steps ago; the output says
nothing about the bits between, so only a hidden memory can keep them. "parity": y_t = y_{t−1} xor x_t, whether the ones
so far are odd; here the last output is all that has to be remembered. Elman 1990, Jordan 1986. Trained with
cross-entropy and backpropagation through time, in Jordan's case through the output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import adam, checks
from core.lab.concept import Concept, Question
from core.lab.digits import equals, tex_array
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="elman-jordan",
    title=N_("Elman and Jordan networks"),
    summary=N_(
        "Both are small recurrent networks whose context units hold a copy of the step before. Elman copies the hidden "
        "layer, so it may keep what its output does not show; Jordan copies the output, so it remembers what it said "
        "and nothing else. One task needs the first, for another the second is enough."
    ),
    formula=r"h_t = \tanh(x_t W_x + m_t W_m + b) \qquad y_t = \sigma(h_t V + c) \qquad "
    r"m_t = \begin{cases} h_{t-1} & \text{Elman} \\ y_{t-1} & \text{Jordan} \end{cases}",
    note=N_("RNN: Elman and Jordan networks"),
    prerequisites=("rnn", "bptt"),
)

KINDS = ("elman", "jordan")
TASKS = ("delay", "parity")
LENGTH = 12  # steps of a training string
BATCH = 64


class Weights(NamedTuple):
    """W_x (1, U), W_m (U, U) for Elman or (1, U) for Jordan, b (U,), V (U, 1), c (1,)."""

    Wx: np.ndarray
    Wm: np.ndarray
    b: np.ndarray
    V: np.ndarray
    c: np.ndarray


@dataclass(frozen=True)
class Step:
    """One time step: the bit, the context m_t, the hidden layer and the output."""

    t: int  # 1 … T
    x: float
    m: np.ndarray  # (U,) or (1,)
    h: np.ndarray  # (U,)
    y: float


@dataclass(frozen=True)
class Trained:
    """A trained network. `accuracy` is over fresh strings, over the steps that have an answer (0.5 is guessing)."""

    kind: str
    task: str
    lag: int
    weights: Weights
    losses: tuple[float, ...]
    accuracy: float

    @property
    def solved(self) -> bool:
        return self.accuracy > 0.95


def strings(task: str, count: int, length: int, lag: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bits and their targets, both (count, length)."""
    x = rng.integers(0, 2, size=(count, length)).astype(float)
    return x, targets(task, x, lag)


def targets(task: str, x: np.ndarray, lag: int) -> np.ndarray:
    """What should come out for x (…, T); before the first answer of "delay" it is 0."""
    if task == "parity":
        return np.cumsum(x, axis=-1) % 2
    y = np.zeros_like(x)
    y[..., lag:] = x[..., :-lag]
    return y


def initial(kind: str, units: int, seed: int) -> Weights:
    """Seeded weights that keep the variance."""
    checks.one_of(kind, _("The network"), KINDS)
    units = checks.integer(units, _("The number of units"), 1, 32)
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    context = units if kind == "elman" else 1
    return Weights(
        rng.normal(size=(1, units)),
        rng.normal(size=(context, units)) / np.sqrt(context),
        np.zeros(units),
        rng.normal(size=(units, 1)) / np.sqrt(units),
        np.zeros(1),
    )


def _forward(kind: str, w: Weights, x: np.ndarray, forget: int | None = None) -> tuple[np.ndarray, ...]:
    """Contexts (T, B, C), hidden layers (T, B, U) and outputs (T, B, 1) for x (B, T)."""
    m = np.zeros((len(x), len(w.Wm)))
    contexts, hidden, outputs = [], [], []
    for t in range(x.shape[1]):
        if t + 1 == forget:
            m = np.zeros_like(m)
        h = np.tanh(x[:, t : t + 1] @ w.Wx + m @ w.Wm + w.b)
        y = 0.5 + 0.5 * np.tanh((h @ w.V + w.c) / 2)
        contexts.append(m)
        hidden.append(h)
        outputs.append(y)
        m = h if kind == "elman" else y
    return np.array(contexts), np.array(hidden), np.array(outputs)


def loss_and_gradients(kind: str, w: Weights, x: np.ndarray, d: np.ndarray) -> tuple[float, Weights]:
    """Mean cross-entropy over all bits, and its gradient through time."""
    contexts, hidden, outputs = _forward(kind, w, x)
    y, size = outputs[:, :, 0].T, x.size
    near = np.clip(y, 1e-12, 1 - 1e-12)
    loss = float(-np.mean(d * np.log(near) + (1 - d) * np.log(1 - near)))
    grads = Weights(*(np.zeros_like(q) for q in w))
    back = np.zeros((len(x), len(w.Wm)))  # ∂E/∂m_{t+1}
    for t in reversed(range(x.shape[1])):
        dz = (outputs[t] - d[:, t : t + 1]) / size
        if kind == "jordan":
            dz = dz + back * outputs[t] * (1 - outputs[t])
        dh = dz @ w.V.T + (back if kind == "elman" else 0.0)
        da = dh * (1 - hidden[t] ** 2)
        for total, part in zip(
            grads,
            (x[:, t : t + 1].T @ da, contexts[t].T @ da, da.sum(axis=0), hidden[t].T @ dz, dz.sum(axis=0)),
            strict=True,
        ):
            total += part
        back = da @ w.Wm.T
    return loss, grads


def train(
    kind: str,
    task: str,
    units: int = 8,
    lag: int = 2,
    seed: int = 0,
    steps: int = 600,
    progress: Callable[[float], None] | None = None,
) -> Trained:
    """Adam on fresh random strings of 12 bits, about half a second. `progress` gets the share done."""
    checks.one_of(task, _("The task"), TASKS)
    lag = checks.integer(lag, _("The delay"), 1, 5)
    steps = checks.integer(steps, _("The steps"), 1, 5000)
    seed = checks.integer(seed, _("The seed"), 0, 2**31 - 1)
    w = initial(kind, units, seed)
    moments, rng, losses = adam.start(w), np.random.default_rng(seed + 1), []
    for step in range(steps):
        loss, grads = loss_and_gradients(kind, w, *strings(task, BATCH, LENGTH, lag, rng))
        moved, moments = adam.update(w, grads, moments, 0.02)
        w = Weights(*moved)
        losses.append(loss)
        if progress and (step % 20 == 19 or step + 1 == steps):
            progress((step + 1) / steps)
    w = Weights(*(np.round(q, 4) for q in w))  # so that a copied snippet is short and still exact
    x, d = strings(task, 500, LENGTH, lag, rng)
    y = _forward(kind, w, x)[2][:, :, 0].T
    first = lag if task == "delay" else 0
    return Trained(kind, task, lag, w, tuple(losses), float(np.mean((y > 0.5)[:, first:] == (d > 0.5)[:, first:])))


def bits(text: Any) -> np.ndarray:
    """A string such as "0110" as (T,) of 0 and 1. Raises UserError unless it is 2 to 40 of them."""
    text = str(text).strip()
    if not 2 <= len(text) <= 40 or set(text) - {"0", "1"}:
        raise UserError(_("The string is {text!r}: write 2 to 40 signs, each 0 or 1.").format(text=text[:50]))
    return np.array([float(c) for c in text])


def run(net: Trained, x: np.ndarray, forget: int | None = None) -> tuple[Step, ...]:
    """The network on one string x (T,). `forget`: the step, from 1, before which its context is wiped to zero."""
    if forget is not None:
        forget = checks.integer(forget, _("The step to forget at"), 1, len(x))
    contexts, hidden, outputs = _forward(net.kind, net.weights, x[None], forget)
    return tuple(Step(t + 1, float(x[t]), contexts[t, 0], hidden[t, 0], float(outputs[t, 0, 0])) for t in range(len(x)))


@dataclass(frozen=True)
class MemoryProbe:
    """What a straight line through the context can tell, as shares of right answers: 0.5 nothing, 1 everything."""

    bits: tuple[float, ...]  # the bit of 1, 2, … steps ago
    parity: float  # whether the ones so far are odd


def probe_memory(net: Trained, back: int = 5, seed: int = 0) -> MemoryProbe:
    """Probe the context m_t: a line fitted by least squares on 500 fresh strings, scored on 500 others."""
    back = checks.integer(back, _("The number of steps back"), 1, LENGTH - 2)
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    x = rng.integers(0, 2, size=(1000, LENGTH)).astype(float)
    contexts = _forward(net.kind, net.weights, x)[0].transpose(1, 0, 2)  # (B, T, C)

    def readable(wanted: np.ndarray, ago: int) -> float:
        m = contexts[:, ago:]
        m = np.concatenate([m, np.ones((*m.shape[:2], 1))], axis=-1)
        line = np.linalg.lstsq(m[:500].reshape(-1, m.shape[-1]), wanted[:500].ravel() - 0.5, rcond=None)[0]
        return float(np.mean((m[500:] @ line > 0) == (wanted[500:] > 0.5)))

    bits = tuple(readable(x[:, :-ago], ago) for ago in range(1, back + 1))
    return MemoryProbe(bits, readable(targets("parity", x, 1)[:, :-1], 1))


def formula_with_digits(net: Trained, step: Step) -> str:
    """h_t and y_t of one step with the live numbers."""
    w = net.weights
    source = "h" if net.kind == "elman" else "y"
    z = float(step.h @ w.V[:, 0] + w.c[0])
    return (
        rf"\begin{{aligned}} m_{{{step.t}}} &= {source}_{{{step.t - 1}}} = {tex_array(step.m[None])} \\ "
        rf"h_{{{step.t}}} &= \tanh \left( {step.x:g} \cdot {tex_array(w.Wx)} + m_{{{step.t}}} {tex_array(w.Wm)} + "
        rf"{tex_array(w.b[None])} \right) = {tex_array(step.h[None])} \\ "
        rf"y_{{{step.t}}} &= \sigma(h_{{{step.t}}} V + c) = \sigma({z:.3f}) {equals(step.y)} \end{{aligned}}"
    )


def question(elman: Trained, jordan: Trained) -> Question:
    """Which of the two networks, trained on the same task, solves it?"""
    answer = {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}[elman.solved, jordan.solved]
    wanted = (
        _("the bit of {n} steps ago").format(n=elman.lag)
        if elman.task == "delay"
        else _("whether the ones so far are odd")
    )
    return Question(
        _("Both are trained to say {wanted}. Which of them can?").format(wanted=wanted),
        (_("Both"), _("Only Elman"), _("Only Jordan"), _("Neither")),
        answer,
        _(
            "On fresh strings Elman is right in {elman:.1%} and Jordan in {jordan:.1%} of the steps; half would be "
            "guessing. The last bit can be read from Elman's context in {e:.0%} of the cases, from Jordan's in {j:.0%}."
        ).format(
            elman=elman.accuracy,
            jordan=jordan.accuracy,
            e=probe_memory(elman, 1).bits[0],
            j=probe_memory(jordan, 1).bits[0],
        ),
    )


def snippet(net: Trained, x: np.ndarray) -> Snippet:
    """The trained network out of Keras layers on the string x; prints each step's output."""
    w = net.weights
    if net.kind == "elman":
        body = f"""\
rnn = keras.layers.SimpleRNN({w.b.size}, return_sequences=True, dtype="float64")
model = keras.Sequential([keras.Input((None, 1), dtype="float64"), rnn, out])
rnn.set_weights([Wx, Wm, b])
out.set_weights([V, c])
print(show(model(x[None, :, None])[0, :, 0]))
"""
    else:
        body = """\
hidden = keras.layers.Dense(b.size, "tanh", dtype="float64")  # sees the bit and the last output
model = keras.Sequential([keras.Input((2,), dtype="float64"), hidden, out])
hidden.set_weights([np.concatenate([Wx, Wm]), b])
out.set_weights([V, c])
y, outputs = 0.0, []
for bit in x:
    y = float(model(np.array([[bit, y]]))[0, 0])
    outputs.append(y)
print(show(outputs))
"""
    numbers = "\n".join(f"{name} = np.array({literal(q)})" for name, q in zip(w._fields, w, strict=True))
    code = f"""\
import keras
import numpy as np

{SHOW}
{numbers}
x = np.array({literal(x)})
out = keras.layers.Dense(1, "sigmoid", dtype="float64")
{body}"""
    return Snippet(code, printed((_forward(net.kind, w, x[None])[2][:, 0, 0],)))
