"""Encode images: grids as PNG, animations as GIF or WebP, arrays as npz."""

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

LINE = 40  # grey level of the grid lines


def grid(pictures: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Tile (N, S, S) uint8 in rows of `columns` (about square where None) to one image (H, W) uint8."""
    count, height, width = pictures.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap), LINE, np.uint8)
    for n, picture in enumerate(pictures):
        top, left = gap + n // columns * (height + gap), gap + n % columns * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def enlarge(sheet: np.ndarray, times: int) -> np.ndarray:
    """Enlarge (…, H, W) by an integer factor, without interpolation."""
    return sheet.repeat(times, -2).repeat(times, -1)


def png(sheet: np.ndarray, times: int = 1) -> bytes:
    """Encode (H, W) uint8 as PNG."""
    return _encode([enlarge(sheet, times)], "PNG", optimize=True)


def animation(sheets: Sequence[np.ndarray], kind: str = "GIF", frame_ms: int = 120, times: int = 1) -> bytes:
    """Encode frames (H, W) uint8 as a looping GIF or WebP; the last frame lasts at least one second."""
    durations = [frame_ms] * (len(sheets) - 1) + [max(1000, frame_ms)]
    return _encode(
        [enlarge(sheet, times) for sheet in sheets],
        kind,
        duration=durations if len(sheets) > 1 else durations[0],
        loop=0,
        **({"lossless": True} if kind == "WEBP" else {}),
    )


def _encode(sheets: Sequence[np.ndarray], kind: str, **options: Any) -> bytes:
    first, *rest = (Image.fromarray(np.ascontiguousarray(sheet)) for sheet in sheets)
    if rest:
        options |= {"save_all": True, "append_images": rest}
    file = BytesIO()
    first.save(file, kind, **options)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    """Encode named arrays as a compressed .npz."""
    file = BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()
