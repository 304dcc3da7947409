"""Decode one image file to greyscale and normalise it: white on black, centred, of one size."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import overload

import numpy as np
from PIL import Image, ImageOps

from core.file_signatures import kind_of
from core.gan.data.grey import WHITE
from core.i18n import _

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")  # PPM is also PGM and PBM
TILE = (322, 323)  # TIFF's tags of the width and height of a tile
MAX_PIXELS = 40_000_000
REDUCED_PIXELS = 4_000_000  # from twice the side of this on an image is reduced before it is converted
MIN_SIDE = 4
MIN_CONTRAST = 16  # grey levels of 255
PLAIN = 0.75  # share of border pixels near their median from which a background counts as plain
INK = 26  # grey levels of 255 from which a pixel belongs to the drawing
DRAWING = 20 / 28  # share of the side that a centred drawing fills, as in MNIST

# Pillow's size warning is redundant: our limit is lower. Set globally, since catch_warnings() is not thread-safe.
warnings.filterwarnings("ignore", module=r"PIL\.")


class UnusableError(Exception):
    """Reason why an image cannot be used, worded as the end of a sentence."""


@dataclass(frozen=True)
class Background:
    """Background of an image: its grey level (0 to 255), and whether the border is uniform."""

    level: int
    plain: bool

    @property
    def light(self) -> bool:
        return self.plain and self.level > 127


def decode(data: bytes, white: float | None = None) -> np.ndarray:
    """Grey (H, W) uint8 out of an image file; the first frame of an animation. Raises UnusableError.

    white: what a picture of more than 8 bits has as white; by itself, the least of WHITE that none of its values is
    over.
    """
    grey = _open(data)
    return grey if grey.dtype == np.uint8 else _to_8_bit(grey, white)


def highest_value(data: bytes) -> float | None:
    """The highest value of a picture of more than 8 bits; None for any other, which is not decoded. Raises
    UnusableError."""
    values = _open(data, only_deep=True)
    return float(values.max()) if values is not None else None


@overload
def _open(data: bytes) -> np.ndarray: ...
@overload
def _open(data: bytes, only_deep: bool) -> np.ndarray | None: ...
def _open(data: bytes, only_deep: bool = False) -> np.ndarray | None:
    """(H, W) uint8, or finite float32 of a picture of more than 8 bits. Its declared size is checked before."""
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            tile = [getattr(image, "tag_v2", {}).get(tag, 1) for tag in TILE]
            if max(width * height, tile[0] * tile[1]) > MAX_PIXELS:
                raise Image.DecompressionBombError
            if min(width, height) < MIN_SIDE:
                raise UnusableError(_("it has only {width} × {height} pixels").format(width=width, height=height))
            deep = image.mode.startswith(("I", "F"))
            if only_deep and not deep:
                return None
            image.draft("L", (128, 128))  # decodes a large JPEG at reduced size
            picture = ImageOps.exif_transpose(_reduced(image))
            return _finite(np.asarray(picture, np.float32)) if deep else _grey(picture)
    except (UnusableError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise UnusableError(
            _("it has more than {limit} million pixels").format(limit=MAX_PIXELS // 1_000_000)
        ) from None
    except Image.UnidentifiedImageError:
        if kind := kind_of(data):
            raise UnusableError(_("it is a {kind}, no picture").format(kind=_(kind))) from None
        raise UnusableError(_("it is no PNG, JPEG, GIF, BMP, WebP, TIFF or PGM picture")) from None
    except Exception:  # Pillow's decoders raise many kinds of error on damaged files
        raise UnusableError(_("it is damaged or cut short")) from None


def _reduced(image: Image.Image) -> Image.Image:
    """A very large image at a whole fraction of its size: as decimals it would take 40 times its memory."""
    factor = int((image.width * image.height / REDUCED_PIXELS) ** 0.5)
    if factor < 2 or not (image.mode in ("L", "LA", "RGB", "RGBA", "F") or image.mode.startswith("I")):
        return image
    small = (image.convert("I") if image.mode.startswith("I;") else image).reduce(factor)
    small.info = image.info
    return small


def _grey(image: Image.Image) -> np.ndarray:
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _blend_transparency(np.asarray(image.convert("RGBA"), np.float32))
    return np.asarray(image.convert("RGB").convert("L") if image.mode != "L" else image).copy()


def _finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise UnusableError(_("it holds values that are no numbers"))
    return values


def white_of(highest: float) -> float:
    """What is white where no value is over `highest`: 10 and 12 bits are often stored in 16."""
    return next((white for white in WHITE if white != 16 and highest <= white), WHITE[-1])


def _to_8_bit(values: np.ndarray, white: float | None) -> np.ndarray:
    """16- or 32-bit whole numbers, or decimals, to 8 bits; Pillow's own conversion would clip at 255."""
    top = white_of(float(values.max())) if white is None else white
    return np.clip(values / top * 255 + 0.5, 0, 255).astype(np.uint8)


