"""Arrays of pictures and of labels, told apart by their names or shapes: an .npz, or several .npy and IDX files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core import file_names
from core.errors import UserError
from core.gan.data.archive import Archive
from core.gan.data.array_files import read_npy, shape_of
from core.gan.data.grey import is_square, shaped, to_grey
from core.i18n import _

# What an array is called, the likeliest first, in any case and beside the name of a part: x_train, trainX, test_images.
PICTURES = ("x", "images", "data", "image", "imgs", "img", "pictures", "xs", "features")
LABELS = ("y", "labels", "target", "label", "targets", "ys", "class")
NAMES = ("class_names", "target_names", "classes")
PARTS = {**file_names.PARTS, "t10k": "test"}
ORDER = ("", "train", "validation", "test")
GLUED = re.compile(rf"(x|y)?({'|'.join(sorted(PARTS, key=len, reverse=True))})(x|y)?")
MAX_CLASSES = 200
MAX_LABEL = 2**53  # whole numbers above are no longer told apart as decimals


@dataclass(frozen=True)
class Part:
    """Grey pictures (N, H, W) uint8 of `file` with (N,) labels, any hashable values, or None; `role` as in Source."""

    file: str
    pictures: np.ndarray
    labels: np.ndarray | None
    role: str


def read_npz(archive: Archive, role: str) -> tuple[list[Part], list[str]]:
    """Read the arrays of every part in the file; also return notes for the report. Raises UserError."""
    members = {info.filename.removesuffix(".npy"): info for info in archive.members}
    notes: list[str] = []

    def read(name: str) -> bytes:
        try:
            return archive.read(members[name])
        except ValueError:
            return b""

    def load(name: str) -> np.ndarray:
        return read_npy(name, archive.name, read(name))

    known = next((load(name) for name in NAMES if name in members), None)
    class_names = known.astype(str) if known is not None and known.ndim == 1 else None
    shapes = {name: shape_of(read(name)) for name in members if name not in NAMES}
    return pair(archive.name, shapes, load, role, notes, class_names), notes


def meaning_of(name: str) -> tuple[str, str]:
    """The part ("" where none is named) and the kind ("pictures", "labels" or "") that the name of an array says."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.rsplit("/", 1)[-1]).casefold()
    part = kind = ""
    for word in re.split(r"[^a-z0-9]+", words):
        glued = GLUED.fullmatch(word)
        if glued:
            part, word = PARTS[glued[2]], glued[1] or glued[3] or ""
        kind = "pictures" if word in PICTURES else "labels" if word in LABELS else kind
    return part, kind


def _rank(name: str) -> int:
    """The place of the array's name in PICTURES or LABELS: a smaller one is likelier meant."""
    words = re.split(r"[^a-z]+", name.casefold())
    return min((names.index(word) for names in (PICTURES, LABELS) for word in words if word in names), default=0)


def pair(
    file: str,
    shapes: Mapping[str, tuple[int, ...]],
    load: Callable[[str], np.ndarray],
    role: str,
    notes: list[str],
    class_names: np.ndarray | None = None,
) -> list[Part]:
    """Pair pictures with labels, part by part. `load` returns the array of a name.

    Where no name says so, the one array with the shape of pictures is taken, and the one with a value for each of them
    as their labels; a note says which. Raises UserError where that is ambiguous: labels are never dropped unsaid.
    """
    meant = {name: meaning_of(name) for name in shapes}
    if not any(kind == "pictures" for _part, kind in meant.values()):
        wide = [name for name, shape in shapes.items() if not meant[name][1] and _is_wide(shape)]
        if len(wide) != 1:
            raise UserError(
                _("“{file}” holds the arrays {names}, but none is called x_train or x: name the pictures so.").format(
                    file=file, names=_listed(shapes)
                )
            )
        meant[wide[0]] = (meant[wide[0]][0], "pictures")
    used: set[str] = set()
    parts = []
    has_training = any(part in ("", "train") and kind == "pictures" for part, kind in meant.values())
    for of in sorted({part for part, kind in meant.values() if kind == "pictures"}, key=ORDER.index):
        own = {kind: [name for name in shapes if meant[name] == (of, kind)] for kind in ("pictures", "labels")}
        name = min(own["pictures"], key=_rank)
        grey = to_grey(shaped(load(name), name, file, notes), name, file, notes)
        labels, called = None, min(own["labels"], key=_rank, default="")
        if called:
            labels = _labels(called, load(called), len(grey), class_names, file)
        else:
            called, labels = _guessed(file, shapes, meant, of, len(grey), load, class_names, notes)
        used |= {name, called}
        parts.append(Part(file, grey, labels, of if has_training and of in ("validation", "test") else role))
    if left := [name for name in shapes if name not in used]:
        notes.append(_("Not used of “{file}”: {names}.").format(file=file, names=_listed(shapes, left)))
    return parts


def _guessed(
    file: str,
    shapes: Mapping[str, tuple[int, ...]],
    meant: Mapping[str, tuple[str, str]],
    part: str,
    count: int,
    load: Callable[[str], np.ndarray],
    class_names: np.ndarray | None,
    notes: list[str],
) -> tuple[str, np.ndarray | None]:
    """The one array without a telling name that has a class for each of `count` pictures; ("", None) without one."""
    found = []
    for name, shape in shapes.items():
        if meant[name] == (part, "") and shape in ((count,), (count, 1)):
            try:
                found.append((name, _labels(name, load(name), count, class_names, file)))
            except UserError:  # numbers of some other meaning; the note on what was not used names them
                continue
    if len(found) > 1:
        raise UserError(
            _("Which array of “{file}” has the labels is unclear: {names}; call it y_train.").format(
                file=file, names=_listed(shapes, [name for name, _values in found])
            )
        )
    if not found:
        return "", None
    notes.append(_("“{array}” in “{file}” was taken as the labels.").format(array=found[0][0], file=file))
    return found[0]


def _is_wide(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 3 or (len(shape) == 2 and is_square(shape[1]))


def _listed(shapes: Mapping[str, tuple[int, ...]], names: list[str] | None = None) -> str:
    return ", ".join(f"{name} {shapes[name] or ''}".strip() for name in (names or list(shapes))[:8]) or "—"


def _labels(name: str, values: np.ndarray, count: int, names: np.ndarray | None, file: str) -> np.ndarray:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and values.shape[1] and values.dtype.kind in "buif" and _one_hot(values):
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


def _one_hot(values: np.ndarray) -> bool:
    """Whether each row (N, K) is one class, or a share for each: several labels a picture are no class."""
    return bool((np.abs(values.sum(1, dtype=np.float64) - 1) < 1e-3).all())
