"""Encode images: grids as PNG, animations as GIF or WebP, arrays as npz."""

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from core.runs.run import Run

LINE = 40  # grey level of the grid lines
MOMENTS = 120  # of a film at most: as many as a plan keeps


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


def kept_pictures(run: Run) -> tuple[np.ndarray, int]:
    """Return the sample pictures of at most MOMENTS steps, (F, N, S, S) uint8, and in how many columns they lie.

    Steps whose file is damaged, or whose pictures are of another number or size than the last ones, are left out.
    """
    steps = run.sample_steps()
    stride = max(1, -(-len(steps) // MOMENTS))
    found = [_read_pictures(run.sample(step, "pictures.npz") or b"") for step in steps[::-1][::stride][::-1]]
    sheets = [sheet for sheet in found if sheet is not None]
    alike = [pictures for pictures, _columns in sheets if pictures.shape == sheets[-1][0].shape]
    return (np.stack(alike), sheets[-1][1]) if alike else (np.zeros((0, 1, 1, 1), np.uint8), 1)


def _read_pictures(content: bytes) -> tuple[np.ndarray, int] | None:
    try:
        with np.load(BytesIO(content), allow_pickle=False) as file:
            pictures, columns = file["pictures"], int(file["columns"])
    except Exception:  # zipfile and numpy raise many kinds of exception for a damaged file
        return None
    sound = pictures.dtype == np.uint8 and pictures.ndim == 3 and pictures.size and 1 <= columns <= len(pictures)
    return (pictures, columns) if sound else None
