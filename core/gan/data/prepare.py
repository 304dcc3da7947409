"""Build the image set of a run: training images, held-out images and a report of what was read."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.errors import UserError
from core.gan.config import MIN_IMAGES, GANConfig
from core.gan.data.arrays import MAX_CLASSES, Part
from core.gan.data.files import File, Gathered
from core.gan.data.picture import (
    MIN_CONTRAST,
    Background,
    UnusableError,
    decode,
    estimate_background,
    fit,
    highest_value,
    white_of,
)
from core.i18n import _
from core.sources import Source

MAX_BYTES = 400_000_000
MAX_IMAGES = 100_000
MAX_READ = 250_000  # pictures of one array that are looked at, copies among them
MAX_HELD = 10_000
MIN_HELD = 16
MIN_CLASS = 8  # images of one class
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

    A source is an image file, arrays (.npz, .npy, IDX), a table with a row of pixels a picture, each also in gzip, or a
    zip of them, also in a zip. A picture's class is the path of its folders below the one that all share, unless a
    table beside the pictures names it. Sources with the role "validation" or "test", folders of these names beside one
    called train, and x_test of an .npz form the held-out part; without them a share of every class does. Exact
    duplicates are dropped, so that no held-out image is a training image.
    """
    if not sources:
        raise UserError(_("There is no picture yet: bring an .npz, a zip, or PNG and JPEG files."))
    builder = _ImageSetBuilder(options)
    builder.add(Gathered(sources))
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

    # In -------------------------------------------------------------------------------------------------------------
    def add(self, found: Gathered) -> None:
        self.notes += found.notes
        labelled = any(part.labels is not None for part in found.parts if part.role == "train")
        for part in found.parts:
            if labelled and part.labels is None:
                self.notes.append(_("“{name}” has no labels, so it was left out.").format(name=part.file))
            else:
                self._array(part.file, part)
        deep, highest = list[File](), 0.0
        for file in found.pictures:
            value = self._file(file, found.classes)
            if value is not None:
                deep.append(file)
                highest = max(highest, value)
        white = white_of(highest)
        for file in deep:
            self._file(file, found.classes, white)
        if deep and white not in (1.0, 255.0, 65535.0):
            message = _("The pictures of more than 8 bits reach {highest:,.0f}: {white:,.0f} was taken as white.")
            self.notes.append(message.format(highest=highest, white=white))

    def _file(self, file: File, classes: dict[str, str], white: float | None = None) -> float | None:
        """Add a picture. One of more than 8 bits only gives its highest value: all are scaled alike, by `white`."""
        try:
            data = file.read()
            if white is None and (value := highest_value(data)) is not None:
                return value
            grey = decode(data, white)
            background = estimate_background(grey)
            after = fit(grey, self.options.size, background, self.options.centre, self._invert(background))
        except UnusableError as error:
            self._reject(file.name, str(error))
            return None
        except ValueError:
            self._reject(file.name, _("it is damaged or cut short"))
            return None
        self._add(file.name, classes.get(file.name) if classes else file.label, grey, after, file.role)
        return None

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
            if len(found) > 1 or any(label is not None for label in self.held.labels):
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
