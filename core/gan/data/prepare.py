"""Build the image set of a run: training images, held-out images and a report of what was read."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import UserError
from core.file_names import folder_of, is_junk, part_of, placed
from core.file_signatures import is_zip
from core.gan.config import MIN_IMAGES, GANConfig
from core.gan.data.archive import MAX_TOTAL, Archive
from core.gan.data.arrays import MAX_CLASSES, Part, read_npz
from core.gan.data.picture import MIN_CONTRAST, Background, UnusableError, decode, estimate_background, fit
from core.i18n import _
from core.sources import Source

MAX_BYTES = 400_000_000
MAX_IMAGES = 100_000
MAX_READ = 250_000  # pictures of one array that are looked at, copies among them
MAX_HELD = 10_000
MIN_HELD = 16
MIN_CLASS = 8  # images of one class
MAX_DEPTH = 2  # archives within archives
MAX_LISTED = 500
PREVIEWS = 16
SPLIT_SEED = 0  # independent of the run's seed, so that all runs are evaluated on the same held-out images


@dataclass(frozen=True)
class Rejected:
    name: str
    reason: str


@dataclass(frozen=True)
class Preview:
    """An image before preprocessing, (H, W) uint8, and after it, (S, S) uint8."""

    name: str
    before: np.ndarray
    after: np.ndarray


@dataclass
class Images:
    """Images (N, S, S) uint8, white on black, with labels (N,) int32 where there are classes; S is the side."""

    x: np.ndarray
    labels: np.ndarray | None
    held_x: np.ndarray
    held_labels: np.ndarray | None
    classes: list[str]
    rejected: list[Rejected]  # the first MAX_LISTED of them
    rejected_count: int
    duplicates: int
    notes: list[str]
    previews: list[Preview]

    @property
    def size(self) -> int:
        return self.x.shape[1]

    @property
    def counts(self) -> list[int]:
        """Number of training images of each class."""
        return [] if self.labels is None else np.bincount(self.labels, minlength=len(self.classes)).tolist()


def sizes(sources: Sequence[Source], options: GANConfig) -> dict[str, int]:
    """What preset() wants to know. Raises UserError where the pictures cannot be trained on."""
    images = prepare(sources, options)
    return {"images": len(images.x), "classes": len(images.classes)}


def prepare(sources: Sequence[Source], options: GANConfig) -> Images:
    """Read, normalise and split images. Raises UserError where they cannot be trained on.

    A source is an .npz in the format of keras.datasets, a zip, also in a zip, or an image file; its class is the path
    of the folders below the one that all share. Sources with the role "validation" or "test", folders of these names
    beside one called train, and x_test of an .npz form the held-out part; without them a share of every class does.
    Exact duplicates are dropped, so that no held-out image is a training image.
    """
    if not sources:
        raise UserError(_("There is no picture yet: bring an .npz, a zip, or PNG and JPEG files."))
    builder = _ImageSetBuilder(options)
    for role in dict.fromkeys(source.role for source in sources):
        mine = [source for source in sources if source.role == role]
        builder.place([source.name for source in mine], role)
        for source in mine:
            builder.add_source(source)
    return builder.build()


@dataclass
class _Split:
    """Images and labels of one part of the data."""

    pictures: list[np.ndarray] = field(default_factory=list)
    labels: list[Any] = field(default_factory=list)


class _ImageSetBuilder:
    def __init__(self, options: GANConfig) -> None:
        self.options = options
        self.train, self.held = _Split(), _Split()
        self.rejected: list[Rejected] = []
        self.reasons: Counter[str] = Counter()
        self.duplicates = self.too_many = 0
        self.notes: list[str] = []
        self.previews: list[Preview] = []
        self._seen: set[bytes] = set()
        self._shown: Counter[Any] = Counter()
        self._places: dict[str, tuple[str, str]] = {}
        self._unpacked = 0  # bytes that all archives declare

    # In -------------------------------------------------------------------------------------------------------------
    def place(self, names: Sequence[str], role: str) -> None:
        """Find class and part of the files with these names; the parts that folders name count for training files."""
        found, _beside = placed([name for name in names if not is_junk(name)])
        one_class = not any(item.label or item.part for item in found)
        self._places = {
            item.name: (folder_of(item.name) if one_class else item.label, item.part if role == "train" else "")
            for item in found
        }

    def add_source(self, source: Source, depth: int = 0) -> None:
        if not is_zip(source.data):
            if source.name.lower().endswith((".zip", ".npz")):
                raise UserError(_("“{name}” is no zip file: pack it again.").format(name=source.name))
            self._file(source.name, source.data, source.role)
            return
        if depth > MAX_DEPTH:
            raise UserError(_("“{name}” lies in archives within archives: unpack it first.").format(name=source.name))
        archive = Archive(source, MAX_TOTAL - self._unpacked)
        self._unpacked += sum(info.file_size for info in archive.members)
        if archive.members and all(info.filename.endswith(".npy") for info in archive.members):
            parts, notes = read_npz(archive, source.role)
            self.notes += notes
            for part in parts:
                self._array(source.name, part)
            return
        self.place([info.filename for info in archive.members], source.role)
        places = self._places
        for name, data in archive.pictures():
            if data is None:
                self._reject(name, _("it is damaged or cut short"))
            elif is_zip(data):
                role = part_of(name) if source.role == "train" else ""
                self.add_source(Source(name, data, role or source.role), depth + 1)
                self._places = places
            else:
                self._file(name, data, source.role)

    def _file(self, name: str, data: bytes, role: str) -> None:
        try:
            grey = decode(data)
            background = estimate_background(grey)
            after = fit(grey, self.options.size, background, self.options.centre, self._invert(background))
        except UnusableError as error:
            self._reject(name, str(error))
            return
        label, part = self._places.get(name, ("", ""))
        self._add(name, label or None, grey, after, part or role)

    def _array(self, file: str, part: Part) -> None:
        pictures, size = part.pictures, self.options.size
        if not len(pictures):
            return
        if len(pictures) > MAX_READ:
            raise UserError(
                _("“{file}” holds {count:,} pictures, but at most {limit:,} can be read: bring a part of it.").format(
                    file=file, count=len(pictures), limit=MAX_READ
                )
            )
        background = estimate_background(pictures[:: max(1, len(pictures) // 2000)])
        invert = self._invert(background)
        flat = pictures.reshape(len(pictures), -1)
        seen = flat.max(1).astype(np.int16) - flat.min(1) >= MIN_CONTRAST
        for index, grey in enumerate(pictures):
            name = f"{file} [{index}]"
            try:
                if not seen[index]:
                    raise UnusableError(_("it has only one colour"))
                after = fit(grey, size, background, self.options.centre, invert)
            except UnusableError as error:
                self._reject(name, str(error))
                continue
            self._add(name, None if part.labels is None else part.labels[index], grey, after, part.role)

    def _invert(self, background: Background) -> bool:
        return background.light if self.options.invert == "auto" else self.options.invert == "always"

    def _add(self, name: str, label: Any, before: np.ndarray, after: np.ndarray, role: str) -> None:
        side = self.train if role == "train" else self.held
        key = hashlib.blake2b(after.tobytes(), digest_size=16).digest()
        if key in self._seen:
            self.duplicates += 1
            return
        if len(side.pictures) >= (MAX_IMAGES if side is self.train else MAX_HELD):
            self.too_many += 1
            return
        self._seen.add(key)
        side.pictures.append(after)
        side.labels.append(label)
        if len(self.previews) < PREVIEWS and self._shown[label] < (PREVIEWS if label is None else 2):
            self._shown[label] += 1
            step = max(1, -(-max(before.shape) // 256))
            self.previews.append(Preview(name, before[::step, ::step], after))

    def _reject(self, name: str, reason: str) -> None:
        self.reasons[reason] += 1
        if len(self.rejected) < MAX_LISTED:
            self.rejected.append(Rejected(name, reason))

    # Out ------------------------------------------------------------------------------------------------------------
    def build(self) -> Images:
        self._check_count()
        classes, labels, held_labels = self._classes()
        x = np.stack(self.train.pictures)
        if self.held.pictures:
            held_x = np.stack(self.held.pictures)
            if held_labels is not None:
                known = held_labels >= 0
                held_x, held_labels = held_x[known], held_labels[known]
            if len(held_x) < MIN_HELD:
                raise UserError(
                    _(
                        "The part to measure against has {count} usable pictures, but at least {least} are needed."
                    ).format(count=len(held_x), least=MIN_HELD)
                )
        else:
            keep, held_out = split(len(x), labels, self.options.holdout)
            held_x, held_labels = x[held_out], labels[held_out] if labels is not None else None
            x, labels = x[keep], labels[keep] if labels is not None else None
        if self.duplicates:
            self.notes.append(_("Exact copies left out: {count:,}.").format(count=self.duplicates))
        if self.too_many:
            self.notes.append(
                _("Pictures beyond the first {limit:,} left out: {count:,}.").format(
                    count=self.too_many, limit=MAX_IMAGES
                )
            )
        return Images(
            x,
            labels,
            held_x,
            held_labels,
            classes,
            self.rejected,
            sum(self.reasons.values()),
            self.duplicates,
            self.notes,
            self.previews,
        )

    def _check_count(self) -> None:
        count = len(self.train.pictures)
        if count >= MIN_IMAGES:
            return
        text = _("Only {count} different pictures can be used, but at least {least} are needed").format(
            count=count, least=MIN_IMAGES
        )
        if self.duplicates:
            text += _("; exact copies: {count:,}").format(count=self.duplicates)
        if self.reasons:
            reason, times = self.reasons.most_common(1)[0]
            text += _("; left out: {count:,}, of them {times:,} because {reason}").format(
                count=sum(self.reasons.values()), times=times, reason=reason
            )
        raise UserError(text + _(": bring more."))

    def _classes(self) -> tuple[list[str], np.ndarray | None, np.ndarray | None]:
        """Class names, training labels and held-out labels; empty for one class, or where images lack a class."""
        found = set(self.train.labels)
        if None in found or len(found) < 2:
            if len(found) > 1:
                self.notes.append(_("Some pictures are in no folder of a class, so classes are not used."))
            return [], None, None
        if len(found) > MAX_CLASSES:
            raise UserError(
                _("The pictures are in {count} folders, but at most {limit} classes can be used.").format(
                    count=len(found), limit=MAX_CLASSES
                )
            )
        ordered = sorted(found, key=_order)
        counts = Counter(self.train.labels)
        for label in ordered:
            if counts[label] < MIN_CLASS:
                raise UserError(
                    _(
                        "The class “{name}” has {count} usable pictures, but a class needs at least {least}: add some, "
                        "take it away, or put all pictures into one folder."
                    ).format(name=label, count=counts[label], least=MIN_CLASS)
                )
        number = {label: index for index, label in enumerate(ordered)}
        held = np.array([number.get(label, -1) for label in self.held.labels], np.int32)
        if (held < 0).any():
            self.notes.append(_("Pictures to measure against whose class is not trained were left out."))
        return (
            [str(label) for label in ordered],
            np.array([number[label] for label in self.train.labels], np.int32),
            held,
        )


def _order(label: Any) -> tuple[int, float, str]:
    """Sort key of a label: numbers by value, then names alphabetically."""
    text = str(label)
    return (0, float(text), text) if text.removeprefix("-").isdecimal() else (1, 0.0, text)


def split(count: int, labels: np.ndarray | None, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Training and held-out indices: `share` of every class, at least one per class and MIN_HELD in all."""
    rng = np.random.default_rng(SPLIT_SEED)
    groups = [np.arange(count)] if labels is None else [np.nonzero(labels == k)[0] for k in range(labels.max() + 1)]
    wanted = min(max(share, MIN_HELD / count), MAX_HELD / count)
    held_out = np.concatenate([rng.permutation(group)[: max(1, -int(-len(group) * wanted // 1))] for group in groups])
    keep = np.ones(count, bool)
    keep[held_out] = False
    return np.nonzero(keep)[0], np.sort(held_out)
