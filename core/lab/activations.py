"""Activation functions and their derivatives, and the saturation of a layer.

    a = f(z),   ∂E/∂z = f′(z) ∂E/∂a

z a pre-activation of any shape, a the output. ReLU: Nair and Hinton (2010); leaky: Maas et al. (2013); ELU: Clevert
et al. (2015); SELU: Klambauer et al. (2017); GELU, exact: Hendrycks and Gimpel (2016); SiLU: Elfwing et al. (2017).
At a kink f′ is the value that TensorFlow uses: from the left, for SELU from the right.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.i18n import N_, _, translated_fields
from core.lab import checks
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex
from core.lab.handwriting import digits
from core.lab.snippet import SHOW, Snippet, printed

CONCEPT = Concept(
    key="activations",
    title=N_("Activation functions"),
    summary=N_(
        "Without a bent function between them, many layers are worth no more than one. Each bends differently, and "
        "its slope is the factor that every gradient on the way back is multiplied with: sigmoid never lets more than "
        "a quarter through, ReLU all or nothing. A unit whose slope is almost zero is saturated, and one that is so "
        "for every example is dead: it learns nothing any more."
    ),
    formula=r"a = f(z) \qquad \frac{\partial E}{\partial z} = f'(z)\,\frac{\partial E}{\partial a}",
    note=N_("Neural networks: activation functions; vanishing gradients, first remedy"),
    prerequisites=("backpropagation",),
    links=(Link("gan", "Dense", N_("Saturated and dead units in your own generator.")),),
)

SATURATED = 0.05  # an entry that lets less than this share of the gradient through
DEAD = 1e-6  # a unit that lets less than this through for every example
LIMIT = 20.0  # the largest |z| that a page asks for
SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772

Function = Callable[[np.ndarray, float], np.ndarray]


@translated_fields("title")
@dataclass(frozen=True)
class Activation:
    """f and f′ as functions of z and α (which most ignore); `alpha` is α's default, None where there is none."""

    key: str  # its name in keras.activations
    title: str
    formula: str
    slope: str  # LaTeX of f′
    f: Function
    df: Function
    alpha: float | None = None


def _sigmoid(z: np.ndarray, _alpha: float = 0) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -z))  # neither overflows nor loses digits for any z


def _negative_exp(z: np.ndarray) -> np.ndarray:
    return np.exp(np.minimum(z, 0))


_erf = np.vectorize(math.erf, otypes=[float])


def _normal_share(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + _erf(z / math.sqrt(2)))


def _normal_density(z: np.ndarray) -> np.ndarray:
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


_ALL = (
    Activation(
        "sigmoid",
        N_("Sigmoid"),
        r"\frac{1}{1 + e^{-z}}",
        r"a\,(1 - a)",
        _sigmoid,
        lambda z, _a: _sigmoid(z) * _sigmoid(-z),
    ),
    Activation(
        "tanh",
        N_("Tanh"),
        r"\tanh z",
        r"1 - a^2",
        lambda z, _a: np.tanh(z),
        lambda z, _a: 4 * _sigmoid(2 * z) * _sigmoid(-2 * z),  # 1 − tanh² without cancellation
    ),
    Activation(
        "relu",
        N_("ReLU"),
        r"\max(0, z)",
        r"[z > 0]",
        lambda z, _a: np.maximum(z, 0),
        lambda z, _a: (z > 0) * 1.0,
    ),
    Activation(
        "leaky_relu",
        N_("Leaky ReLU"),
        r"z \text{ if } z > 0 \text{ else } \alpha z",
        r"1 \text{ if } z > 0 \text{ else } \alpha",
        lambda z, a: np.where(z > 0, z, a * z),
        lambda z, a: np.where(z > 0, 1.0, a),
        0.01,
    ),
    Activation(
        "elu",
        N_("ELU"),
        r"z \text{ if } z > 0 \text{ else } \alpha (e^z - 1)",
        r"1 \text{ if } z > 0 \text{ else } \alpha e^z",
        lambda z, a: np.where(z > 0, z, a * np.expm1(np.minimum(z, 0))),
        lambda z, a: np.where(z > 0, 1.0, a * _negative_exp(z)),
        1.0,
    ),
    Activation(
        "selu",
        N_("SELU"),
        r"\lambda z \text{ if } z \ge 0 \text{ else } \lambda \alpha (e^z - 1)",
        r"\lambda \text{ if } z \ge 0 \text{ else } \lambda \alpha e^z",
        lambda z, _a: SELU_SCALE * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0))),
        lambda z, _a: SELU_SCALE * np.where(z >= 0, 1.0, SELU_ALPHA * _negative_exp(z)),
    ),
    Activation(
        "gelu",
        N_("GELU"),
        r"z\,\Phi(z)",
        r"\Phi(z) + z\,\varphi(z)",
        lambda z, _a: z * _normal_share(z),
        lambda z, _a: _normal_share(z) + z * _normal_density(z),
    ),
    Activation(
        "silu",
        N_("SiLU (swish)"),
        r"z\,\sigma(z)",
        r"\sigma(z)\,(1 + z\,(1 - \sigma(z)))",
        lambda z, _a: z * _sigmoid(z),
        lambda z, _a: _sigmoid(z) * (1 + z * _sigmoid(-z)),
    ),
    Activation(
        "softplus",
        N_("Softplus"),
        r"\ln(1 + e^z)",
        r"\sigma(z)",
        lambda z, _a: np.logaddexp(0, z),
        _sigmoid,
    ),
)
ACTIVATIONS = {activation.key: activation for activation in _ALL}


