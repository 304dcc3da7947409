r"""The GAN game in one or two dimensions, where the best discriminator is known exactly.

    V(D, G) = E_x log D(x) + E_z log(1 − D(G(z)))        D climbs it, G descends it
    D*(x)   = p_data(x) / (p_data(x) + p_g(x))           the best D against this G
    V(D*, G) = −log 4 + 2·JSD(p_data ‖ p_g) ≥ −log 4     reached only when p_g = p_data, and then D* = ½ everywhere

minimax          G descends E log(1 − D(G(z))): its pull on D's logit a is −σ(a), nothing where D is sure of a fake
non-saturating   G climbs E log D(G(z)): its pull is −(1 − σ(a)), strongest exactly there

Goodfellow et al. 2014. So that both densities are known, each drawn point is a small Gaussian of width h, and G's
points are blurred with the same h: p_data and p_g are sums of Gaussians (integrals: core.lab.gan_balance). D and
G are multilayer perceptrons with two hidden layers; z is uniform in [−1, 1]^Z with Z the dimension of the data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import adam, checks
from core.lab.concept import Concept, Link

CONCEPT = Concept(
    key="gan-game",
    title=N_("The GAN game"),
    summary=N_(
        "A generator makes points out of noise, a discriminator tells them from real ones, and each learns from the "
        "other. Both play for one number, V: the discriminator raises it, the generator lowers it. Against a perfect "
        "generator the best discriminator can only guess, one half everywhere, and V is −log 4."
    ),
    formula=r"\min_G \max_D V(D, G) = \mathbb{E}_x \log D(x) + \mathbb{E}_z \log (1 - D(G(z))) \qquad "
    r"D^*(x) = \frac{p_{data}(x)}{p_{data}(x) + p_g(x)}",
    note=N_("GAN: the game, its value function and its balance"),
    prerequisites=("backpropagation", "losses"),
    links=(Link("gan", "Dense", N_("Your own generator and discriminator, playing the same game over images")),),
)

LOSSES = ("minimax", "non-saturating")
REACH = 2.5  # G's points stay within ±REACH, drawn ones within ±2
EDGE = 3.5  # the grid's: 4 h beyond REACH
BATCH = 128
LEAK = 0.2

Network = tuple[np.ndarray, ...]  # W, b of each layer in turn


@dataclass(frozen=True)
class Game:
    """The rules. Raises UserError on points or numbers out of range."""

    points: Any  # (n, 1) or (n, 2), within ±2
    weights: Any = None  # (n,), how often each point is drawn; None: equally
    blur: float = 0.15  # h
    units: int = 16
    seed: int = 0
    loss: str = "non-saturating"
    rate_d: float = 2e-3
    rate_g: float = 1e-3

    def __post_init__(self) -> None:
        points = checks.array(self.points, _("The data"), (None, None), 2.0)
        if points.shape[1] > 2 or len(points) > 1000:
            n, d = points.shape
            raise UserError(_("The data is {n} × {d}: draw 1 to 1000 points of 1 or 2 coordinates.").format(n=n, d=d))
        weights = np.ones(len(points)) if self.weights is None else self.weights
        weights = checks.array(weights, _("The weights of the points"), (len(points),), 1e6)
        if weights.min() < 0 or weights.sum() <= 0:
            raise UserError(_("The drawing is empty: draw at least one point."))
        clean = {
            "points": points,
            "weights": weights / weights.sum(),
            "blur": checks.number(self.blur, _("The blur"), 0.1, 0.25),
            "units": checks.integer(self.units, _("The number of units"), 1, 32),
            "seed": checks.integer(self.seed, _("The seed"), 0, 2**31 - 1),
            "loss": checks.one_of(self.loss, _("The generator's loss"), LOSSES),
            "rate_d": checks.number(self.rate_d, _("D's learning rate"), 0.0, 0.1),
            "rate_g": checks.number(self.rate_g, _("G's learning rate"), 0.0, 0.1),
        }
        for name, value in clean.items():
            object.__setattr__(self, name, value)

    @property
    def dimension(self) -> int:
        return int(self.points.shape[1])


@dataclass(frozen=True)
class State:
    """Where the game stands. Every step gives a new state, so a page goes back by keeping the old ones."""

    game: Game
    D: Network
    G: Network
    moments_d: adam.Moments
    moments_g: adam.Moments
    steps_d: int = 0
    steps_g: int = 0


def bars(heights: Any) -> tuple[np.ndarray, np.ndarray]:
    """A drawn histogram over [−2, 2], 2 to 40 bars, as points (n, 1) and weights (n,). Raises UserError if empty."""
    h = checks.array(heights, _("The bars"), (None,), 1e6)
    if not 2 <= len(h) <= 40:
        raise UserError(_("There are {n} bars: draw 2 to 40.").format(n=len(h)))
    if h.min() < 0 or h.max() == 0:
        raise UserError(_("The bars have to be 0 or higher, at least one of them above 0."))
    return np.linspace(-1.9, 1.9, len(h))[:, None], h


def cells(drawing: Any) -> np.ndarray:
    """A drawn picture of 0 and 1, 4 × 4 to 30 × 30, first row on top, as points (n, 2). Raises UserError if empty."""
    drawn = checks.array(drawing, _("The drawing"), (None, None), 1)
    rows, columns = drawn.shape
    if not (4 <= rows <= 30 and 4 <= columns <= 30):
        raise UserError(_("The drawing is {0} × {1}: use 4 × 4 to 30 × 30 cells.").format(rows, columns))
    at = np.argwhere(drawn > 0.5)
    if not len(at):
        raise UserError(_("The drawing is empty: draw at least one point."))
    return np.column_stack([at[:, 1] / (columns - 1) * 3.6 - 1.8, 1.8 - at[:, 0] / (rows - 1) * 3.6])


_TURN = np.linspace(0, 2 * np.pi, 24, endpoint=False)
SHAPES: dict[str, np.ndarray] = {
    "one bump": np.array([[0.8]]),
    "two bumps": np.array([[-1.2], [1.0]]),
    "three bumps": np.array([[-1.5], [0.0], [1.5]]),
    "blob": np.array([[0.8, -0.6]]),
    "ring": 1.3 * np.column_stack([np.cos(_TURN), np.sin(_TURN)]),
    "line": np.column_stack([np.linspace(-1.5, 1.5, 16), np.linspace(-1, 1, 16)]),
    "four corners": 1.3 * np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]]),
}


def start(game: Game) -> State:
    """Seeded networks that have learned nothing."""
    rng = np.random.default_rng(game.seed)
    d, U = game.dimension, game.units

    def network(sizes: Sequence[int]) -> Network:
        pairs = [(rng.normal(size=(a, b)) / np.sqrt(a), np.zeros(b)) for a, b in pairwise(sizes)]
        return tuple(array for pair in pairs for array in pair)

    D, G = network((d, U, U, 1)), network((d, U, U, d))
    return State(game, D, G, adam.start(D), adam.start(G))


def _forward(net: Network, x: np.ndarray, leaky: bool) -> tuple[np.ndarray, list[tuple[np.ndarray, np.ndarray]]]:
    """The last layer's sum (B, out), and each layer's input and its activation's slope."""
    kept, slope = [], np.ones_like(x)
    for layer in range(0, len(net), 2):
        kept.append((x, slope))
        a = x @ net[layer] + net[layer + 1]
        if layer + 2 == len(net):
            break
        slope = np.where(a > 0, 1.0, LEAK) if leaky else 1 - np.tanh(a) ** 2
        x = slope * a if leaky else np.tanh(a)
    return a, kept


