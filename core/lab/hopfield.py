r"""The Hopfield network: pictures stored in symmetric weights, recalled neuron by neuron with falling energy.

    w_ij = (1/N) Σ_μ x_i^μ x_j^μ,  w_ii = 0          Hebb's rule over the P stored patterns x^μ ∈ {−1, +1}^N
    h_i  = Σ_j w_ij s_j,   s_i ← sign(h_i)           one neuron at a time; h_i = 0 leaves it as it is
    E    = −½ Σ_ij w_ij s_i s_j                      a flip of neuron i changes E by −2 |h_i|, so E only falls
    m^μ  = (1/N) Σ_i x_i^μ s_i                       overlap with pattern μ: 1 the pattern itself, −1 its inverse

Hopfield 1982. Random patterns are kept up to P ≈ 0.138 N (Amit, Gutfreund and Sompolinsky 1985); besides them their
inverses and mixtures such as sign(x¹ + x² + x³) are stable too: memories of what was never stored.
"""

from dataclasses import dataclass
from itertools import combinations, product
from math import erfc, sqrt
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Question
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, printed

CONCEPT = Concept(
    key="hopfield",
    title=N_("Hopfield network"),
    summary=N_(
        "Every neuron is joined to every other, and the weights are written once, by Hebb's rule, from the pictures to "
        "be kept. A damaged picture then mends itself: one neuron after another follows its neighbours, and each flip "
        "lowers the energy until a memory is reached. Too many pictures disturb each other, and some valleys hold "
        "pictures that nobody stored."
    ),
    formula=r"w_{ij} = \frac{1}{N} \sum_{\mu} x_i^{\mu} x_j^{\mu}, \quad w_{ii} = 0 \qquad "
    r"s_i \leftarrow \operatorname{sign} \Big( \sum_j w_{ij} s_j \Big) \qquad "
    r"E = -\frac{1}{2} \sum_{ij} w_{ij} s_i s_j",
    note=N_("RNN: the Hopfield network"),
    prerequisites=("perceptron",),
)

MOST_PATTERNS = 20
MOST_SWEEPS = 50
CAPACITY = 0.138
_ART = {
    "smile": ("..###..", ".#...#.", "#.#.#.#", "#.....#", "#.#.#.#", ".#.#.#.", "..###.."),
    "cross": ("#.....#", ".#...#.", "..#.#..", "...#...", "..#.#..", ".#...#.", "#.....#"),
    "house": ("...#...", "..###..", ".#####.", "#######", ".#...#.", ".#.#.#.", ".#.#.#."),
    "stripes": ("##..##.", "##..##.", "##..##.", "##..##.", "##..##.", "##..##.", "##..##."),
}
PICTURES: dict[str, np.ndarray] = {
    name: np.array([[c == "#" for c in row] for row in rows], int) for name, rows in _ART.items()
}


@dataclass(frozen=True)
class Step:
    """Update of one neuron. `state` (N,) and `energy` are those after the update."""

    number: int  # from 1
    sweep: int  # passes over all neurons, from 1
    neuron: int  # from 0, row by row
    field: float
    old: int
    new: int
    energy: float
    state: np.ndarray

    @property
    def flipped(self) -> bool:
        return self.old != self.new


@dataclass(frozen=True)
class FinalState:
    """Where a recall ends. kind: "stored", "inverse", "mixture" (of three, `of` says which) or "other"."""

    kind: str
    of: tuple[int, ...] = ()


@dataclass(frozen=True)
class Recall:
    """All steps from `start` until a whole sweep flipped nothing (`settled`)."""

    start: np.ndarray
    start_energy: float
    steps: tuple[Step, ...]
    settled: bool
    ending: FinalState

    @property
    def end(self) -> np.ndarray:
        return self.steps[-1].state


