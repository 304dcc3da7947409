r"""Self-attention in the notes' six steps: one encoder block, every array kept.

    1  embedding          X = E[w] + PE,   PE_{p,2k} = sin(p / 10000^{2k/D}),  PE_{p,2k+1} = cos(p / 10000^{2k/D})
    2  scores, softmax    Q, K, V = X W_Q + b_Q, …;   S = Q Kᵀ / √d,   A = softmax(S + mask),   Z = A V
    3  heads              O = [Z¹; …; Z^H] W_O + b_O
    4  residual, norm     N = LN(X + O),   LN(x) = γ (x − mean) / √(var + 10⁻³) + β, over the features
    5  feed-forward       F = ReLU(N W_1 + b_1) W_2 + b_2
    6  residual, norm     Y = LN(N + F)

T words, D features, H heads of d = D/H. A mask lets a word look at some words only: "causal" at itself and those
before, "padding" at real words. Vaswani et al. 2017. Weights are in the shapes of keras.layers.MultiHeadAttention.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex, tex_array
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="attention",
    title=N_("Self-attention, encoder and decoder"),
    summary=N_(
        "Each word asks a question, every word offers a key, and the better the two fit, the more of that word's value "
        "is taken over: a sentence is mixed in one step, however far its words stand apart. Several heads ask at once; "
        "residual paths, layer norm and a feed-forward layer make a block of it. A decoder looks back at what it has "
        "written, under a causal mask, and across at the encoder's words."
    ),
    formula=r"\operatorname{Attention}(Q, K, V) = \operatorname{softmax} \left( \frac{Q K^\top}{\sqrt{d}} \right) V",
    note=N_("Self-attention: the six steps; encoder and decoder"),
    prerequisites=("rnn", "lstm-gru"),
    links=(Link("classifier", "MultiHeadAttention", N_("What your own classifier's heads look at")),),
)

STEPS = 6
MASKS = ("none", "causal", "padding")
PAD = "·"
LONGEST = 12  # words
EPSILON = 1e-3  # keras.layers.LayerNormalization's default


class Weights(NamedTuple):
    """E (V, D); Wq, Wk, Wv (D, H, d); bq, bk, bv (H, d); Wo (H, d, D); bo, γ, β (D,); W1 (D, 2D); W2 (2D, D)."""

    E: np.ndarray
    Wq: np.ndarray
    bq: np.ndarray
    Wk: np.ndarray
    bk: np.ndarray
    Wv: np.ndarray
    bv: np.ndarray
    Wo: np.ndarray
    bo: np.ndarray
    gamma1: np.ndarray
    beta1: np.ndarray
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    gamma2: np.ndarray
    beta2: np.ndarray


@dataclass(frozen=True)
class Encoded:
    """One block's six steps on a sentence. `allowed` (T, T): may word i look at word j?"""

    words: tuple[str, ...]
    weights: Weights
    embedded: np.ndarray  # E[w], (T, D)
    positions: np.ndarray  # PE, (T, D), zeros when switched off
    X: np.ndarray
    Q: np.ndarray  # (H, T, d), as are K, V and Z
    K: np.ndarray
    V: np.ndarray
    S: np.ndarray  # (H, T, T), before the mask
    allowed: np.ndarray
    A: np.ndarray  # (H, T, T), each row sums to 1
    Z: np.ndarray
    O: np.ndarray
    N: np.ndarray
    hidden: np.ndarray  # ReLU(N W1 + b1), (T, 2D)
    F: np.ndarray
    Y: np.ndarray


def read(sentence: str, padding: int = 0) -> tuple[str, ...]:
    """The words of a sentence, parted by blanks, and `padding` signs after them. Raises UserError on 0 or too many."""
    words = tuple(word[:20] for word in str(sentence)[:1000].split())
    padding = checks.integer(padding, _("The padding"), 0, LONGEST - 1)
    if PAD in words:
        raise UserError(_("The sentence holds the sign {sign} of padding: leave it out.").format(sign=PAD))
    if not 1 <= len(words) <= LONGEST - padding:
        raise UserError(
            _("The sentence has {n} words: write 1 to {most}.").format(n=len(words), most=LONGEST - padding)
        )
    return words + (PAD,) * padding