@dataclass(frozen=True)
class Shares:
    """Derivative statistics of a layer: per entry, per unit, mean."""

    saturated: float  # share of entries with |f′| < SATURATED
    dead: float  # share of units with |f′| < DEAD for every example
    mean_slope: float  # mean |f′|
    per_unit: np.ndarray  # (U,) mean |f′| of each unit


def apply(key: str, z: Any, alpha: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f′(z), both of z's shape. alpha: 0 to 2, the activation's own default where None. Raises UserError."""
    activation = ACTIVATIONS[checks.one_of(key, _("The activation"), tuple(ACTIVATIONS))]
    a = checks.number((activation.alpha or 0.0) if alpha is None else alpha, "α", 0, 2)
    values = np.asarray(z, float)
    return activation.f(values, a), activation.df(values, a)


def curve(key: str, low: float = -5, high: float = 5, alpha: float | None = None) -> tuple[np.ndarray, ...]:
    """z, f(z) and f′(z), each (401,). low, high: within ±20, low first. Raises UserError."""
    low = checks.number(low, _("The left end"), -LIMIT, LIMIT - 0.1)
    high = checks.number(high, _("The right end"), low + 0.1, LIMIT)
    z = np.linspace(low, high, 401)
    return z, *apply(key, z, alpha)


def shares(pre_activations: Any, key: str, alpha: float | None = None) -> Shares:
    """How much of a layer is saturated or dead. pre_activations: (B, U), finite. Raises UserError."""
    z = checks.array(pre_activations, _("The table of pre-activations"), (None, None), limit=1e30)
    slope = np.abs(apply(key, z, alpha)[1])
    return Shares(
        saturated=float((slope < SATURATED).mean()),
        dead=float((slope < DEAD).all(0).mean()),
        mean_slope=float(slope.mean()),
        per_unit=slope.mean(0),
    )


def digit_layer(units: int, scale: float, shift: float, seed: int) -> np.ndarray:
    """Pre-activations (300, units) of a first layer that reads 300 handwritten digits, z = X W + shift.

    X (300, 64) in [0, 1], W (64, units) normal with standard deviation `scale`/√64. units 1 to 256, scale 0 to 100,
    shift ±20. Raises UserError.
    """
    units = checks.integer(units, _("The number of units"), 1, 256)
    scale = checks.number(scale, _("The weight scale"), 0, 100)
    shift = checks.number(shift, _("The bias"), -LIMIT, LIMIT)
    W = np.random.default_rng(seed).normal(0, scale / 8, (64, units))
    return digits()[0] / 16 @ W + shift


def formula_with_digits(key: str, z: float, alpha: float | None = None) -> str:
    """f and f′ at z with their digits, results rounded to 3 decimals."""
    z = checks.number(z, "z", -LIMIT, LIMIT)
    value, slope = (float(v) for v in apply(key, z, alpha))
    used = ACTIVATIONS[key].alpha if alpha is None else alpha
    left = z < 0 if key == "selu" else z <= 0
    zt, at = term(z), term(value)
    exp = rf"e^{{{tex(z)}}}"
    branch = {
        "sigmoid": (rf"\frac{{1}}{{1 + e^{{{tex(-z)}}}}}", rf"{at} \cdot (1 - {at})"),
        "tanh": (rf"\tanh {zt}", rf"1 - {at}^2"),
        "relu": (rf"\max(0, {tex(z)})", rf"[{tex(z)} > 0]"),
        "leaky_relu": (rf"{tex(used or 0)} \cdot {zt}" if left else tex(z), tex(used or 0) if left else "1"),
        "elu": (
            rf"{tex(used or 0)} \cdot ({exp} - 1)" if left else tex(z),
            rf"{tex(used or 0)} \cdot {exp}" if left else "1",
        ),
        "selu": (
            rf"1.051 \cdot 1.673 \cdot ({exp} - 1)" if left else rf"1.051 \cdot {zt}",
            rf"1.051 \cdot 1.673 \cdot {exp}" if left else r"\lambda",
        ),
        "gelu": (rf"{zt} \cdot \Phi({tex(z)})", rf"\Phi({tex(z)}) + {zt} \cdot \varphi({tex(z)})"),
        "silu": (rf"{zt} \cdot \sigma({tex(z)})", rf"\sigma({tex(z)}) \cdot (1 + {zt} \cdot (1 - \sigma({tex(z)})))"),
        "softplus": (rf"\ln(1 + {exp})", rf"\sigma({tex(z)})"),
    }[key]
    return (
        rf"\begin{{aligned}} f({tex(z)}) &= {branch[0]} {equals(value)} \\ "
        rf"f'({tex(z)}) &= {branch[1]} {equals(slope)} \end{{aligned}}"
    )


def question(key: str, z: float, alpha: float | None = None) -> Question:
    """Which of up to four functions, `key` among them, lets most of the gradient through at this z?"""
    z = checks.number(z, "z", -LIMIT, LIMIT)
    slopes = {k: float(apply(k, z, alpha if k == key else None)[1]) for k in (key, *ACTIVATIONS)}
    chosen: list[str] = []
    for k in slopes:  # the one asked about first; no two that a reader could not tell apart
        if len(chosen) < 4 and all(abs(slopes[k] - slopes[c]) > 0.002 for c in chosen):
            chosen.append(k)
    options = [k for k in ACTIVATIONS if k in chosen]
    best = max(options, key=lambda k: slopes[k])
    return Question(
        _("z is {z:g}. Which of these passes most of the gradient back?").format(z=z),
        tuple(ACTIVATIONS[k].title for k in options),
        options.index(best),
        _("Their slopes there: {list}.").format(
            list=", ".join(f"{ACTIVATIONS[k].title} {slopes[k]:z.3f}" for k in options)
        ),
    )


def snippet(z: float, alpha: float | None = None) -> Snippet:
    """Value and slope of every function at z by Keras and TensorFlow's gradient."""
    z = checks.number(z, "z", -LIMIT, LIMIT)
    lines, calls = [], []
    for k, activation in ACTIVATIONS.items():
        used = activation.alpha if alpha is None else alpha
        extra = {"leaky_relu": f", negative_slope={used}", "elu": f", alpha={used}"}.get(k, "")
        extra = ", approximate=False" if k == "gelu" else extra
        calls.append(f'    "{k}": lambda z: keras.activations.{k}(z{extra}),')
        value, slope = apply(k, z, used)
        lines.append((k, float(value), float(slope)))
    code = f"""\
import keras
import numpy as np
import tensorflow as tf

{SHOW}
z = tf.constant({z}, tf.float64)
functions = {{
{chr(10).join(calls)}
}}
for name, f in functions.items():
    with tf.GradientTape() as tape:
        tape.watch(z)
        a = f(z)
    print(name, show(a), show(tape.gradient(a, z)))
"""
    return Snippet(code, printed(*lines))
