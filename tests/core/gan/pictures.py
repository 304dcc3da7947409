"""Synthetic images for the tests: discs and bars, two separable classes."""

import io
import zipfile

import numpy as np
from PIL import Image

from core.sources import Source


def shapes(count, size=28, seed=0):
    """(count, size, size) uint8 white on black, and labels: 0 a disc, 1 an upright bar, in changing places."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    labels = np.arange(count) % 2
    pictures = np.zeros((count, size, size), np.uint8)
    for index, label in enumerate(labels):
        down, across = rng.uniform(0.35, 0.65, 2) * size
        radius = rng.uniform(0.15, 0.3) * size
        if label == 0:
            depth = radius - np.hypot(y - down, x - across)
        else:
            depth = np.minimum(radius / 3 - abs(x - across), radius * 1.4 - abs(y - down))
        pictures[index] = np.clip(depth + 0.5, 0, 1) * rng.integers(180, 256)  # soft edges: no two are the same
    return pictures, labels


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(file, kind, **options)
    return file.getvalue()


def zipped(members, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def shapes_source(count=200, size=28, name="shapes.npz"):
    x, y = shapes(count, size)
    return Source(name, npz(x_train=x, y_train=y))
