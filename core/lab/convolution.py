"""Convolution: one small window of weights slides over the picture; every output is one sum of products.

    z[i, j] = b + Σ_u Σ_v K[u, v] · X[i s + u, j s + v],   X the picture with p zeros around it
    n_out = ⌊(n + 2 p − k) / s⌋ + 1

K (k, k) the kernel, b its bias, s the stride, p the zero padding, n the picture's side. As in every framework the
kernel is not flipped: strictly this is a cross-correlation. Pooling, flattening and the dense layer behind it are in
core.lab.pooling.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.concept import Concept, Question
from core.lab.digits import equals, term
from core.lab.handwriting import digits

CONCEPT = Concept(
    key="convolution",
    title=N_("Convolution and pooling"),
    summary=N_(
        "A convolution looks at a picture through a small window and takes one weighted sum at each place, always with "
        "the same few weights, so that an edge is found wherever it is. Pooling keeps one number of each little field "
        "and makes the map smaller. What is left is laid out in one row and read by a fully connected layer, with far "
        "fewer weights than a network that looks at every pixel with its own."
    ),
    formula=r"z_{ij} = b + \sum_{u,v} K_{uv}\, x_{is+u,\,js+v} \qquad "
    r"n_{\text{out}} = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1",
    note=N_("Convolutional networks: convolution, zero padding, pooling, the fully connected layer"),
    prerequisites=("perceptron",),
)

MAX_SIDE = 64
MAX_BYTES = 10 * 2**20
MAX_PIXELS = 25_000_000
KERNELS: dict[str, np.ndarray] = {
    "vertical edges": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float),
    "horizontal edges": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], float),
    "outline": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], float),
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], float),
    "blur": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], float) / 16,
    "nothing": np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], float),
}
SAMPLES = ("ring", "cross", "stripes", "house", *(f"digit {d}" for d in range(10)))


@dataclass(frozen=True)
class Window:
    """One place of the kernel: sum = products.sum() + bias = feature_map[row, column]."""

    row: int  # in the feature map
    column: int
    top: int  # of the window's corner in the unpadded picture; negative inside the padding
    left: int
    patch: np.ndarray  # (k, k)
    kernel: np.ndarray  # (k, k)
    products: np.ndarray  # (k, k)
    bias: float
    sum: float


def sample(name: str) -> np.ndarray:
    """A picture in [0, 1] with two decimals: (12, 12) drawn by a formula, or (8, 8) one of scikit-learn's digits."""
    checks.one_of(name, _("The picture"), SAMPLES)
    if name.startswith("digit "):
        pictures, shown = digits()
        return np.round(pictures[np.flatnonzero(shown == int(name[-1]))[0]].reshape(8, 8) / 16, 2)
    y, x = np.mgrid[:12, :12] - 5.5
    shape = {
        "ring": 1.5 - np.abs(np.hypot(x, y) - 4),
        "cross": np.maximum(1.5 - np.abs(x), 1.5 - np.abs(y)),
        "stripes": np.cos((x + y) * np.pi / 3) + 0.5,
        "house": np.where(y < -0.5, y + 5.6 - np.abs(x), (np.abs(x) < 4) * (y < 5) * 1.0)
        - ((np.abs(x) < 1) & (y > 1) & (y < 5)),
    }[name]
    return np.round(np.clip(shape, 0, 1), 2)


def own_image(data: bytes, side: int) -> np.ndarray:
    """A person's picture file as (side, side) greys in [0, 1] with two decimals: its middle square, made smaller.

    side: 4 to 64. At most 10 MB and 25 million pixels. Raises UserError.
    """
    from PIL import Image, ImageOps

    side = checks.integer(side, _("The picture's side"), 4, MAX_SIDE)
    if len(data) > MAX_BYTES:
        raise UserError(_("The picture is larger than 10 MB: choose a smaller file."))
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "BMP", "WEBP")) as picture:
            if picture.width * picture.height > MAX_PIXELS:  # before anything is unpacked
                raise UserError(_("The picture has more than 25 million pixels: make it smaller first."))
            upright = ImageOps.exif_transpose(picture).convert("L")
            small = ImageOps.fit(upright, (side, side), Image.Resampling.BOX)
    except (UserError, MemoryError):
        raise
    except Exception:  # Pillow's decoders raise many kinds on a broken file
        raise UserError(
            _("The file is not a picture that can be read: choose a PNG, JPEG, GIF, BMP or WebP.")
        ) from None
    return np.round(np.asarray(small, float) / 255, 2)


