r"""Cross-attention at work: a tiny trained encoder–decoder that reverses words or adds numbers, sign by sign.

    encoder    memory M = block of core.lab.attention over the source, padding masked
    decoder    y = LN(e + self-attention(e), causal);  α_t = softmax(q_t Kᵀ / √d) over M;  c_t = Σ_j α_tj v_j
               n = LN(y + c W_o + b_o);  LN(n + ReLU(n W_1 + b_1) W_2 + b_2) W + b → softmax → the next sign

D = 32 features, 2 heads, one block each, learned positions, about 25,000 weights. They ship as core/lab/data/<task>.npz
(float16) and were made by `python -m core.lab.encoder_decoder_training`. α_t can be overridden: made to look elsewhere,
the decoder writes something else.
"""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.lab import checks
from core.lab.attention import layer_norm, project, softmax
from core.lab.concept import Question
from core.lab.digits import equals, tex_array
from core.lab.encoder_decoder_keras import build
from core.lab.snippet import SHOW, Snippet, printed

DATA = Path(__file__).with_name("data")
FEATURES, HEADS = 32, 2
PAD, START, END = "·", "<", ">"

Weights = Mapping[str, Sequence[np.ndarray]]  # layer → its arrays, in Keras' order


@dataclass(frozen=True)
class Task:
    """What the network was trained to do, and the signs that it knows."""

    key: str
    symbols: str  # sign 0 is padding
    source_length: int
    target_length: int  # with the end sign
    example: str

    def read(self, text: str) -> str:
        """The person's source, or a UserError that says what the network can read."""
        text = str(text).strip().lower().replace(" ", "")
        if self.key == "add":
            parts = text[:20].split("+")
            if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):
                raise UserError(
                    _("{text!r} is no sum: write two whole numbers from 0 to 99, such as {example}.").format(
                        text=text[:20], example=self.example
                    )
                )
            return "+".join(str(int(part)) for part in parts)
        if not 1 <= len(text) <= self.source_length or set(text) - set(self.symbols[3:]):
            raise UserError(
                _("{text!r} is no word for it: write 1 to {most} letters from a to z.").format(
                    text=text[:20], most=self.source_length
                )
            )
        return text

    def answer(self, source: str) -> str:
        """What should come out."""
        return str(sum(map(int, source.split("+")))) if self.key == "add" else source[::-1]


TASKS = {
    "reverse": Task("reverse", PAD + START + END + "abcdefghijklmnopqrstuvwxyz", 8, 9, "lantern"),
    "add": Task("add", PAD + START + END + "+0123456789", 5, 4, "47+85"),
}


@dataclass(frozen=True)
class Step:
    """One sign written. Rows of the cross-attention are (H, S); `used` differs from `own` where it was overridden."""

    t: int  # 1 …
    written: str  # before this step
    scores: np.ndarray  # q_t Kᵀ / √d, (H, S)
    own: np.ndarray
    used: np.ndarray
    probabilities: np.ndarray  # over task.symbols
    symbol: str


@dataclass(frozen=True)
class Decoded:
    """A whole answer. `memory` (S, D) is what the encoder made of the source."""

    task: Task
    source: str
    memory: np.ndarray
    steps: tuple[Step, ...]

    @property
    def text(self) -> str:
        return "".join(step.symbol for step in self.steps).removesuffix(END)

    @property
    def right(self) -> bool:
        return self.text == self.task.answer(self.source)


