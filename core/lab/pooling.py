"""What follows a convolution: ReLU, pooling, flattening, the fully connected layer, and what each costs in weights.

max: the largest of each field.   mean: its average.
stochastic: one a_i of the field, drawn with p_i = a_i / Σ a (Zeiler and Fergus, 2013)
o = softmax(W vec(pooled) + b)
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from core.errors import UserError
from core.i18n import _
from core.lab import checks
from core.lab.convolution import checked, convolve
from core.lab.digits import equals, term, tex
from core.lab.snippet import SHOW, Snippet, literal, printed

Pool = Literal["max", "mean", "stochastic"]
POOLS: tuple[Pool, ...] = ("max", "mean", "stochastic")


@dataclass(frozen=True)
class Pooled:
    """values (h, w); for max and stochastic the chosen pixel of each field as (row, column) in the map, else None.

    weights (h, w, size, size): what each pixel counts for: 1 for the largest, 1/size² for mean, the probability for
    stochastic. expected = Σ weights · pixels, which for stochastic pooling is what a trained network uses.
    """

    kind: Pool
    size: int
    stride: int
    values: np.ndarray
    chosen: np.ndarray | None
    weights: np.ndarray
    expected: np.ndarray


@dataclass(frozen=True)
class Head:
    """The fully connected layer: probabilities = softmax(logits), logits = flat @ weights + bias."""

    flat: np.ndarray  # (N,)
    weights: np.ndarray  # (N, C)
    bias: np.ndarray  # (C,)
    logits: np.ndarray  # (C,)
    probabilities: np.ndarray  # (C,)


@dataclass(frozen=True)
class Count:
    """How many weights and biases a network has: `number` = the `digits` (LaTeX) worked out."""

    title: str
    digits: str
    number: int


def pool(feature_map: Any, size: int, stride: int, kind: str, seed: int = 0) -> Pooled:
    """(H, W) → a smaller map; fields that do not fit whole are left out, as Keras' "valid".

    size and stride 1 to 4. Stochastic pooling needs values that are not negative, as ReLU gives them; in a field of
    zeros there is nothing to draw and it gives 0. Raises UserError.
    """
    a = checks.array(feature_map, _("The feature map"), (None, None), limit=1e9)
    size = checks.integer(size, _("The pooling field"), 1, 4)
    stride = checks.integer(stride, _("The pooling stride"), 1, 4)
    checks.one_of(kind, _("The pooling"), POOLS)
    if min(a.shape) < size:
        raise UserError(
            _("The map of {h} × {w} is smaller than the pooling field of {size}: choose a smaller one.").format(
                h=a.shape[0], w=a.shape[1], size=size
            )
        )
    if kind == "stochastic":
        a = np.round(a, 9)  # a sum that is 0 but for its last digits is 0
    fields = sliding_window_view(a, (size, size))[::stride, ::stride]
    flat = fields.reshape(*fields.shape[:2], -1)
    if kind == "mean":
        weights, pick = np.full(flat.shape, 1 / size**2), None
    elif kind == "max":
        pick = flat.argmax(-1)
        weights = np.eye(size**2)[pick]
    else:
        if (a < 0).any():
            raise UserError(_("Stochastic pooling needs a map without negative numbers: put a ReLU before it."))
        total = flat.sum(-1, keepdims=True)
        weights = np.divide(flat, total, out=np.zeros(flat.shape), where=total > 0)
        pick = _draw(weights, seed)
    expected = (weights * flat).sum(-1)
    chosen, values = None, expected
    if pick is not None:
        values = np.take_along_axis(flat, pick[..., None], -1)[..., 0]
        rows, columns = np.indices(pick.shape)
        chosen = np.stack([rows * stride + pick // size, columns * stride + pick % size], -1)
    return Pooled(kind, size, stride, values, chosen, weights.reshape(fields.shape), expected)  # type: ignore[arg-type]


def _draw(weights: np.ndarray, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    pick = np.zeros(weights.shape[:2], int)
    for place in np.ndindex(*pick.shape):
        if weights[place].any():
            pick[place] = draw.choice(weights.shape[-1], p=weights[place])
    return pick


def head(maps: Any, classes: int, seed: int) -> Head:
    """Flatten maps (h, w, F) as Keras does (row, column, filter) and read them with a layer drawn by the seed.

    classes 2 to 10; weights normal with standard deviation 1/√N. Raises UserError.
    """
    flat = checks.array(maps, _("The pooled maps"), (None, None, None), limit=1e9).ravel()
    classes = checks.integer(classes, _("The number of classes"), 2, 10)
    W = np.round(np.random.default_rng(seed).normal(0, 1 / np.sqrt(len(flat)), (len(flat), classes)), 2)
    b = np.zeros(classes)
    logits = flat @ W + b
    powers = np.exp(logits - logits.max())
    return Head(flat, W, b, logits, powers / powers.sum())


def pooling_with_digits(feature_map: np.ndarray, pooled: Pooled, row: int, column: int) -> str:
    """How pooled.values[row, column] comes about; the result rounded to 3 decimals."""
    s, k = pooled.stride, pooled.size
    field = np.asarray(feature_map, float)[row * s : row * s + k, column * s : column * s + k].ravel()
    listed = ", ".join(tex(v) for v in field)
    result = equals(pooled.values[row, column])
    if pooled.kind == "max":
        return rf"\max({listed}) {result}"
    if pooled.kind == "mean":
        return rf"\tfrac{{1}}{{{k * k}}} ({' + '.join(term(v) for v in field)}) {result}"
    if not field.any():
        return r"\text{a field of zeros} \to 0"
    shares = ", ".join(tex(v) for v in pooled.weights[row, column].ravel())
    drawn = tex(pooled.values[row, column])
    return rf"p = \frac{{({listed})}}{{{tex(field.sum())}}} \approx ({shares}) \ \to\ \text{{drawn: }} {drawn}"


def logit_with_digits(head: Head, unit: int, terms: int = 6) -> str:
    """One output's sum with its first `terms` products; the result rounded to 3 decimals."""
    pairs = [rf"{term(w)} \cdot {term(x)}" for w, x in zip(head.weights[:terms, unit], head.flat[:terms], strict=True)]
    more = r" + \dots" if len(head.flat) > terms else ""
    return rf"z_{{{unit + 1}}} = {' + '.join(pairs)}{more} {equals(head.logits[unit])}"