def _blend_transparency(rgba: np.ndarray) -> np.ndarray:
    """Blend transparent pixels with black or white, whichever contrasts with the opaque ones."""
    grey = rgba[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    alpha = rgba[..., 3] / 255
    if alpha.max() == 0:
        raise UnusableError(_("it is wholly transparent"))
    background = 255.0 if (grey * alpha).sum() / alpha.sum() < 128 else 0.0
    return (grey * alpha + background * (1 - alpha) + 0.5).astype(np.uint8)


def estimate_background(pictures: np.ndarray) -> Background:
    """Estimate the background of an image (H, W), or of N similar ones (N, H, W), uint8, from the border pixels."""
    stack = pictures if pictures.ndim == 3 else pictures[None]
    border = np.concatenate([stack[:, 0], stack[:, -1], stack[:, :, 0], stack[:, :, -1]], axis=1)
    level = int(np.median(border))
    return Background(level, bool((np.abs(border.astype(np.int16) - level) <= 32).mean() >= PLAIN))


def fit(grey: np.ndarray, size: int, background: Background, centre: bool, invert: bool) -> np.ndarray:
    """Normalise an image (H, W) uint8 to (size, size) uint8. Raises UnusableError where it has no content.

    On a uniform background the foreground is cropped, scaled to 20/28 of the side and centred by its centre of mass, as
    in MNIST (LeCun et al. 1998). Otherwise, or with `centre` off, the whole image is padded or cropped to a square. An
    image that already has the size is only inverted.
    """
    if int(grey.max()) - int(grey.min()) < MIN_CONTRAST:
        raise UnusableError(_("it has only one colour"))
    level = 255 - background.level if invert else background.level
    picture = 255 - grey if invert else grey
    if picture.shape == (size, size):
        return picture
    if not background.plain:
        return np.asarray(ImageOps.fit(Image.fromarray(picture), (size, size), Image.Resampling.LANCZOS))
    if not centre:
        side = max(picture.shape)
        square = Image.new("L", (side, side), level)
        square.paste(Image.fromarray(picture), ((side - picture.shape[1]) // 2, (side - picture.shape[0]) // 2))
        return np.asarray(square.resize((size, size), Image.Resampling.LANCZOS))
    return _centred(picture, size, level)


def _centred(picture: np.ndarray, size: int, level: int) -> np.ndarray:
    ink = np.clip((picture.astype(np.float32) - level) * 255 / max(1, 255 - level), 0, 255).astype(np.uint8)
    rows, columns = np.nonzero((ink >= INK).any(1))[0], np.nonzero((ink >= INK).any(0))[0]
    if not len(rows):
        raise UnusableError(_("nothing stands out from its background"))
    drawing = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = size * DRAWING / max(drawing.size)
    width, height = (max(1, round(side * scale)) for side in drawing.size)
    small = np.asarray(drawing.resize((width, height), Image.Resampling.LANCZOS), np.float32)
    mass = max(float(small.sum()), 1.0)
    across = (small.sum(0) @ np.arange(width)) / mass + 0.5
    down = (small.sum(1) @ np.arange(height)) / mass + 0.5
    left = int(np.clip(round(size / 2 - across), 0, size - width))
    top = int(np.clip(round(size / 2 - down), 0, size - height))
    out = np.zeros((size, size), np.uint8)
    out[top : top + height, left : left + width] = small.astype(np.uint8)
    return out
