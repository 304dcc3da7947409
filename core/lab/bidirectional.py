"""The bidirectional RNN: one cell reads from the left, another from the right, and each word is seen with both.

    →s_t = tanh(U x_t + W →s_{t−1} + b),   ←s_t = tanh(U′ x_t + W′ ←s_{t+1} + b′),   y_t = softmax(V [→s_t, ←s_t])

x_t (E,) the word's vector, →s_t and ←s_t (H,). Change the last word: every →s before it stays, every ←s moves.
Schuster and Paliwal (1997). The readers that fill the gap in the notes' sentence are trained in core.lab.gap.
"""

import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Question
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="bidirectional",
    title=N_("Bidirectional RNN"),
    summary=N_(
        "A network that reads from left to right knows only what came before; what a gap holds is often decided by the "
        "word after it. A bidirectional network has a second cell with its own weights that reads from the end, and "
        "puts both states side by side at each word. Change the last word and every backward state changes, while the "
        "forward states before it stay as they were."
    ),
    formula=r"\overrightarrow{s}_t = \tanh(U x_t + W \overrightarrow{s}_{t-1} + b) \qquad "
    r"\overleftarrow{s}_t = \tanh(U' x_t + W' \overleftarrow{s}_{t+1} + b') \qquad "
    r"y_t = \mathrm{softmax}(V [\overrightarrow{s}_t, \overleftarrow{s}_t])",
    note=N_("Recurrent networks: the bidirectional RNN"),
    prerequisites=("rnn",),
)

MAX_WORDS = 24
E = 2  # numbers a word
H = 3  # units a direction
Direction = Literal["forward", "backward"]


@dataclass(frozen=True)
class Weights:
    """One direction: U (E, H), W (H, H), b (H,)."""

    U: np.ndarray
    W: np.ndarray
    b: np.ndarray


@dataclass(frozen=True)
class States:
    """A sentence read both ways: x (T, E), forward and backward (T, H), both in the order of the words."""

    words: tuple[str, ...]
    x: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    cells: dict[Direction, Weights]


def split(sentence: str) -> tuple[str, ...]:
    """Words at spaces; without any space each character is one, as in Chinese. 2 to 24 of them. Raises UserError."""
    text = sentence.strip()
    words = tuple(text.split()) if any(c.isspace() for c in text) else tuple(text)
    if not 2 <= len(words) <= MAX_WORDS:
        raise UserError(
            _("The sentence has {n} words: enter 2 to {most}, with spaces between them.").format(
                n=len(words), most=MAX_WORDS
            )
        )
    return words


def vector(word: str, seed: int) -> np.ndarray:
    """(E,) with one decimal from ±1, the same wherever the word stands."""
    return np.random.default_rng([seed, zlib.crc32(word.encode())]).integers(-10, 11, E) / 10


@lru_cache(maxsize=32)
def weights(seed: int) -> dict[Direction, Weights]:
    """Both cells, one decimal from ±1, drawn by the seed."""
    draw = np.random.default_rng(seed)

    def one() -> Weights:
        U, W, b = (draw.integers(-10, 11, shape) / 10 for shape in ((E, H), (H, H), (H,)))
        return Weights(U, W, b)

    return {"forward": one(), "backward": one()}


def read(words: tuple[str, ...], seed: int) -> States:
    """Both cells over the sentence."""
    x = np.array([vector(word, seed) for word in words])
    cells = weights(seed)
    forward = _run(x, cells["forward"])
    backward = _run(x[::-1], cells["backward"])[::-1]
    return States(words, x, forward, backward, cells)


def _run(x: np.ndarray, w: Weights) -> np.ndarray:
    s = np.zeros(H)
    states = []
    for x_t in x:
        s = np.tanh(x_t @ w.U + s @ w.W + w.b)
        states.append(s)
    return np.array(states)


