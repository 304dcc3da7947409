"""Convert arrays of pictures to grey levels, block by block."""

import math

import numpy as np

from core.errors import UserError
from core.i18n import _

BLOCK = 4_000_000  # numbers converted at once
WHITE = (1.0, 16.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # of 8, 10, 12, 14 and 16 bits, and of two data sets


def shaped(values: np.ndarray, name: str, file: str, notes: list[str]) -> np.ndarray:
    """(N, H, W) or (N, H, W, C) out of those, of flattened squares (N, H·H), and of channels first (N, C, H, W)."""
    found = values.shape
    if values.ndim == 3 and values.shape[2] == 1:
        values = values[..., 0]
    if values.ndim == 2 and is_square(values.shape[1]):
        side = math.isqrt(values.shape[1])
        values = values.reshape(len(values), side, side)
    if values.ndim == 4 and values.shape[3] not in (1, 3, 4) and values.shape[1] in (1, 3, 4):
        values = np.moveaxis(values, 1, 3)
        notes.append(_("“{array}” has the shape {shape}: its channels come first.").format(array=name, shape=found))
    channels = values.shape[3] if values.ndim == 4 else 1
    if values.ndim not in (3, 4) or channels not in (1, 3, 4) or min(values.shape[1:3]) < 4:
        raise UserError(
            _(
                "The array “{array}” in “{file}” has the shape {shape}, but pictures need (count, height, width)."
            ).format(array=name, file=file, shape=found)
        )
    return values


def is_square(pixels: int) -> bool:
    """Whether so many numbers are a flattened square picture."""
    return pixels >= 16 and math.isqrt(pixels) ** 2 == pixels


def to_grey(values: np.ndarray, name: str, file: str, notes: list[str]) -> np.ndarray:
    """(N, H, W) uint8 out of whole numbers or decimals, grey or colour. Raises UserError for an unknown range."""
    if values.dtype.kind not in "buif":
        raise UserError(
            _("The array “{array}” in “{file}” holds {kind}, not numbers.").format(
                array=name, file=file, kind=values.dtype
            )
        )
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim == 3 and values.dtype == np.uint8 and (not values.size or values.max() > 16):
        return values
    if values.dtype.kind == "f" and not all(
        np.isfinite(values[at : at + 4096]).all() for at in range(0, len(values), 4096)
    ):
        raise UserError(
            _("The array “{array}” in “{file}” holds NaN or infinite values: replace them by numbers first.").format(
                array=name, file=file
            )
        )
    # Block by block: as decimals a whole data set would take eight times its memory, and colour as much again.
    step = max(1, BLOCK // max(1, math.prod(values.shape[1:])))
    places = range(0, len(values), step)
    low, high = 0.0, 255.0
    if values.size:
        ends = [(float(block.min()), float(block.max())) for block in (_luma(values[at : at + step]) for at in places)]
        low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    bottom, top = _range(low, high)
    if top is None:
        raise UserError(
            _(
                "The array “{array}” in “{file}” goes from {low:g} to {high:g}, but grey goes from 0 to 1, -1 to 1 or "
                "0 to 255: scale it first."
            ).format(array=name, file=file, low=low, high=high)
        )
    if (bottom, top) != (0, 255):
        notes.append(
            _("“{array}” goes from {low:g} to {high:g}: {bottom:g} was taken as black and {top:g} as white.").format(
                array=name, low=low, high=high, bottom=bottom, top=top
            )
        )
    out = np.empty(values.shape[:3], np.uint8)
    for at in places:
        block = _luma(values[at : at + step]).astype(np.float32)
        out[at : at + step] = np.clip((block - bottom) / (top - bottom) * 255 + 0.5, 0, 255)
    return out


def _luma(values: np.ndarray) -> np.ndarray:
    """Grey (N, H, W) of colour (N, H, W, 3 or 4), after ITU-R BT.601; grey stays as it is."""
    return values[..., :3] @ np.array([0.299, 0.587, 0.114]) if values.ndim == 4 else values


def _range(low: float, high: float) -> tuple[float, float | None]:
    """Values of black and white for data from `low` to `high`; (0, None) where the range is ambiguous."""
    if low < -1 or high > WHITE[-1]:
        return 0.0, None
    if low < 0:
        return (-1.0, 1.0) if high <= 1 else (0.0, None)
    return 0.0, next(top for top in WHITE if high <= top)