def pattern(cells: Any) -> np.ndarray:
    """A drawing of 0 and 1, 2 × 2 to 12 × 12, as −1 and +1, (N,). Raises UserError, also if it is empty or full."""
    drawn = checks.array(cells, _("The drawing"), (None, None), 1)
    if max(drawn.shape) > 12 or min(drawn.shape) < 2:
        raise UserError(_("The drawing is {0} × {1}: use 2 × 2 to 12 × 12 cells.").format(*drawn.shape))
    if not np.isin(drawn, (0, 1)).all():
        raise UserError(_("The drawing has a cell that is neither 0 nor 1: fill it with one of them."))
    if drawn.min() == drawn.max():
        raise UserError(_("The drawing is empty or full: draw something and leave something blank."))
    return (2 * drawn - 1).astype(int).ravel()


def stack_patterns(patterns: Any) -> np.ndarray:
    """Patterns of −1 and +1 as (P, N). Raises UserError on none, too many, different sizes, or the same one twice."""
    patterns = list(patterns)
    if not 1 <= len(patterns) <= MOST_PATTERNS:
        raise UserError(_("There are {n} patterns: store 1 to {most}.").format(n=len(patterns), most=MOST_PATTERNS))
    if len({len(p) for p in patterns}) > 1:
        raise UserError(_("The patterns have different sizes: draw all on the same grid."))
    x = np.array(patterns, int)
    if not np.isin(x, (-1, 1)).all():
        raise UserError(_("A pattern has a cell that is neither −1 nor +1: make it with `pattern`."))
    if len(np.unique(x, axis=0)) < len(x):
        raise UserError(_("The same pattern is stored twice: delete one of the two."))
    return x


def hebbian(patterns: Any) -> np.ndarray:
    """W (N, N), symmetric, with a zero diagonal."""
    x = stack_patterns(patterns)
    W = x.T @ x / x.shape[1]
    np.fill_diagonal(W, 0.0)
    return W


def energy(W: np.ndarray, s: np.ndarray) -> float:
    """E = −½ sᵀ W s."""
    return float(-0.5 * s @ W @ s)


def overlaps(patterns: Any, s: np.ndarray) -> np.ndarray:
    """m^μ, (P,), each in [−1, 1]."""
    return stack_patterns(patterns) @ s / len(s)


def damage(x: np.ndarray, share: float, seed: int) -> np.ndarray:
    """`x` with `share` (0 to 1) of its cells flipped, drawn by the seed."""
    share = checks.number(share, _("The damage"), 0.0, 1.0)
    flips = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1)).permutation(len(x))
    s = x.copy()
    s[flips[: round(share * len(x))]] *= -1
    return s


def order(n: int, seed: int) -> np.ndarray:
    """The order in which a sweep asks the n neurons."""
    return np.random.default_rng(seed).permutation(n)


