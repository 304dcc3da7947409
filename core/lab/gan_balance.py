r"""Where the GAN game of core.lab.gan_game stands: both densities, the best D beside the trained one, V, the balance.

    p_data(x) = Σ_i w_i N(x; x_i, h²)      p_g(x) = E_z N(x; G(z), h²), z on a fine grid of [−1, 1]^Z
    V(D, G)   = ∫ p_data log D + p_g log(1 − D)

on a grid of spacing ≤ h, where sums of Gaussians are integrated to many digits.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from core.i18n import _
from core.lab import checks
from core.lab.concept import Question
from core.lab.digits import equals, tex
from core.lab.gan_game import EDGE, LEAK, LOSSES, REACH, State, g_gradients, generate, logits, step_d, step_g
from core.lab.snippet import SHOW, Snippet, literal, printed

LOG4 = float(np.log(4))
CELLS = {1: 701, 2: 71}  # grid points an axis
NOISE = {1: 400, 2: 48}  # values of z an axis
NOTHING = 1e-12  # a density below which nothing lands


@dataclass(frozen=True)
class View:
    """All values that the page draws. Densities and D are on the grid axis × axis (axis alone in one dimension)."""

    axis: np.ndarray  # (n,)
    p_data: np.ndarray  # (n,) or (n, n), x along the first axis
    p_g: np.ndarray
    D: np.ndarray
    best: np.ndarray  # D*, NaN where neither real nor made points land
    value: float  # V(D, G)
    best_value: float  # V(D*, G)
    real: float  # E D(x)
    fake: float  # E D(G(z))
    made: np.ndarray  # G(z) for z evenly spread, (m, dimension)
    pulls: dict[str, float]  # length of G's gradient under each of LOSSES, over all of `made`

    @property
    def divergence(self) -> float:
        """JSD(p_data ‖ p_g), between 0 and log 2."""
        return (self.best_value + LOG4) / 2


@lru_cache(maxsize=2)
def grid(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """The axis (n,) and all grid points (n^dimension, dimension)."""
    axis = np.linspace(-EDGE, EDGE, CELLS[dimension])
    return axis, _cells(axis, dimension)


def _cells(axis: np.ndarray, dimension: int) -> np.ndarray:
    return np.stack(np.meshgrid(*[axis] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)


@lru_cache(maxsize=2)
def noise(dimension: int) -> np.ndarray:
    """z at the middles of even cells of [−1, 1]^Z, (m, Z)."""
    n = NOISE[dimension]
    return _cells((np.arange(n) + 0.5) / n * 2 - 1, dimension)


def density(centres: np.ndarray, weights: np.ndarray, h: float) -> np.ndarray:
    """Σ_i w_i N(x; c_i, h²) on the grid, (n,) or (n, n)."""
    axis = grid(centres.shape[1])[0]
    bells = [np.exp(-0.5 * ((axis[:, None] - c) / h) ** 2) / (h * np.sqrt(2 * np.pi)) for c in centres.T]
    return bells[0] @ weights if len(bells) == 1 else (bells[0] * weights) @ bells[1].T


def best_discriminator(p_data: np.ndarray, p_g: np.ndarray) -> np.ndarray:
    """D* = p_data / (p_data + p_g); NaN where the sum is below NOTHING."""
    total = p_data + p_g
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total > NOTHING, p_data / total, np.nan)


def evaluate_state(state: State) -> View:
    """Compute densities, D, D* and V of a state; takes a few milliseconds."""
    game, dimension = state.game, state.game.dimension
    axis, points = grid(dimension)
    cell = (axis[1] - axis[0]) ** dimension
    made = generate(state.G, noise(dimension))
    p_data = density(game.points, game.weights, game.blur)
    p_g = density(made, np.full(len(made), 1 / len(made)), game.blur)
    a = logits(state.D, points).reshape(p_data.shape)
    D, best = 0.5 + 0.5 * np.tanh(a / 2), best_discriminator(p_data, p_g)
    value = -float(np.sum(p_data * np.logaddexp(0, -a) + p_g * np.logaddexp(0, a))) * cell
    total = np.where(np.isnan(best), 1.0, p_data + p_g)
    gain = sum(np.sum(p * np.log(np.maximum(p, 1e-300) / total), where=~np.isnan(best)) for p in (p_data, p_g))
    best_value = float(gain) * cell
    pulls = {}
    for loss in LOSSES:
        grads = g_gradients(state, noise(dimension), np.zeros_like(made), loss)
        pulls[loss] = float(np.sqrt(sum(np.sum(g**2) for g in grads)))
    real, fake = (float(np.sum(p * D)) * cell for p in (p_data, p_g))
    return View(axis, p_data, p_g, D, best, value, best_value, real, fake, made, pulls)


def gradient_curves(count: int = 101) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """D(G(z)) from 0 to 1, and how hard each loss pulls on D's logit there: D (minimax) and 1 − D (non-saturating)."""
    D = np.linspace(0, 1, count)
    return D, D.copy(), 1 - D


