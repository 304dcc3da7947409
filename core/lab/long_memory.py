r"""The notes' long sentence, learned live: mother teaches Xiao Ming to fold a quilt, six folding steps follow, and the
last sentence asks what was folded. Only the first sentence says it.

    妈妈 教 小明 叠 被子   先 把 边角 拉平   再 把 毛巾 移开   …   最后 叠好 了   →  被子

Four things can be folded; the steps are drawn by chance and may mention another of them, which must not be believed.
The answer is softmax(h_T V + c) after the last word, trained with cross-entropy through all words. A plain RNN, an
LSTM and a GRU of the same size learn from the same sentences; `keep` is the first bias of the gate that keeps the
memory (f or z): open from the start, the gradient reaches the first sentence (Gers et al. 2000, Jozefowicz et al.
2015).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import UserError
from core.i18n import N_, _, translated_mapping
from core.lab import adam, checks
from core.lab.concept import Question
from core.lab.lstm_gru import Cell, GateOverride, GruStep, LstmStep, check_overrides, initial, steps_from

KINDS = ("rnn", "lstm", "gru")
THINGS = ("被子", "毛巾", "衣服", "床单")
_FIRST, _LAST = ("妈妈", "教", "小明", "叠"), ("最后", "叠好", "了")
_WHEN, _PARTS, _HOW, _AWAY = (
    ("先", "再", "然后", "接着"),
    ("边角", "一边", "中间", "两端"),
    ("拉平", "对折", "压实", "卷起"),
    "移开",
)
VOCABULARY = (*THINGS, *_FIRST, *_LAST, *_WHEN, "把", *_PARTS, *_HOW, _AWAY)
GLOSSES = translated_mapping(
    {
        "被子": N_("quilt"),
        "毛巾": N_("towel"),
        "衣服": N_("shirt"),
        "床单": N_("sheet"),
        "妈妈": N_("mother"),
        "教": N_("teaches"),
        "小明": N_("Xiao Ming"),
        "叠": N_("to fold the"),
        "最后": N_("at last"),
        "叠好": N_("folded is"),
        "了": N_("the"),
        "先": N_("first"),
        "再": N_("again"),
        "然后": N_("then"),
        "接着": N_("next"),
        "把": N_("take"),
        "边角": N_("the corners"),
        "一边": N_("one side"),
        "中间": N_("the middle"),
        "两端": N_("both ends"),
        "拉平": N_("and straighten"),
        "对折": N_("and halve"),
        "压实": N_("and press"),
        "卷起": N_("and roll up"),
        "移开": N_("and move it away"),
    }
)
BATCH = 64
_INDEX = {word: i for i, word in enumerate(VOCABULARY)}


@dataclass(frozen=True)
class Trained:
    """A trained network. `accuracy` is over 500 fresh sentences of `steps` folding steps; 0.25 is guessing."""

    kind: str
    steps: int
    cell: Cell  # the RNN's too: kernel (V, U), recurrent (U, U), bias (U,)
    V: np.ndarray  # (U, 4)
    c: np.ndarray  # (4,)
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]  # on the batch of each step of training
    accuracy: float


def sentences(count: int, steps: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Word indices (count, 8 + 4·steps) and which of THINGS was folded (count,). Half of the steps name some thing."""

    def some(words: Sequence[str]) -> np.ndarray:
        return rng.choice([_INDEX[word] for word in words], size=count)

    def fixed(words: Sequence[str]) -> list[np.ndarray]:
        return [np.full(count, _INDEX[word]) for word in words]

    folded = some(THINGS)
    columns = [*fixed(_FIRST), folded]
    for _step in range(steps):
        aside = rng.random(count) < 0.5
        columns += [some(_WHEN), *fixed(["把"]), np.where(aside, some(THINGS), some(_PARTS))]
        columns.append(np.where(aside, _INDEX[_AWAY], some(_HOW)))
    return np.stack([*columns, *fixed(_LAST)], axis=1), folded


def words(indices: np.ndarray) -> tuple[str, ...]:
    return tuple(VOCABULARY[i] for i in indices)


def sentence(text: str) -> np.ndarray:
    """A sentence of the person's own from VOCABULARY, words parted by blanks, (T,). Raises UserError."""
    found = str(text)[:2000].split()
    if not 2 <= len(found) <= 80:
        raise UserError(_("The sentence has {n} words: write 2 to 80, with blanks between them.").format(n=len(found)))
    for word in found:
        if word not in _INDEX:
            raise UserError(
                _("The word {word!r} is unknown: use {words}.").format(word=word, words=" ".join(VOCABULARY))
            )
    return np.array([_INDEX[word] for word in found])