def _backward(net: Network, kept: list, da: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Gradients of the weights, in their order, and of the input."""
    grads: list[np.ndarray] = []
    for layer, (x, slope) in zip(range(len(net) - 2, -1, -2), reversed(kept), strict=True):
        grads = [x.T @ da, da.sum(axis=0), *grads]
        da = (da @ net[layer].T) * slope
    return grads, da


def logits(D: Network, x: np.ndarray) -> np.ndarray:
    """a(x), (B,); D(x) = σ(a)."""
    return _forward(D, x, True)[0][:, 0]


def generate(G: Network, z: np.ndarray) -> np.ndarray:
    """G(z), (B, dimension), before the blur."""
    return REACH * np.tanh(_forward(G, z, False)[0] / REACH)


def _batch(state: State, who: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Real points, noise z and the blur of G's points for the next step, drawn by the seed and the step's number."""
    game = state.game
    rng = np.random.default_rng((game.seed, who, state.steps_d, state.steps_g))
    chosen = rng.choice(len(game.points), size=BATCH, p=game.weights)
    real = game.points[chosen] + game.blur * rng.normal(size=(BATCH, game.dimension))
    z = rng.uniform(-1, 1, size=(BATCH, game.dimension))
    return real, z, game.blur * rng.normal(size=(BATCH, game.dimension))


def d_gradients(state: State, real: np.ndarray, fake: np.ndarray) -> list[np.ndarray]:
    """The gradient of −V for D on these points."""
    a, kept = _forward(state.D, np.concatenate([real, fake]), True)
    share = 0.5 + 0.5 * np.tanh(a / 2)
    share[: len(real)] -= 1
    share[: len(real)] /= len(real)
    share[len(real) :] /= len(fake)
    return _backward(state.D, kept, share)[0]


def g_gradients(state: State, z: np.ndarray, blur: np.ndarray, loss: str) -> list[np.ndarray]:
    """The gradient of G's loss through D, which stays as it is."""
    out, kept_g = _forward(state.G, z, False)
    squashed = np.tanh(out / REACH)
    a, kept_d = _forward(state.D, REACH * squashed + blur, True)
    share = 0.5 + 0.5 * np.tanh(a / 2)
    pull = (-share if loss == "minimax" else share - 1) / len(z)
    dx = _backward(state.D, kept_d, pull)[1]
    return _backward(state.G, kept_g, dx * (1 - squashed**2))[0]


def step_d(state: State, times: int = 1) -> State:
    """D makes `times` steps up V; G waits."""
    for _n in range(checks.integer(times, _("The steps"), 0, 10_000)):
        real, z, blur = _batch(state, 0)
        grads = d_gradients(state, real, generate(state.G, z) + blur)
        D, moments = adam.update(state.D, grads, state.moments_d, state.game.rate_d, beta_1=0.5)
        state = replace(state, D=tuple(D), moments_d=moments, steps_d=state.steps_d + 1)
    return state


def step_g(state: State, times: int = 1) -> State:
    """G makes `times` steps with its loss; D waits."""
    for _n in range(checks.integer(times, _("The steps"), 0, 10_000)):
        _real, z, blur = _batch(state, 1)
        grads = g_gradients(state, z, blur, state.game.loss)
        G, moments = adam.update(state.G, grads, state.moments_g, state.game.rate_g, beta_1=0.5)
        state = replace(state, G=tuple(G), moments_g=moments, steps_g=state.steps_g + 1)
    return state


def play(
    state: State, rounds: int, keep: int = 40, progress: Callable[[float], None] | None = None
) -> tuple[State, ...]:
    """`rounds` times D, then G. About `keep` states on the way, the last one among them; `progress` gets the share."""
    rounds = checks.integer(rounds, _("The rounds"), 1, 20_000)
    every = max(1, rounds // checks.integer(keep, _("The states to keep"), 1, 1000))
    kept = []
    for n in range(1, rounds + 1):
        state = step_g(step_d(state))
        if n % every == 0 or n == rounds:
            kept.append(state)
            if progress:
                progress(n / rounds)
    return tuple(kept)