def parameter_counts() -> tuple[Count, ...]:
    """The notes' count for a dense network, the right one, and a small convolutional network on the same picture.

    28 × 28 cells, 15 hidden units, 10 outputs; 8 filters of 3 × 3, whose maps of 26 × 26 are pooled to 13 × 13.
    """
    n, h, o, f, k, m = 784, 15, 10, 8, 3, 13
    dot = r" \cdot "
    return (
        Count(
            _("Dense, as the notes count it"),
            rf"{n}{dot}{h}{dot}{o} + {h} + {o}",
            n * h * o + h + o,
        ),
        Count(
            _("Dense, each weight once"),
            rf"({n}{dot}{h} + {h}) + ({h}{dot}{o} + {o})",
            n * h + h + h * o + o,
        ),
        Count(
            _("Convolution, pooling, dense"),
            rf"{f}{dot}({k}^2 + 1) + ({m}^2{dot}{f}{dot}{o} + {o})",
            f * (k * k + 1) + m * m * f * o + o,
        ),
    )


def snippet(
    image: Any, kernel: Any, stride: int, padding: int, bias: float, size: int, pool_stride: int, seed: int
) -> Snippet:
    """Padding, convolution, ReLU and the three poolings in Keras; stochastic pooling, which Keras lacks, by hand."""
    x, K, s, p = checked(image, kernel, stride, padding)
    z = convolve(x, K, s, p, bias)
    a = np.maximum(z, 0)
    h, w = pool(a, size, pool_stride, "max").values.shape
    code = f"""\
import keras
import numpy as np

{SHOW}
image = np.array({literal(x)})
kernel = np.array({literal(K)})
conv = keras.layers.Conv2D(1, {len(K)}, strides={s}, dtype="float64")
conv.build((None, None, None, 1))
conv.set_weights([kernel[:, :, None, None], np.array([{float(bias)}])])
padded = keras.layers.ZeroPadding2D({p}, dtype="float64")(image[None, :, :, None])
z = conv(padded)
a = keras.activations.relu(z)
print("map", show(z[0, :, :, 0]))
print("max", show(keras.layers.MaxPooling2D({size}, {pool_stride}, dtype="float64")(a)[0, :, :, 0]))
print("mean", show(keras.layers.AveragePooling2D({size}, {pool_stride}, dtype="float64")(a)[0, :, :, 0]))

fields = np.lib.stride_tricks.sliding_window_view(np.round(a[0, :, :, 0], 9), ({size}, {size}))
fields = fields[::{pool_stride}, ::{pool_stride}].reshape({h}, {w}, -1)
draw = np.random.default_rng({seed})
drawn = np.zeros(fields.shape[:2])
for place in np.ndindex(drawn.shape):
    if fields[place].any():
        drawn[place] = draw.choice(fields[place], p=fields[place] / fields[place].sum())
print("stochastic", show(drawn))
"""
    lines = [("map", z), *((kind, pool(a, size, pool_stride, kind, seed).values) for kind in POOLS)]
    return Snippet(code, printed(*lines))