def _forward(
    kind: str, cell: Cell, x: np.ndarray, overrides: Sequence[GateOverride] = ()
) -> tuple[list[np.ndarray], tuple]:
    """h before and after each word, T + 1 of (B, U), and the gated cells' steps."""
    if kind == "rnn" and overrides:
        raise UserError(_("A plain RNN has no gate to hold: choose the LSTM or the GRU."))
    projected = cell.kernel[x.T]
    if kind != "rnn":
        check_overrides(kind, overrides, x.shape[1])
        steps = steps_from(kind, cell, projected, overrides)
        return [steps[0].h_before, *(step.h for step in steps)], steps
    states = [np.zeros((len(x), cell.units))]
    for a in projected:
        states.append(np.tanh(a + states[-1] @ cell.recurrent + cell.bias))
    return states, ()


def _back(kind: str, cell: Cell, x: np.ndarray, states: list[np.ndarray], steps: tuple, dh: np.ndarray) -> tuple:
    """From ∂E/∂h_T: the gradients of kernel, recurrent and bias, and ‖∂E/∂h_t‖ after each word, (T,)."""
    grads = tuple(np.zeros_like(q) for q in cell)
    n, dc, norms = cell.units, np.zeros_like(dh), np.zeros(x.shape[1])
    for t in reversed(range(x.shape[1])):
        norms[t] = np.linalg.norm(np.concatenate([dh, dc], axis=1))
        before = states[t]
        if kind == "rnn":
            da = da_in = dh * (1 - states[t + 1] ** 2)
        elif kind == "lstm":
            s: LstmStep = steps[t]
            squashed = np.tanh(s.c)
            dc = dc + dh * s.o * (1 - squashed**2)
            parts = (
                dc * s.candidate * s.i * (1 - s.i),
                dc * s.c_before * s.f * (1 - s.f),
                dc * s.i * (1 - s.candidate**2),
                dh * squashed * s.o * (1 - s.o),
            )
            da = da_in = np.concatenate(parts, axis=1)
            dc = dc * s.f
        else:
            g: GruStep = steps[t]
            inner = before @ cell.recurrent[:, 2 * n :] + cell.bias[1, 2 * n :]
            dnew = dh * (1 - g.z) * (1 - g.candidate**2)
            dz = dh * (before - g.candidate) * g.z * (1 - g.z)
            dr = dnew * inner * g.r * (1 - g.r)
            da_in, da = np.concatenate([dz, dr, dnew], axis=1), np.concatenate([dz, dr, dnew * g.r], axis=1)
        np.add.at(grads[0], x[:, t], da_in)
        grads[1][...] += before.T @ da
        grads[2][...] += da.sum(axis=0) if kind != "gru" else np.stack([da_in.sum(axis=0), da.sum(axis=0)])
        dh = da @ cell.recurrent.T + (dh * steps[t].z if kind == "gru" else 0.0)
    return grads, norms


def first_cell(kind: str, units: int, seed: int, keep: float) -> Cell:
    """The untrained cell. The plain RNN has no gate, so `keep` means nothing to it."""
    checks.one_of(kind, _("The network"), KINDS)
    if kind != "rnn":
        return initial(kind, len(VOCABULARY), units, seed, keep)
    n = checks.integer(units, _("The number of units"), 1, 32)
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    limit = np.sqrt(6 / (len(VOCABULARY) + n))
    recurrent = np.linalg.qr(rng.normal(size=(n, n)))[0]
    return Cell(rng.uniform(-limit, limit, size=(len(VOCABULARY), n)), recurrent, np.zeros(n))


def _first_weights(cell: Cell, rng: np.random.Generator) -> list[np.ndarray]:
    return [*cell, rng.normal(size=(cell.units, len(THINGS))) / np.sqrt(cell.units), np.zeros(len(THINGS))]