def at(state: State, view: View, x: np.ndarray) -> tuple[float, float, float, float]:
    """p_data, p_g, D* and D at the grid point nearest to x (dimension,), each within ±EDGE. Raises UserError."""
    x = checks.array(x, _("The point"), (state.game.dimension,), EDGE)
    place = tuple(np.abs(view.axis[:, None] - x).argmin(axis=0))
    return tuple(float(values[place]) for values in (view.p_data, view.p_g, view.best, view.D))  # type: ignore


def formula_with_digits(state: State, view: View, x: np.ndarray) -> str:
    """D* beside D at one point, and V beside its bounds, with the live numbers."""
    p, q, best, D = at(state, view, x)
    share = rf"\frac{{{tex(p)}}}{{{tex(p)} + {tex(q)}}} {equals(best)}"
    if not np.isfinite(best):
        share = r"\text{undefined, as nothing lands here}"
    bound = rf"-\log 4 + 2 \cdot {tex(view.divergence, 4)} {equals(view.best_value)}"
    return (
        rf"\begin{{aligned}} D^*(x) &= {share}, \quad D(x) {equals(D)} \\ "
        rf"V(D, G) &{equals(view.value)} \le V(D^*, G) = {bound}, \quad -\log 4 {equals(-LOG4)} \\ "
        rf"\mathbb{{E}} D(x) &{equals(view.real)}, \quad \mathbb{{E}} D(G(z)) {equals(view.fake)} \end{{aligned}}"
    )


def question(state: State, who: str, times: int = 20) -> Question:
    """What do some steps of one player, "D" or "G", do to V?"""
    checks.one_of(who, _("The player"), ("D", "G"))
    before = evaluate_state(state).value
    after = evaluate_state(step_d(state, times) if who == "D" else step_g(state, times)).value
    change = after - before
    return Question(
        _("V is {before:.3f}. Now {who} makes {times} steps while the other waits: what does V do?").format(
            before=before, who=who, times=times
        ),
        (_("It rises"), _("It falls"), _("It changes by less than 0.005")),
        2 if abs(change) < 0.005 else int(change < 0),
        _("V goes to {after:.3f}; D climbs it, G descends it, and at the balance, {log4:.3f}, neither gains.").format(
            after=after, log4=-LOG4
        ),
    )


def snippet(state: State) -> Snippet:
    """D and G out of Keras layers with the present weights; prints V, V(D*, G) and what D thinks of both."""
    game, view = state.game, evaluate_state(state)
    d, n, m = game.dimension, CELLS[game.dimension], NOISE[game.dimension]

    def arrays(net: tuple[np.ndarray, ...]) -> str:
        return "[\n    " + ",\n    ".join(f"np.array({literal(w)})" for w in net) + ",\n]"

    code = f"""\
import keras
import numpy as np

{SHOW}
def network(weights, activation):
    sizes = [len(b) for b in weights[1::2]]
    net = keras.Sequential([keras.Input(({d},), dtype="float64")])
    for n, f in zip(sizes, (activation, activation, None)):
        net.add(keras.layers.Dense(n, f, dtype="float64"))
    net.set_weights(weights)
    return lambda x: np.asarray(net(x))


def cells(axis):
    return np.stack(np.meshgrid(*[axis] * {d}, indexing="ij"), axis=-1).reshape(-1, {d})


def density(centres, weights):  # a sum of Gaussians of width h
    bells = np.exp(-0.5 * ((x[:, None] - centres) / {game.blur}) ** 2).prod(axis=-1)
    return bells @ weights / ({game.blur} * np.sqrt(2 * np.pi)) ** {d}


D = network({arrays(state.D)}, lambda a: keras.ops.leaky_relu(a, {LEAK}))
G = network({arrays(state.G)}, "tanh")
axis = np.linspace(-{EDGE}, {EDGE}, {n})
x, cell = cells(axis), (axis[1] - axis[0]) ** {d}
made = {REACH} * np.tanh(G(cells((np.arange({m}) + 0.5) / {m} * 2 - 1)) / {REACH})
p_data = density(np.array({literal(game.points)}), np.array({literal(game.weights)}))
p_g = density(made, np.full(len(made), 1 / len(made)))
a = D(x)[:, 0]
value = -np.sum(p_data * np.logaddexp(0, -a) + p_g * np.logaddexp(0, a)) * cell
total = p_data + p_g
with np.errstate(all="ignore"):
    gain = p_data * np.log(p_data / total) + p_g * np.log(p_g / total)
best = np.nansum(np.where(total > {NOTHING}, gain, 0)) * cell
share = 1 / (1 + np.exp(-a))
print("V", show(value), "V of the best D", show(best), "-log 4", show(-np.log(4)))
print("D on real", show(np.sum(p_data * share) * cell), "on made", show(np.sum(p_g * share) * cell))
"""
    return Snippet(
        code,
        printed(
            ("V", view.value, "V of the best D", view.best_value, "-log 4", -LOG4),
            ("D on real", view.real, "on made", view.fake),
        ),
    )