def weights_for(words: tuple[str, ...], features: int = 8, heads: int = 2, seed: int = 0) -> Weights:
    """Seeded weights with two decimals; the same word has the same vector. Raises UserError if H does not divide D."""
    D = checks.integer(features, _("The number of features"), 2, 32)
    H = checks.integer(heads, _("The number of heads"), 1, 8)
    if D % H or D % 2:
        raise UserError(_("{D} features cannot be shared by {H} heads: take an even multiple.").format(D=D, H=H))
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    d = D // H

    def draw(*shape: int, scale: float) -> np.ndarray:
        return np.round(rng.normal(size=shape) * scale, 2)

    Wq, Wk, Wv = (draw(D, H, d, scale=D**-0.5) for _name in "qkv")
    Wo, W1, W2 = draw(H, d, D, scale=D**-0.5), draw(D, 2 * D, scale=D**-0.5), draw(2 * D, D, scale=(2 * D) ** -0.5)
    E = draw(len(set(words)), D, scale=1.0)  # drawn last, so that another word leaves the other weights alone
    b, zero, one = np.zeros((H, d)), np.zeros(D), np.ones(D)
    return Weights(E, Wq, b, Wk, b, Wv, b, Wo, zero, one, zero, W1, np.zeros(2 * D), W2, zero, one, zero)