def moved(before: States, after: States) -> tuple[np.ndarray, np.ndarray]:
    """How far each forward and each backward state has moved, each (T,); exactly 0 where nothing reached it.

    Raises UserError where the sentences differ in length.
    """
    if len(before.words) != len(after.words):
        raise UserError(
            _("The sentences have {a} and {b} words: change words, but keep their number.").format(
                a=len(before.words), b=len(after.words)
            )
        )
    return (
        np.linalg.norm(after.forward - before.forward, axis=1),
        np.linalg.norm(after.backward - before.backward, axis=1),
    )


def formula_with_digits(states: States, t: int, direction: Direction, unit: int) -> str:
    """How one state's number comes about; word t and unit from 0; the result rounded to 3 decimals."""
    last = len(states.words) - 1
    t = checks.integer(t, _("The word"), 0, last)
    j = checks.integer(unit, _("The unit"), 0, H - 1)
    checks.one_of(direction, _("The direction"), ("forward", "backward"))
    w = states.cells[direction]
    forth = direction == "forward"
    all_states = states.forward if forth else states.backward
    neighbour = t - 1 if forth else t + 1
    before = all_states[neighbour] if 0 <= neighbour <= last else np.zeros(H)
    arrow = r"\overrightarrow{s}" if forth else r"\overleftarrow{s}"
    reads = " + ".join(rf"{term(u)} \cdot {term(x)}" for u, x in zip(w.U[:, j], states.x[t], strict=True))
    remembers = " + ".join(rf"{term(v)} \cdot {term(s)}" for v, s in zip(w.W[:, j], before, strict=True))
    z = float(states.x[t] @ w.U[:, j] + before @ w.W[:, j] + w.b[j])
    carried = f"{arrow}_{{{neighbour + 1}}}"
    return (
        rf"{arrow}_{{{t + 1},{j + 1}}} = \tanh\left({reads} + \underbrace{{{remembers}}}_{{{carried}}} + {term(w.b[j])}"
        rf"\right) = \tanh({tex(z)}) {equals(all_states[t, j])}"
    )


def question(words: tuple[str, ...], changed: int, at: int, seed: int) -> Question:
    """Word `changed` becomes another: which states at word `at` move? Both from 0. Worked out by doing it."""
    changed = checks.integer(changed, _("The changed word"), 0, len(words) - 1)
    at = checks.integer(at, _("The word"), 0, len(words) - 1)
    other = next(f"{words[changed]}{i}" for i in range(100) if _differs(words[changed], f"{words[changed]}{i}", seed))
    after = read((*words[:changed], other, *words[changed + 1 :]), seed)
    forward, backward = (bool(d[at] > 0) for d in moved(read(words, seed), after))
    return Question(
        _("Word {n}, “{word}”, is replaced. Which states at word {m}, “{there}”, move?").format(
            n=changed + 1, word=words[changed], m=at + 1, there=words[at]
        ),
        (_("Only the forward state."), _("Only the backward state."), _("Both."), _("Neither.")),
        {(True, False): 0, (False, True): 1, (True, True): 2, (False, False): 3}[forward, backward],
        _("The forward state at word {m} has read words 1 to {m}, the backward state words {m} to {last}.").format(
            m=at + 1, last=len(words)
        ),
    )


def _differs(a: str, b: str, seed: int) -> bool:
    return not np.array_equal(vector(a, seed), vector(b, seed))


def snippet(states: States) -> Snippet:
    """The same cells as keras.layers.Bidirectional(SimpleRNN); prints both states of every word."""
    arrays = "\n".join(
        f"    np.array({literal(a)})," for d in ("forward", "backward") for a in vars(states.cells[d]).values()
    )
    code = f"""\
import keras
import numpy as np

{SHOW}
x = np.array([{literal(states.x)}])  # (batch, time, numbers a word)
both = keras.layers.Bidirectional(
    keras.layers.SimpleRNN({H}, return_sequences=True, dtype="float64"), dtype="float64"
)
both.build(x.shape)
both.set_weights([
{arrays}
])
states = both(x)[0]
for t in range({len(states.words)}):
    print(t + 1, "forward", show(states[t, :{H}]), "backward", show(states[t, {H}:]))
"""
    lines = [(t + 1, "forward", states.forward[t], "backward", states.backward[t]) for t in range(len(states.words))]
    return Snippet(code, printed(*lines))
