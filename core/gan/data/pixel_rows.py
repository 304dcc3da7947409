"""Read pictures from a table: a row a picture, its pixels as numbers, beside them a label.

The numbers fill columns of their own (Kaggle's MNIST), or one column, separated by spaces (FER2013).
"""

import math
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from core.errors import UserError
from core.gan.data.arrays import PARTS, Part
from core.gan.data.grey import is_square, to_grey
from core.i18n import _

MAX_ROWS = 250_000
MAX_HEAD = 2_000_000  # bytes of the first row
BLOCK = 4_000_000  # bytes converted at once
PROBES = 200  # rows that tell which column has the labels, where none is named
SPLITS = ("usage", "split", "part", "set", "subset", "partition")
INDEXES = ("", "id", "index", "unnamed: 0", "imageid", "image_id")


@dataclass(frozen=True)
class _Layout:
    """left, right: columns beside the pixels, of which `label` and `split` (-1 for none) are places in both together;
    sep: between two pixels; delimiter: between columns; header: whether a first row names them."""

    delimiter: bytes
    sep: bytes
    left: int
    right: int
    pixels: int
    label: int
    split: int
    header: bool


def read_pixel_rows(name: str, data: bytes, role: str, notes: list[str]) -> list[Part]:
    """The pictures of a table, a part for each value of a column that splits them; [] where it is no such table.

    Raises UserError for a row of another length, for what is no number, and for rows that are no square.
    """
    layout = _layout(name, data, notes)
    if layout is None:
        return []
    blocks, labels, splits = list[np.ndarray](), list[str](), list[str]()
    file, number = BytesIO(data.removeprefix(b"\xef\xbb\xbf")), 0
    if layout.header:
        number += len(file.readline()) > 0
    while lines := file.readlines(BLOCK):
        rows = list[bytes]()
        for line in lines:
            number += 1
            if not (line := line.replace(b'"', b"").strip(b"\r\n")):
                continue
            *beside, pixels = line.split(layout.delimiter, layout.left)
            if layout.right:
                pixels, *after = pixels.rsplit(layout.delimiter, layout.right)
                beside += after
            if len(beside) != layout.left + layout.right or _numbers(pixels, layout.sep) != layout.pixels:
                raise _bad_row(name, number, layout.pixels)
            rows.append(pixels)
            labels += [beside[layout.label].decode("utf-8", "replace").strip()] if layout.label >= 0 else []
            splits += [beside[layout.split].decode("utf-8", "replace").strip()] if layout.split >= 0 else []
        blocks.append(_block(name, rows, layout, number))
        if sum(map(len, blocks)) > MAX_ROWS:
            raise UserError(
                _("“{name}” has more than {limit:,} rows: bring a part of it.").format(name=name, limit=MAX_ROWS)
            )
    values = np.concatenate(blocks) if blocks else np.zeros((0, layout.pixels), np.uint8)
    side = math.isqrt(layout.pixels)
    grey = to_grey(values.reshape(-1, side, side), _("pixels"), name, notes)
    classes = _as_labels(labels) if layout.label >= 0 else None
    if layout.split < 0:
        return [Part(name, grey, classes, role)]
    roles = np.array([_role(value, role) for value in splits])
    return [
        Part(name, grey[roles == which], None if classes is None else classes[roles == which], str(which))
        for which in np.unique(roles)
    ]


