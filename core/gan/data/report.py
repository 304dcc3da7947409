"""What a page says of an image set before training: counts and previews, without the images themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.data.picture import UnusableError, decode, estimate_background, fit
from core.gan.data.prepare import Preview, Rejected, prepare
from core.sources import Source


@dataclass(frozen=True)
class ImageReport:
    """counts: training images of each class; rejected: the first of `rejected_count`."""

    training: int
    held_out: int
    classes: list[str]
    counts: list[int]
    rejected: list[Rejected]
    rejected_count: int
    duplicates: int
    notes: list[str]
    previews: list[Preview]


def examine(sources: Sequence[Source], options: GANConfig) -> tuple[ImageReport, dict[str, int]]:
    """The report on images, and the arguments of preset(). Raises UserError where they cannot be trained on."""
    images = prepare(sources, options)
    report = ImageReport(
        len(images.x),
        len(images.held_x),
        images.classes,
        images.counts,
        images.rejected,
        images.rejected_count,
        images.duplicates,
        images.notes,
        images.previews,
    )
    return report, {"images": len(images.x), "classes": len(images.classes)}


def one_picture(source: Source, options: GANConfig) -> np.ndarray:
    """One image file as the training images are, (S, S) uint8. Raises UserError where it cannot be used."""
    try:
        grey = decode(source.data)
        background = estimate_background(grey[None])
        invert = options.invert == "always" or (options.invert == "auto" and background.light)
        return fit(grey, options.size, background, options.centre, invert)
    except UnusableError as error:
        raise UserError(f"{source.name}: {error}") from None