@lru_cache(maxsize=4)
def load(task: str, folder: Path = DATA) -> Weights:
    """The weights that ship with the lab, as float64."""
    checks.one_of(task, _("The task"), tuple(TASKS))
    layers: dict[str, list[np.ndarray]] = {}
    with np.load(folder / f"{task}.npz", allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            layers.setdefault(name.rsplit(".", 1)[0], []).append(arrays[name].astype(np.float64))
    return layers


def indices(task: Task, text: str, length: int) -> np.ndarray:
    """(length,), 0 after the end."""
    return np.array([task.symbols.index(sign) for sign in text] + [0] * (length - len(text)))


def _attend(
    layer: Sequence[np.ndarray], x: np.ndarray, over: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores and weights (H, T, S), and the values (H, S, d)."""
    Q, K, V = (project(a, W, b) for a, W, b in zip((x, over, over), layer[0:6:2], layer[1:6:2], strict=True))
    S = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    return S, softmax(S, allowed), V


def _joined(layer: Sequence[np.ndarray], A: np.ndarray, V: np.ndarray) -> np.ndarray:
    return np.einsum("hte,hed->td", A @ V, layer[6]) + layer[7]


def _block(w: Weights, name: str, x: np.ndarray, attended: np.ndarray) -> np.ndarray:
    n = layer_norm(x + attended, *w[f"{name}_norm1"])
    (W1, b1), (W2, b2) = w[f"{name}_wide"], w[f"{name}_back"]
    return layer_norm(n + np.maximum(n @ W1 + b1, 0) @ W2 + b2, *w[f"{name}_norm2"])


def encode_source(task: Task, w: Weights, source: str) -> tuple[np.ndarray, np.ndarray]:
    """The encoder: memory (S, D) and which of its places are real, (S,)."""
    i = indices(task, source, task.source_length)
    x, real = w["source_embedding"][0][i] + w["source_position"][0], i > 0
    _S, A, V = _attend(w["encoder_self"], x, x, real)
    return _block(w, "encoder", x, _joined(w["encoder_self"], A, V)), real


def decode(
    task: str, source: str, overrides: Mapping[int, int | Sequence[float]] | None = None, weights: Weights | None = None
) -> Decoded:
    """Write the likeliest sign after the other until the end sign. Answers in a few milliseconds.

    `overrides`: step (from 1) → the place in the source (from 0) at which all heads are made to look, or a weight for
    each place, which is scaled to the sum 1. Raises UserError on a source, step, place or weight that does not fit.
    """
    checks.one_of(task, _("The task"), tuple(TASKS))
    chosen, w = TASKS[task], load(task) if weights is None else weights
    source = chosen.read(source)
    forced = {step: _row(chosen, source, step, what) for step, what in (overrides or {}).items()}
    memory, real = encode_source(chosen, w, source)
    steps: list[Step] = []
    written = ""
    while len(steps) < chosen.target_length and not written.endswith(END):
        t = len(steps) + 1
        y = w["target_embedding"][0][indices(chosen, START + written, t)] + w["target_position"][0][:t]
        _S, A, V = _attend(w["decoder_self"], y, y, np.tril(np.ones((t, t), bool)))
        y = layer_norm(y + _joined(w["decoder_self"], A, V), *w["decoder_norm0"])[-1:]  # only the last place is needed
        S, A, V = _attend(w["cross"], y, memory, real)
        used = np.tile(forced[t], (HEADS, 1, 1)) if t in forced else A
        W, b = w["output"]
        p = softmax((_block(w, "decoder", y, _joined(w["cross"], used, V)) @ W + b)[0])
        symbol = chosen.symbols[int(p.argmax())]
        steps.append(Step(t, written, S[:, 0], A[:, 0], used[:, 0], p, symbol))
        written += symbol
    return Decoded(chosen, source, memory, tuple(steps))


def _row(task: Task, source: str, step: int, what: int | Sequence[float]) -> np.ndarray:
    """An override as weights over the places, (S,), with nothing on padding."""
    checks.integer(step, _("The step"), 1, task.target_length)
    row = np.zeros(task.source_length)
    if isinstance(what, int | np.integer):
        row[checks.integer(what, _("The place"), 0, len(source) - 1)] = 1
        return row
    row[: len(source)] = checks.array(what, _("The attention"), (len(source),), 1e6)
    if row.min() < 0 or row.sum() <= 0:
        raise UserError(_("The attention has to be made of numbers from 0 up, at least one of them above 0."))
    return row / row.sum()


def formula_with_digits(decoded: Decoded, t: int, head: int = 0) -> str:
    """α_t of one head over the real places of the source, and the probability of the sign that was written."""
    step = decoded.steps[checks.integer(t, _("The step"), 1, len(decoded.steps)) - 1]
    h, n = checks.integer(head, _("The head"), 0, HEADS - 1), len(decoded.source)
    own, used = tex_array(step.own[h, None, :n]), tex_array(step.used[h, None, :n])
    change = "" if np.array_equal(step.own, step.used) else rf" \quad \Rightarrow \quad {used} \text{{ (yours)}}"
    scores, share = tex_array(step.scores[h, None, :n]), float(step.probabilities.max())
    return (
        rf"\begin{{aligned}} \alpha_{{{t}}} &= \operatorname{{softmax}} {scores} \\ &= {own}{change} \\ "
        rf"P(y_{{{t}}} = \text{{{step.symbol}}}) &{equals(share)} \end{{aligned}}"
    )


def question(decoded: Decoded, t: int, place: int) -> Question:
    """What will be written at step t if it is made to look at one place of the source?"""
    before = decoded.steps[checks.integer(t, _("The step"), 1, len(decoded.steps)) - 1]
    other = decode(decoded.task.key, decoded.source, {t: place}).steps[t - 1]
    options = list(dict.fromkeys([*decoded.source, before.symbol, other.symbol]))
    return Question(
        _("Step {t} writes “{symbol}”. What will it write if it must look at place {place}, “{sign}”?").format(
            t=t, symbol=before.symbol, place=place + 1, sign=decoded.source[place]
        ),
        tuple(options),
        options.index(other.symbol),
        _(
            "It writes “{symbol}” with probability {p:.1%}; by itself it looks at that place with weight {own:.2f}."
        ).format(symbol=other.symbol, p=other.probabilities.max(), own=float(before.own[:, place].mean())),
    )


def snippet(decoded: Decoded) -> Snippet:
    """The network out of Keras' layers with the weights that ship; prints each sign and what each head looks at.

    Without an override: Keras has none. Run it in the project's folder, where the weights are.
    """
    task = decoded.task
    free = decode(task.key, decoded.source)
    sizes = (len(task.symbols), task.source_length, task.target_length, FEATURES, HEADS)
    code = f"""\
# Run it in Hidden State's folder: the trained weights lie there.
from typing import Any

import numpy as np

{SHOW}

{inspect.getsource(build)}

symbols, source = {task.symbols!r}, {free.source!r}
model = build{(*sizes, "float64")!r}
weights = np.load("core/lab/data/{task.key}.npz")
for layer in model.layers:
    layer.set_weights([weights[f"{{layer.name}}.{{i}}"] for i in range(len(layer.weights))])
x, y = np.zeros((1, {task.source_length}), int), np.zeros((1, {task.target_length}), int)
x[0, : len(source)] = [symbols.index(sign) for sign in source]
y[0, 0] = symbols.index("{START}")
for t in range({len(free.steps)}):
    logits, attention = model([x, y])
    best = int(np.argmax(logits[0, t]))
    print(symbols[best], *(show(head[t, : len(source)]) for head in np.asarray(attention[0])))
    if t + 1 < y.shape[1]:
        y[0, t + 1] = best
"""
    n = len(free.source)
    return Snippet(code, printed(*((step.symbol, *(head[:n] for head in step.own)) for step in free.steps)))
