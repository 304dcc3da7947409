"""Sort what a person brings for a GAN: picture files, arrays, tables of pixels, and tables of the pictures' classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from core.errors import UserError
from core.file_names import folder_of, is_junk, part_of, placed
from core.file_signatures import is_gzip, is_zip
from core.gan.data.archive import MAX_MEMBER, MAX_TOTAL, Archive
from core.gan.data.array_files import is_idx, is_npy, read_idx, read_npy
from core.gan.data.arrays import Part, meaning_of, pair, read_npz
from core.gan.data.grey import shaped, to_grey
from core.gan.data.label_table import classes_of
from core.gan.data.pixel_rows import read_pixel_rows
from core.gzip_reader import GzipFaultError, gunzip
from core.i18n import _
from core.sources import Source

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".pbm", ".ppm")
MAX_DEPTH = 2  # archives within archives
TABLES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")


Places = dict[str, tuple[str, str]]  # class and part of a file, by its name


@dataclass(frozen=True)
class File:
    """One file, alone or in a zip. label: the class that its folder says, or None; read: its content, unpacked, which
    raises ValueError where it is damaged."""

    name: str
    role: str
    label: str | None
    read: Callable[[], bytes]


class Gathered:
    """What `sources` hold: `parts` out of arrays and tables, `pictures` to be decoded, and their `classes` by name,
    empty where no table names them. Raises UserError for what cannot be read as it is meant."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.parts: list[Part] = []
        self.pictures: list[File] = []
        self.classes: dict[str, str] = {}
        self.notes: list[str] = []
        self._declared = 0  # bytes that all archives declare
        self._unpacked: dict[str, int] = {}
        self._arrays: list[tuple[File, np.ndarray]] = []
        self._tables: list[File] = []
        for role in dict.fromkeys(source.role for source in sources):
            mine = [source for source in sources if source.role == role]
            places = _places([source.name for source in mine], role)
            for source in mine:
                self._take(source, places)
        self._pair_arrays()
        self._read_tables()

    def _take(self, source: Source, places: Places, depth: int = 0) -> None:
        if not is_zip(source.data):
            if source.name.lower().endswith((".zip", ".npz")):
                raise UserError(_("“{name}” is no zip file: pack it again.").format(name=source.name))
            self._sort(self._file(source.name, source.role, places, lambda: source.data), depth)
            return
        if depth > MAX_DEPTH:
            raise UserError(_("“{name}” lies in archives within archives: unpack it first.").format(name=source.name))
        archive = Archive(source, MAX_TOTAL - self._declared)
        self._declared += sum(info.file_size for info in archive.members)
        if archive.members and all(info.filename.endswith(".npy") for info in archive.members):
            parts, notes = read_npz(archive, source.role)
            self.parts += parts
            self.notes += notes
            return
        inside = _places([info.filename for info in archive.members], source.role)
        for info in archive.members:
            self._sort(self._file(info.filename, source.role, inside, partial(archive.read, info)), depth)

    def _file(self, name: str, role: str, places: Places, read: Callable[[], bytes]) -> File:
        label, part = places.get(name, ("", ""))
        return File(name, part or role, label or None, lambda: self._plain(name, read()))

    def _plain(self, name: str, data: bytes) -> bytes:
        """`data`, unpacked where it is gzip. Raises UserError where all together unpack to more than MAX_TOTAL."""
        if not is_gzip(data):
            return data
        try:
            others = sum(size for other, size in self._unpacked.items() if other != name)
            plain = gunzip(data, max(0, min(MAX_MEMBER, MAX_TOTAL - others)))
        except GzipFaultError as fault:
            if not fault.size:
                raise ValueError(name) from None
            raise UserError(
                _("“{name}” unpacks to more than {limit:,.0f} MB: bring a part of it.").format(
                    name=name, limit=MAX_MEMBER / 1e6
                )
            ) from None
        self._unpacked[name] = len(plain)
        return plain

    def _sort(self, file: File, depth: int) -> None:
        name = file.name.lower()
        if name.endswith(TABLES):
            self._tables.append(file)
            return
        try:
            data = b"" if name.endswith(PICTURES) else file.read()
        except ValueError:
            data = b""  # rejected by its name, like a damaged picture
        if is_zip(data):
            part = part_of(file.name) if file.role == "train" else ""
            self._take(Source(file.name, data, part or file.role), {}, depth + 1)
            return
        if is_idx(data):
            self._arrays.append((file, read_idx(file.name, data)))
        elif is_npy(data):
            self._arrays.append((file, read_npy(file.name, file.name, data)))
        else:
            self.pictures.append(file)

    def _pair_arrays(self) -> None:
        """Arrays in files of their own, as MNIST's four; several of pictures without labels are a class each."""
        if not self._arrays:
            return
        arrays = {file.name: values for file, values in self._arrays}
        roles = {file.role for file, _values in self._arrays}
        kinds = {meaning_of(_stem(name))[1] for name in arrays}
        if kinds == {""} and len(arrays) > 1 and all(values.ndim >= 2 for values in arrays.values()):
            for file, values in self._arrays:
                grey = to_grey(shaped(values, file.name, file.name, self.notes), file.name, file.name, self.notes)
                name = _stem(file.name).replace("\\", "/").rsplit("/", 1)[-1]
                self.parts.append(Part(file.name, grey, np.full(len(grey), name), file.role))
            return
        for role in sorted(roles, key=["train", "validation", "test"].index):
            own = {file.name: values for file, values in self._arrays if file.role == role}
            first = next(iter(own))
            shapes = {_stem(name): values.shape for name, values in own.items()}
            by_stem = {_stem(name): values for name, values in own.items()}
            self.parts += pair(first, shapes, by_stem.__getitem__, role, self.notes)

    def _read_tables(self) -> None:
        names = [file.name for file in self.pictures]
        for file in self._tables:
            try:
                data = file.read()
            except ValueError:
                self.pictures.append(file)
                continue
            role = _role(file) if len(self._tables) > 1 else file.role
            if parts := read_pixel_rows(file.name, data, role, self.notes):
                self.parts += parts
            elif (classes := classes_of(file.name, data, names, self.notes)) is not None:
                self._add_classes(file.name, classes)
            else:
                self.notes.append(
                    _("“{name}” was not used: it has neither pixels nor the names of pictures.").format(name=file.name)
                )

    def _add_classes(self, table: str, classes: dict[str, str]) -> None:
        for picture, name in classes.items():
            if self.classes.setdefault(picture, name) != name:
                raise UserError(
                    _("“{table}” calls “{picture}” “{name}”, but another table “{other}”: bring one of them.").format(
                        table=table, picture=picture, name=name, other=self.classes[picture]
                    )
                )


def _places(names: Sequence[str], role: str) -> Places:
    """Class and part of the files with these names; the parts that folders name count for training files."""
    found, _beside = placed([name for name in names if not is_junk(name)])
    one_class = not any(item.label or item.part for item in found)
    return {
        item.name: (folder_of(item.name) if one_class else item.label, item.part if role == "train" else "")
        for item in found
    }


def _role(file: File) -> str:
    """Kaggle's test.csv and mnist_test.csv are for measuring."""
    return (file.role == "train" and part_of(file.name)) or file.role


def _stem(name: str) -> str:
    """A file's name without the endings that say its format: train-images of train-images-idx3-ubyte.gz."""
    for ending in (".gz", ".npy", "ubyte", "-", ".", "idx1", "idx3", "idx2", "idx4", "-", "."):
        name = name.removesuffix(ending)
    return name