def _layout(name: str, data: bytes, notes: list[str]) -> _Layout | None:
    head = data[:MAX_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
    delimiter = max((b",", b";", b"\t"), key=head.count)
    names = [cell.strip(' "').lower() for cell in head.decode("utf-8", "replace").split(delimiter.decode())]
    named = [place for place, cell in enumerate(names) if not _is_number(cell)]
    packed = next((place for place, cell in enumerate(names) if cell in ("pixels", "pixel")), -1)
    if packed >= 0:
        second = data[len(head) :].lstrip(b"\r\n")[:MAX_HEAD].split(b"\n", 1)[0].replace(b'"', b"")
        cells = second.split(delimiter)
        pixels = len(cells[packed].split()) if packed < len(cells) else 0
        left, right = packed, len(names) - packed - 1
        beside = names[:left] + names[left + 1 :]
        sep, header = b" ", True
    elif len(names) < 16:
        return None
    elif len(named) <= 2 and (not named or named in ([0], [len(names) - 1])):  # at most a label is no number
        return _without_header(name, data, delimiter, len(names), named, notes)
    else:
        is_pixel = [any(char.isdigit() for char in cell) and cell not in INDEXES for cell in names]
        left = is_pixel.index(True) if True in is_pixel else len(names)
        right = is_pixel[::-1].index(True) if True in is_pixel else 0
        pixels, beside = len(names) - left - right, names[:left] + names[len(names) - right :]
        sep, header = delimiter, True
        if pixels < 16:
            return None
    split = next((place for place, cell in enumerate(beside) if cell in SPLITS), -1)
    others = [place for place, cell in enumerate(beside) if place != split and cell not in INDEXES]
    if len(others) > 1 and (called := [place for place in others if beside[place] in ("label", "class", "target")]):
        others = called[:1]
    if len(others) > 1 or not is_square(pixels):
        raise _unclear(name, pixels, beside)
    return _Layout(delimiter, sep, left, right, pixels, others[0] if others else -1, split, header)


def _without_header(
    name: str, data: bytes, delimiter: bytes, columns: int, named: list[int], notes: list[str]
) -> _Layout:
    if is_square(columns):
        return _Layout(delimiter, delimiter, 0, 0, columns, -1, -1, False)
    if not is_square(columns - 1):
        raise _unclear(name, columns, [])
    first = not named or named == [0]
    if not named:
        # Where the first column never changes it is a pixel at the edge, and the label stands last.
        ends = [set[bytes](), set[bytes]()]
        for at in range(0, len(data), max(1, len(data) // PROBES)):
            line = data[data.find(b"\n", at) + 1 :][:MAX_HEAD].split(b"\n", 1)[0].strip()
            if line:
                ends[0].add(line.split(delimiter, 1)[0])
                ends[1].add(line.rsplit(delimiter, 1)[-1])
        first = len(ends[0]) > 1 or len(ends[1]) <= 1
    taken = (
        _("The first column of “{name}” was taken as the labels.")
        if first
        else (_("The last column of “{name}” was taken as the labels."))
    )
    notes.append(taken.format(name=name))
    return _Layout(delimiter, delimiter, int(first), int(not first), columns - 1, 0, -1, False)


def _numbers(pixels: bytes, sep: bytes) -> int:
    return len(pixels.split()) if sep == b" " else pixels.count(sep) + 1


def _block(name: str, rows: list[bytes], layout: _Layout, number: int) -> np.ndarray:
    """(rows, pixels) in the smallest type that holds the numbers. Raises UserError where one is none."""
    text = layout.sep.join(rows)
    try:
        values = np.fromstring(text.replace(layout.sep, b" ").decode("ascii"), sep=" ")
        if len(values) != len(rows) * layout.pixels:
            raise ValueError
    except ValueError:  # also UnicodeDecodeError
        raise _bad_row(name, number, layout.pixels) from None
    values = values.reshape(len(rows), layout.pixels)
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if low >= 0 and high <= 65535 and (values == np.rint(values)).all():
        return values.astype(np.uint8 if high <= 255 else np.uint16)
    return values.astype(np.float32)


def _as_labels(cells: list[str]) -> np.ndarray:
    try:
        numbers = np.array([float(cell) for cell in cells])
    except ValueError:
        return np.array(cells)
    whole = np.isfinite(numbers).all() and (np.abs(numbers) < 2**53).all() and (numbers == np.rint(numbers)).all()
    return numbers.astype(np.int64) if whole else np.array(cells)


def _role(value: str, role: str) -> str:
    """FER2013 says Training, PublicTest and PrivateTest."""
    found = next((part for word, part in PARTS.items() if len(word) > 2 and word in value.lower()), "train")
    return role if found == "train" else found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _bad_row(name: str, number: int, pixels: int) -> UserError:
    return UserError(
        _("“{name}” has no {pixels:,} numbers in line {number:,} or shortly before: mend it.").format(
            name=name, pixels=pixels, number=number
        )
    )


def _unclear(name: str, pixels: int, beside: list[str]) -> UserError:
    return UserError(
        _(
            "“{name}” has {pixels:,} numbers a row beside the columns {columns}: it needs as many as a square picture "
            "has, as 784, and one column called “label”."
        ).format(name=name, pixels=pixels, columns=", ".join(beside[:8]) or "—")
    )