def recall(patterns: Any, start: np.ndarray, seed: int = 0) -> Recall:
    """Update the neurons one by one, in the seeded order, until a whole sweep flips none."""
    x = stack_patterns(patterns)
    W = hebbian(x)
    if len(start) != len(W) or not np.isin(start, (-1, 1)).all():
        raise UserError(_("The start does not fit the stored patterns: draw it on the same grid."))
    s, now = start.astype(int), energy(W, start)
    steps: list[Step] = []
    neurons = order(len(s), checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    flipped, sweep = True, 0
    while flipped and sweep < MOST_SWEEPS:
        flipped, sweep = False, sweep + 1
        for i in neurons:
            h, old = round(float(W[i] @ s), 12), int(s[i])  # a sum of ±1/N that cancels must be 0, not 1e-17
            new = old if h == 0 else int(np.sign(h))
            if new != old:
                s = s.copy()
                s[i], now, flipped = new, round(now - 2 * abs(h), 12) + 0.0, True
            steps.append(Step(len(steps) + 1, sweep, int(i), h, old, new, now, s))
    return Recall(start, energy(W, start), tuple(steps), not flipped, classify_state(x, s))


def classify_state(patterns: Any, s: np.ndarray) -> FinalState:
    """What `s` is: a stored pattern, an inverse, sign(±x^a ± x^b ± x^c) of three, or something else."""
    return _classify_states(stack_patterns(patterns), s[None])[0]


def _classify_states(x: np.ndarray, S: np.ndarray) -> list[FinalState]:
    """classify_state() of many states (K, N) at once. Integers stored as floats keep the products exact and fast."""
    N = x.shape[1]
    threes = [(three, signs) for three in combinations(range(len(x)), 3) for signs in product((1, -1), repeat=2)]
    mixed = [np.sign(x[a] + p * x[b] + q * x[c]) for (a, b, c), (p, q) in threes]
    known = np.concatenate([x, np.array(mixed, int).reshape(-1, N)]).astype(np.float32)
    products = S.astype(np.float32) @ known.T
    found = []
    for row in products:
        hit = np.flatnonzero(np.abs(row) == N)
        if not len(hit):
            found.append(FinalState("other"))
        elif hit[0] < len(x):
            found.append(FinalState("stored" if row[hit[0]] > 0 else "inverse", (int(hit[0]),)))
        else:
            found.append(FinalState("mixture", threes[hit[0] - len(x)][0]))
    return found


def _settle(x: np.ndarray, S: np.ndarray, seed: int) -> np.ndarray:
    """Many starts S (K, N) at once, updated neuron by neuron until none flips, under Hebb's weights of x (P, N)."""
    W = (x.T @ x).astype(float)  # N times the weights: whole numbers, so a field of 0 is exactly 0
    np.fill_diagonal(W, 0)
    s = S.T.astype(float)
    for _sweep in range(MOST_SWEEPS):
        before = s.copy()
        for i in order(len(W), seed):
            s[i] = np.sign(2 * (W[i] @ s) + s[i])  # sign(h), and s itself where h is 0
        if np.array_equal(before, s):
            break
    return s.T.astype(int)


def count_attractors(patterns: Any, starts: int = 200, seed: int = 0) -> dict[str, int]:
    """Count the kinds of FinalState that `starts` random states converge to."""
    x, starts = stack_patterns(patterns), checks.integer(starts, _("The number of starts"), 1, 1000)
    seed = checks.integer(seed, _("The seed"), 0, 2**31 - 1)
    S = np.random.default_rng(seed).choice((-1, 1), size=(starts, x.shape[1]))
    counts = dict.fromkeys(("stored", "inverse", "mixture", "other"), 0)
    for end in _classify_states(x, _settle(x, S, seed)):
        counts[end.kind] += 1
    return counts


@dataclass(frozen=True)
class Load:
    """How P random patterns fare. Shares of 1: `recalled` from a damaged start, `unstable` cells when undamaged."""

    count: int
    recalled: float  # ended with an overlap above 0.95
    unstable: float
    expected_unstable: float  # ½ erfc(√(N / 2(P − 1))): one cell against the others' Gaussian crosstalk


def capacity(n: int) -> tuple[Load, ...]:
    """Store more and more random patterns of n neurons; see how many are recalled after damage to every tenth cell."""
    n = checks.integer(n, _("The number of neurons"), 10, 144)
    loads = []
    rng = np.random.default_rng(0)
    for P in sorted({max(1, round(n * load)) for load in np.linspace(0.02, 0.3, 12)}):
        x = rng.choice((-1, 1), size=(P, n))
        W = x.T @ x
        np.fill_diagonal(W, 0)
        S = np.where(np.argsort(rng.random((P, n)), axis=1) < round(0.1 * n), -x, x)
        recalled = float(np.mean((_settle(x, S, 0) * x).mean(axis=1) > 0.95))
        unstable = float(np.mean(x * (x @ W) < 0))
        expected = 0.5 * erfc(sqrt(n / (2 * (P - 1)))) if P > 1 else 0.0
        loads.append(Load(int(P), recalled, unstable, expected))
    return tuple(loads)


def formula_with_digits(patterns: Any, step: Step) -> str:
    """h_i as the votes of the stored patterns, Σ_μ x_i^μ m^μ − (P/N) s_i, which equals Σ_j w_ij s_j; and E's fall."""
    x, i = stack_patterns(patterns), step.neuron
    s, n = step.state.copy(), step.neuron + 1
    s[i] = step.old
    P, N = x.shape
    votes = " + ".join(rf"{term(x[mu, i])} \cdot {term(m)}" for mu, m in enumerate(x @ s / N))
    if step.flipped:
        then = rf"s_{{{n}}} \leftarrow {step.new}, \quad \Delta E = -2 \cdot {tex(abs(step.field))} "
        then += equals(-2 * abs(step.field))
    else:
        then = rf"s_{{{n}}} = {step.new} \text{{ stays}}, \quad \Delta E = 0"
    return (
        rf"\begin{{aligned}} h_{{{n}}} &= \sum_\mu x_{{{n}}}^\mu m^\mu - \tfrac{{P}}{{N}} s_{{{n}}} = {votes} "
        rf"- \tfrac{{{P}}}{{{N}}} \cdot {term(step.old)} {equals(step.field)} \\ & {then} \end{{aligned}}"
    )


def question(patterns: Any, start: np.ndarray, names: tuple[str, ...], seed: int = 0) -> Question:
    """Where will the recall from `start` end? `names` are those of the stored patterns."""
    done = recall(patterns, start, seed)
    m, n = overlaps(patterns, start), overlaps(patterns, done.end)
    stored = done.ending.of if done.ending.kind == "stored" else ()
    near = sorted({*np.argsort(-m)[:3].tolist(), *stored})
    answer = near.index(stored[0]) if stored else len(near) + (done.ending.kind != "inverse")
    return Question(
        _("Where does the recall from this picture end?"),
        (*(names[i] for i in near), _("The inverse of a stored picture"), _("A picture that nobody stored")),
        answer,
        _(
            "Its largest overlap with a stored picture is {begin:.2f} at first and {end:.2f} at last, after {flips} "
            "flips; the energy fell from {high:.3f} to {low:.3f}."
        ).format(
            begin=m[np.abs(m).argmax()],
            end=n[np.abs(n).argmax()],
            flips=sum(step.flipped for step in done.steps),
            high=done.start_energy,
            low=done.steps[-1].energy,
        ),
    )


def snippet(patterns: Any, start: np.ndarray, width: int, seed: int = 0) -> Snippet:
    """The same recall, a Keras Dense layer giving the fields; prints the energy after each sweep and the end."""
    x, done = stack_patterns(patterns), recall(patterns, start, seed)
    N = x.shape[1]
    rows = ["".join("#" if c > 0 else "." for c in p) for p in (*x, start)]
    sweeps = done.steps[-1].sweep
    code = f"""\
import keras
import numpy as np

{SHOW}
def read(picture):
    return np.array([1.0 if c == "#" else -1.0 for c in picture])


patterns = np.array([read(picture) for picture in {rows[:-1]!r}])
s = read({rows[-1]!r})
W = patterns.T @ patterns / {N}
np.fill_diagonal(W, 0)
net = keras.layers.Dense({N}, use_bias=False, dtype="float64")
net.build((None, {N}))
net.set_weights([W])
for sweep in range({sweeps}):
    for i in np.random.default_rng({seed}).permutation({N}):
        h = round(float(net(s[None])[0, i]), 12)
        s[i] = s[i] if h == 0 else np.sign(h)
    print("sweep", sweep + 1, "energy", show(-s @ W @ s / 2))
for row in s.reshape(-1, {width}):
    print("".join("#" if c > 0 else "." for c in row))
"""
    last = {step.sweep: step for step in done.steps}
    lines: list[tuple[Any, ...]] = [("sweep", n, "energy", last[n].energy) for n in sorted(last)]
    lines += [("".join("#" if c > 0 else "." for c in row),) for row in done.end.reshape(-1, width)]
    return Snippet(code, printed(*lines))