def loss_and_gradients(
    kind: str, weights: Sequence[np.ndarray], x: np.ndarray, y: np.ndarray
) -> tuple[float, float, list[np.ndarray], np.ndarray]:
    """Cross-entropy, accuracy, the gradients of kernel, recurrent, bias, V, c, and ‖∂E/∂(h_t, c_t)‖ after each word."""
    cell, V, c = Cell(*weights[:3]), weights[3], weights[4]
    states, steps = _forward(kind, cell, x)
    z = states[-1] @ V + c
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    right = np.arange(len(y)), y
    dz = p.copy()
    dz[right] -= 1
    dz /= len(y)
    grads, norms = _back(kind, cell, x, states, steps, dz @ V.T)
    loss, accuracy = float(-np.mean(np.log(p[right] + 1e-300))), float(np.mean(z.argmax(axis=1) == y))
    return loss, accuracy, [*grads, states[-1].T @ dz, dz.sum(axis=0)], norms


def train(
    kind: str,
    steps: int = 6,
    units: int = 12,
    keep: float = 3.0,
    seed: int = 0,
    updates: int = 300,
    progress: Callable[[float], None] | None = None,
) -> Trained:
    """Adam, the gradient clipped to norm 1, on fresh sentences of steps − 1 to steps + 1 folding steps; 1 to 3 s.

    `progress` gets the share that is done.
    """
    cell = first_cell(kind, units, seed, keep)
    steps, seed = checks.integer(steps, _("The folding steps"), 1, 12), int(seed)
    updates = checks.integer(updates, _("The updates"), 1, 3000)
    rng = np.random.default_rng(seed + 1)
    weights = _first_weights(cell, rng)
    moments, losses, accuracies = adam.start(weights), [], []
    for update in range(updates):
        x, y = sentences(BATCH, int(rng.integers(steps - 1, steps + 2)), rng)
        loss, accuracy, grads, _norms = loss_and_gradients(kind, weights, x, y)
        length = np.sqrt(sum(np.sum(g**2) for g in grads))
        weights, moments = adam.update(weights, [g / max(1.0, length) for g in grads], moments, 0.01)
        losses.append(loss)
        accuracies.append(accuracy)
        if progress and (update % 10 == 9 or update + 1 == updates):
            progress((update + 1) / updates)
    net = Trained(kind, steps, Cell(*weights[:3]), weights[3], weights[4], tuple(losses), tuple(accuracies), 0.0)
    return replace(net, accuracy=accuracy_with(net))


def accuracy_with(net: Trained, overrides: Sequence[GateOverride] = (), count: int = 500, seed: int = 99) -> float:
    """Share of right answers on fresh sentences, with gates held or not. Answers in about 50 ms."""
    x, y = sentences(count, net.steps, np.random.default_rng(seed))
    return float(np.mean((_forward(net.kind, net.cell, x, overrides)[0][-1] @ net.V + net.c).argmax(axis=1) == y))


def answer(net: Trained, x: np.ndarray, overrides: Sequence[GateOverride] = ()) -> tuple[np.ndarray, tuple]:
    """P over THINGS after each word, (T, 4), and the cell's steps (none for the plain RNN), for one sentence x (T,)."""
    states, steps = _forward(net.kind, net.cell, x[None], overrides)
    z = np.array([h[0] for h in states[1:]]) @ net.V + net.c
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True), steps


def gradient_reach(kind: str, steps: int = 6, units: int = 12, keep: float = 3.0, seed: int = 0) -> np.ndarray:
    """‖∂E/∂(h_t, c_t)‖ after each word of the untrained network, (T,): what of the error reaches the first sentence."""
    cell = first_cell(kind, units, seed, keep)
    rng = np.random.default_rng(int(seed) + 1)
    weights = _first_weights(cell, rng)
    x, y = sentences(BATCH, checks.integer(steps, _("The folding steps"), 1, 12), rng)
    return loss_and_gradients(kind, weights, x, y)[3]


def question(net: Trained, x: np.ndarray, hold: GateOverride) -> Question:
    """What will the network answer to this sentence with a gate held?"""
    free, held = answer(net, x)[0][-1], answer(net, x, [hold])[0][-1]
    return Question(
        _("It answers {thing}. What will it answer with gate {gate} held at {value:g} from word {first} on?").format(
            thing=THINGS[int(free.argmax())], gate=hold.gate, value=hold.value, first=hold.first
        ),
        THINGS,
        int(held.argmax()),
        _("P was {free:.1%} and becomes {held:.1%} for {thing}; over 500 sentences {all:.0%} are still right.").format(
            free=free[held.argmax()],
            held=held.max(),
            thing=THINGS[int(held.argmax())],
            all=accuracy_with(net, [hold]),
        ),
    )