def sinusoid(T: int, D: int) -> np.ndarray:
    """PE (T, D)."""
    angles = np.arange(T)[:, None] / 10000 ** (2 * (np.arange(D) // 2) / D)
    return np.where(np.arange(D) % 2 == 0, np.sin(angles), np.cos(angles))


def mask(kind: str, words: tuple[str, ...]) -> np.ndarray:
    """(T, T) of True where word i may look at word j."""
    checks.one_of(kind, _("The mask"), MASKS)
    T = len(words)
    if kind == "causal":
        return np.tril(np.ones((T, T), bool))
    real = np.array([word != PAD for word in words]) if kind == "padding" else np.ones(T, bool)
    return np.tile(real, (T, 1))


def softmax(S: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """Along the last axis; what is not allowed gets exactly 0."""
    S = S if allowed is None else np.where(allowed, S, -np.inf)
    e = np.exp(S - S.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return gamma * (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + EPSILON) + beta


def project(x: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x (T, D) through W (D, H, d) + b (H, d), as (H, T, d)."""
    return np.einsum("td,dhe->hte", x, W) + b[:, None]


def encode(words: tuple[str, ...], weights: Weights, masking: str = "none", positions: bool = True) -> Encoded:
    """All six steps. Answers in about a millisecond."""
    w, (T, D) = weights, (len(words), weights.E.shape[1])
    vocabulary = list(dict.fromkeys(words))
    embedded = w.E[[vocabulary.index(word) for word in words]]
    PE = sinusoid(T, D) if positions else np.zeros((T, D))
    X = embedded + PE
    Q, K, V = project(X, w.Wq, w.bq), project(X, w.Wk, w.bk), project(X, w.Wv, w.bv)
    S = Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1])
    allowed = mask(masking, words)
    A = softmax(S, allowed)
    Z = A @ V
    O = np.einsum("hte,hed->td", Z, w.Wo) + w.bo
    N = layer_norm(X + O, w.gamma1, w.beta1)
    hidden = np.maximum(N @ w.W1 + w.b1, 0)
    F = hidden @ w.W2 + w.b2
    Y = layer_norm(N + F, w.gamma2, w.beta2)
    return Encoded(words, w, embedded, PE, X, Q, K, V, S, allowed, A, Z, O, N, hidden, F, Y)


def formula_with_digits(seen: Encoded, step: int, i: int, j: int = 0, head: int = 0) -> str:
    """Step 1 to 6 for word i (from 0), in step 2 towards word j in one head, with the live numbers."""
    T, H, d = len(seen.words), *seen.Q.shape[::2]
    step = checks.integer(step, _("The step"), 1, STEPS)
    i, j = checks.integer(i, _("The word"), 0, T - 1), checks.integer(j, _("The other word"), 0, T - 1)
    h = checks.integer(head, _("The head"), 0, H - 1)
    n = i + 1

    def row(x: np.ndarray) -> str:
        return tex_array(x[None])

    def norm(before: np.ndarray, after: np.ndarray, text: str, name: str) -> str:
        mean, spread = before.mean(), np.sqrt(before.var() + EPSILON)
        return rf"{name}_{{{n}}} = \frac{{{text} - {term(mean)}}}{{{tex(spread)}}} = {row(after)}"

    if step == 1:
        return rf"x_{{{n}}} = {row(seen.embedded[i])} + {row(seen.positions[i])} = {row(seen.X[i])}"
    if step == 2:
        products = " + ".join(rf"{term(q)} \cdot {term(k)}" for q, k in zip(seen.Q[h, i], seen.K[h, j], strict=True))
        score = rf"s_{{{n},{j + 1}}} = \frac{{{products}}}{{\sqrt{{{d}}}}} {equals(seen.S[h, i, j])}"
        looked = np.flatnonzero(seen.allowed[i])
        total = " + ".join(rf"e^{{{tex(seen.S[h, i, k])}}}" for k in looked)
        share = rf"\frac{{e^{{{tex(seen.S[h, i, j])}}}}}{{{total}}}" if seen.allowed[i, j] else r"0 \text{ (masked)}"
        values = " + ".join(rf"{term(seen.A[h, i, k])} \cdot {row(seen.V[h, k])}" for k in looked)
        weight = rf"\alpha_{{{n},{j + 1}}} = {share}" + (f" {equals(seen.A[h, i, j])}" if seen.allowed[i, j] else "")
        mixed = rf"z_{{{n}}} = {values} = {row(seen.Z[h, i])}"
        return rf"\begin{{aligned}} & {score} \\ & {weight} \\ & {mixed} \end{{aligned}}"
    if step == 3:
        together = row(seen.Z[:, i].ravel())
        matrix = tex_array(seen.weights.Wo.reshape(H * d, -1))
        return rf"o_{{{n}}} = {together} {matrix} + {row(seen.weights.bo)} = {row(seen.O[i])}"
    if step == 4:
        return norm(seen.X[i] + seen.O[i], seen.N[i], rf"{row(seen.X[i])} + {row(seen.O[i])}", "n")
    if step == 5:
        return (
            rf"\begin{{aligned}} & \max(0, n_{{{n}}} W_1 + b_1) = {row(seen.hidden[i])} \\ "
            rf"& f_{{{n}}} = {row(seen.F[i])} \end{{aligned}}"
        )
    return norm(seen.N[i] + seen.F[i], seen.Y[i], rf"{row(seen.N[i])} + {row(seen.F[i])}", "y")


def question(seen: Encoded, i: int, head: int = 0) -> Question:
    """Which word does word i take most from?"""
    i = checks.integer(i, _("The word"), 0, len(seen.words) - 1)
    h = checks.integer(head, _("The head"), 0, len(seen.A) - 1)
    a = seen.A[h, i]
    best = int(a.argmax())
    return Question(
        _("Which word does “{word}” (word {n}) take most from in head {head}?").format(
            word=seen.words[i], n=i + 1, head=h + 1
        ),
        tuple(f"{k + 1}: {word}" for k, word in enumerate(seen.words)),
        best,
        _("Its scores are {scores}; softmax makes {share:.1%} of the largest one{mask}.").format(
            scores=", ".join(f"{s:.2f}" for s in seen.S[h, i]),
            share=a[best],
            mask="" if seen.allowed[i].all() else _(", among those that the mask lets it see"),
        ),
    )


def snippet(seen: Encoded) -> Snippet:
    """The block out of Keras' own layers, prints A of each head and Y."""
    w, (H, T, d) = seen.weights, seen.Q.shape
    D = w.E.shape[1]

    def arrays(*some: np.ndarray) -> str:
        return "[" + ", ".join(f"np.array({literal(a)})" for a in some) + "]"

    code = f"""\
import keras
import numpy as np

{SHOW}
F = "float64"
x = np.array([{literal(seen.embedded)}])
position = np.arange({T})[:, None] / 10000 ** (2 * (np.arange({D}) // 2) / {D})
x = x + {"" if seen.positions.any() else "0 * "}np.where(np.arange({D}) % 2 == 0, np.sin(position), np.cos(position))
allowed = np.array([{literal(seen.allowed)}])
attention = keras.layers.MultiHeadAttention({H}, {d}, dtype=F)
attention.build(x.shape, x.shape)
attention.set_weights({arrays(w.Wq, w.bq, w.Wk, w.bk, w.Wv, w.bv, w.Wo, w.bo)})
norm1, norm2 = (keras.layers.LayerNormalization(dtype=F) for _ in range(2))
wide, back = keras.layers.Dense({2 * D}, "relu", dtype=F), keras.layers.Dense({D}, dtype=F)
for layer, features in ((norm1, {D}), (norm2, {D}), (wide, {D}), (back, {2 * D})):
    layer.build((None, None, features))
norm1.set_weights({arrays(w.gamma1, w.beta1)})
norm2.set_weights({arrays(w.gamma2, w.beta2)})
wide.set_weights({arrays(w.W1, w.b1)})
back.set_weights({arrays(w.W2, w.b2)})
o, a = attention(x, x, attention_mask=allowed, return_attention_scores=True)
n = norm1(x + o)
y = norm2(n + back(wide(n)))
for head in a[0]:
    print(show(head))
print(show(y[0]))
"""
    return Snippet(code, printed(*((A,) for A in seen.A), (seen.Y,)))
