"""Read images and labels from an .npz in the format of keras.datasets, with checks before allocation."""

import math
import sys
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from core.errors import UserError
from core.gan.data.archive import Archive
from core.i18n import _

PICTURES, LABELS = ("x_train", "x", "images", "data"), ("y_train", "y", "labels", "target")
NAMES = ("class_names", "target_names", "classes")
MAX_CLASSES = 200
MAX_DIMENSIONS, MAX_LENGTH = 8, 2**40  # of an array
BLOCK = 4_000_000  # numbers converted at once
MAX_LABEL = 2**53  # whole numbers above are no longer told apart as decimals


@dataclass(frozen=True)
class Part:
    """Grey pictures (N, H, W) uint8 with (N,) labels, any hashable values, or None; `role` as in Source."""

    pictures: np.ndarray
    labels: np.ndarray | None
    role: str


def read_npz(archive: Archive, role: str) -> tuple[list[Part], list[str]]:
    """Read the training and test arrays of the file; also return notes for the report. Raises UserError."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.members}
    notes: list[str] = []

    def read_array(names: tuple[str, ...]) -> tuple[str, np.ndarray] | None:
        found = next((name for name in names if name in members), None)
        return (found, _array(archive, found, members[found])) if found else None

    pictures = read_array(PICTURES)
    if pictures is None:
        wide = [name for name, info in members.items() if _rank(archive, info) >= 3]
        if len(wide) != 1:
            raise UserError(
                _("“{file}” holds the arrays {names}, but none is called x_train or x: name the pictures so.").format(
                    file=archive.name, names=", ".join(list(members)[:8]) or "—"
                )
            )
        pictures = read_array((wide[0],))
    assert pictures is not None
    labels, names = read_array(LABELS), read_array(NAMES)
    known = names[1].astype(str) if names and names[1].ndim == 1 else None
    parts = [_part(archive.name, pictures, labels, known, role, notes)]
    test = read_array(("x_test",))
    if test is not None:
        parts.append(_part(archive.name, test, read_array(("y_test",)), known, "test", notes))
    return parts, notes


def _array(archive: Archive, name: str, info: object) -> np.ndarray:
    try:
        data = archive.read(info)  # type: ignore[arg-type]
        shape, dtype, start = _header(data)
    except ValueError:
        raise UserError(
            _("The array “{array}” in “{file}” is damaged: save it again with numpy.savez.").format(
                array=name, file=archive.name
            )
        ) from None
    if dtype.hasobject:
        raise UserError(
            _(
                "The array “{array}” in “{file}” holds pickled objects, which are never opened: save plain numbers."
            ).format(array=name, file=archive.name)
        )
    if dtype.kind not in "buifUS" or dtype.subdtype:  # raw bytes, fields, times: no grey levels and no labels
        raise UserError(
            _("The array “{array}” in “{file}” holds {kind}, not numbers or names.").format(
                array=name, file=archive.name, kind=dtype
            )
        )
    if start + math.prod(shape) * dtype.itemsize != len(data):
        raise UserError(
            _("The array “{array}” in “{file}” is not as long as it says: save it again with numpy.savez.").format(
                array=name, file=archive.name
            )
        )
    values = np.lib.format.read_array(BytesIO(data), allow_pickle=False)
    if dtype.kind == "U" and values.size and _code_points(values).max() > sys.maxunicode:
        raise UserError(
            _("The array “{array}” in “{file}” is damaged: save it again with numpy.savez.").format(
                array=name, file=archive.name
            )
        )
    return values


def _code_points(texts: np.ndarray) -> np.ndarray:
    """The code points of an array of texts, one number each, also of those that no text can have."""
    order = np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder)
    return np.frombuffer(np.ascontiguousarray(texts).tobytes(), order)


def _header(data: bytes) -> tuple[tuple[int, ...], np.dtype, int]:
    """Parse an .npy header: shape, dtype and offset of the data. Raises ValueError."""
    file = BytesIO(data)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _fortran, dtype = read(file)
    except Exception as error:  # numpy and Python's tokenizer raise many types on damaged headers
        raise ValueError("no header of an array") from error
    if len(shape) > MAX_DIMENSIONS or not all(type(length) is int and 0 <= length <= MAX_LENGTH for length in shape):
        raise ValueError("no shape that an array can have")
    return shape, dtype, file.tell()


def _rank(archive: Archive, info: object) -> int:
    try:
        return len(_header(archive.read(info))[0])  # type: ignore[arg-type]
    except ValueError:
        return 0


def _part(
    file: str,
    pictures: tuple[str, np.ndarray],
    labels: tuple[str, np.ndarray] | None,
    names: np.ndarray | None,
    role: str,
    notes: list[str],
) -> Part:
    name, values = pictures
    grey = to_grey(_shaped(values, name, file), name, file, notes)
    if labels is None:
        return Part(grey, None, role)
    return Part(grey, _labels(labels, len(grey), names, file), role)


def _shaped(values: np.ndarray, name: str, file: str) -> np.ndarray:
    """(N, H, W) or (N, H, W, C) out of those and of flattened squares (N, H·H)."""
    if values.ndim == 2 and math.isqrt(values.shape[1]) ** 2 == values.shape[1] >= 16:
        side = math.isqrt(values.shape[1])
        values = values.reshape(len(values), side, side)
    channels = values.shape[3] if values.ndim == 4 else 1
    if values.ndim not in (3, 4) or channels not in (1, 3, 4) or min(values.shape[1:3]) < 4:
        raise UserError(
            _(
                "The array “{array}” in “{file}” has the shape {shape}, but pictures need (count, height, width)."
            ).format(array=name, file=file, shape=values.shape)
        )
    return values


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
    if low < -1 or high > 65535:
        return 0.0, None
    if low < 0:
        return (-1.0, 1.0) if high <= 1 else (0.0, None)
    return 0.0, next(top for top in (1.0, 16.0, 255.0, 65535.0) if high <= top)


def _labels(labels: tuple[str, np.ndarray], count: int, names: np.ndarray | None, file: str) -> np.ndarray:
    name, values = labels
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and values.shape[1] and values.dtype.kind in "buif":
        values = values.argmax(1)
    if values.ndim != 1 or len(values) != count:
        raise UserError(
            _("“{array}” in “{file}” has the shape {shape}, but {count} pictures need as many labels.").format(
                array=name, file=file, shape=values.shape, count=count
            )
        )
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and (values == np.round(values)).all()):
        raise UserError(
            _("“{array}” in “{file}” holds decimals, but labels are whole numbers or names.").format(
                array=name, file=file
            )
        )
    if values.dtype.kind in "fiu" and values.size and max(-float(values.min()), float(values.max())) > MAX_LABEL:
        raise UserError(
            _("“{array}” in “{file}” holds labels beyond ±{limit:,}: use smaller whole numbers or names.").format(
                array=name, file=file, limit=MAX_LABEL
            )
        )
    if values.dtype.kind in "fiub":
        values = values.astype(np.int64)
        if names is not None and values.size and values.min() >= 0 and values.max() < len(names):
            return names[values]
    if len(np.unique(values)) > MAX_CLASSES:
        raise UserError(
            _("“{array}” in “{file}” holds {count} different labels, but at most {limit} classes can be used.").format(
                array=name, file=file, count=len(np.unique(values)), limit=MAX_CLASSES
            )
        )
    return values