def output_size(n: int, k: int, padding: int, stride: int) -> int:
    """n_out by the formula above. Raises UserError where the kernel is larger than the padded picture."""
    if k > n + 2 * padding:
        raise UserError(
            _("The kernel of {k} is larger than the picture of {n} with its padding: make it at most {most}.").format(
                k=k, n=n, most=n + 2 * padding
            )
        )
    return (n + 2 * padding - k) // stride + 1


def checked(image: Any, kernel: Any, stride: int, padding: int) -> tuple[np.ndarray, np.ndarray, int, int]:
    """picture (H, W) up to 64, square kernel up to 7, stride 1 to 4, padding 0 to 6 as used below. Raises UserError."""
    x = checks.array(image, _("The picture"), (None, None), limit=1000)
    if max(x.shape) > MAX_SIDE:
        raise UserError(_("The picture is {h} × {w}: at most 64 × 64 is shown.").format(h=x.shape[0], w=x.shape[1]))
    K = checks.array(kernel, _("The kernel"), (None, None), limit=100)
    if K.shape[0] != K.shape[1] or len(K) > 7:
        raise UserError(_("The kernel is {h} × {w}: make it square, up to 7 × 7.").format(h=K.shape[0], w=K.shape[1]))
    s = checks.integer(stride, _("The stride"), 1, 4)
    p = checks.integer(padding, _("The zero padding"), 0, 6)
    for n in x.shape:
        output_size(n, len(K), p, s)
    return x, K, s, p


def convolve(image: Any, kernel: Any, stride: int = 1, padding: int = 0, bias: float = 0.0) -> np.ndarray:
    """(H, W) and (k, k) → the feature map (H_out, W_out), before any activation. Raises UserError."""
    x, K, s, p = checked(image, kernel, stride, padding)
    windows = sliding_window_view(np.pad(x, p), K.shape)[::s, ::s]
    return np.einsum("ijuv,uv->ij", windows, K) + checks.number(bias, _("The bias"), -100, 100)


def window(
    image: Any, kernel: Any, row: int, column: int, stride: int = 1, padding: int = 0, bias: float = 0.0
) -> Window:
    """The window that makes feature_map[row, column]. Raises UserError."""
    x, K, s, p = checked(image, kernel, stride, padding)
    height, width = (output_size(n, len(K), p, s) for n in x.shape)
    i = checks.integer(row, _("The row"), 0, height - 1)
    j = checks.integer(column, _("The column"), 0, width - 1)
    patch = np.pad(x, p)[i * s : i * s + len(K), j * s : j * s + len(K)]
    products = patch * K
    return Window(i, j, i * s - p, j * s - p, patch, K, products, bias, float(products.sum() + bias))


def formula_with_digits(window: Window) -> str:
    """The window's sum, one line a kernel row; the result rounded to 3 decimals."""
    rows = [
        " + ".join(rf"{term(w)} \cdot {term(x)}" for w, x in zip(weights, pixels, strict=True))
        for weights, pixels in zip(window.kernel, window.patch, strict=True)
    ]
    rows[0] = f"&{term(window.bias)} + {rows[0]}"
    body = r" \\ &+ ".join(rows)
    return rf"\begin{{aligned}} z_{{{window.row},{window.column}}} = {body} \\ &{equals(window.sum)} \end{{aligned}}"


def size_with_digits(n: int, k: int, padding: int, stride: int) -> str:
    """The size formula with its digits."""
    out = output_size(n, k, padding, stride)
    fraction = rf"\frac{{{n} + 2 \cdot {padding} - {k}}}{{{stride}}}"
    return rf"n_{{\text{{out}}}} = \left\lfloor {fraction} \right\rfloor + 1 = {out}"


def question(n: int, k: int, padding: int, stride: int) -> Question:
    """How wide will the feature map be?"""
    out = output_size(n, k, padding, stride)
    wrong = (n, n - k + 1, (n + 2 * padding) // stride, (n + 2 * padding - k) // stride, out + 1, out + 2, out + 3)
    options = sorted([out, *list(dict.fromkeys(w for w in wrong if w > 0 and w != out))[:3]])
    return Question(
        _("Picture {n} wide, kernel {k}, padding {p} on each side, stride {s}: how wide is the map?").format(
            n=n, k=k, p=padding, s=stride
        ),
        tuple(map(str, options)),
        options.index(out),
        _(
            "Padding counted, the window's left edge can stand at each multiple of {s} from 0 to {last}; places: {out}."
        ).format(s=stride, last=(out - 1) * stride, out=out),
    )
