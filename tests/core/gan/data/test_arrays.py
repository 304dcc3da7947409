"""Arrays that no one would save, and colour that would not fit: each ends in a sentence or in grey pictures."""

import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.data import picture
from core.gan.data import prepare as module
from core.gan.data.grey import to_grey
from core.gan.data.prepare import prepare
from core.sources import Source

X = np.random.default_rng(0).integers(0, 255, (100, 8, 8), np.uint8)
Y = np.arange(100) % 2


def saved(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def declared(shape, descr="|u1", payload=b""):
    """An .npy whose header says `shape` and `descr`, whatever follows."""
    head = repr({"descr": descr, "fortran_order": False, "shape": shape}).encode()
    head += b" " * (63 - (10 + len(head)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + payload


def taken(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return prepare([Source("x.npz", out.getvalue())], GANConfig())


ODD = {
    "a length of 10**30": {"x": declared((10**30, 0, 4))},
    "70 dimensions": {"x": declared((1,) * 70, payload=b"\0")},
    "a length that is True": {"x": declared((True, 8, 8), payload=b"\0" * 64)},
    "four bytes an item": {"x": declared((100, 8, 8), ("|u1", (4,)), b"\0" * 25_600)},
    "raw bytes": {"x": declared((100, 8, 8), "|V1", b"\0" * 6400)},
    "labels of two fields": {"x": saved(X), "y": declared((100,), [("a", "<i4"), ("b", "<f4")], b"\0" * 800)},
    "labels (100, 0)": {"x": saved(X), "y": saved(np.zeros((100, 0), np.float32))},
    "labels (100, 3) of text": {"x": saved(X), "y": saved(np.full((100, 3), "a"))},
    "class names of raw bytes": {"x": saved(X), "y": saved(Y), "classes": declared((3,), "|V4", b"\0" * 12)},
    "labels beyond Unicode": {"x": saved(X), "y": declared((100,), "<U1", (b"\xff\xff\xff\x7f" + b"A\0\0\0") * 50)},
    "labels beyond whole numbers": {"x": saved(X), "y": saved(np.where(Y, 1e300, 2e300))},
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_array_is_refused_in_one_sentence(case):
    with pytest.raises(UserError) as refused:
        taken(**ODD[case])
    assert "x.npz" in str(refused.value)


def test_class_names_with_dashes_are_names():
    images = taken(x=saved(X), y=saved(np.array(["--5", "a"] * 50)))
    assert images.classes == ["--5", "a"]


def test_colour_becomes_grey_within_a_small_memory():
    """0.4 MB of zeros unpack to a gigabyte: converting them must not take several times as much again."""
    colour = np.zeros((400, 160, 160, 3), np.uint8)
    colour[:, 40:80] = 255
    tracemalloc.start()
    grey = to_grey(colour, "x", "x.npz", [])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grey.shape == (400, 160, 160)
    assert set(np.unique(grey)) == {0, 255}
    assert peak < 3 * colour.nbytes


@pytest.mark.parametrize("channels", [3, 4])
def test_the_grey_of_a_colour_is_its_luma(channels):
    colour = np.random.default_rng(1).integers(0, 256, (50, 8, 8, channels), np.uint8)
    expected = np.floor(colour[..., :3] @ np.array([0.299, 0.587, 0.114]) + 0.5)
    assert np.abs(to_grey(colour, "x", "x.npz", []).astype(int) - expected).max() <= 1


def test_more_pictures_than_can_be_read_are_refused_before_the_first(monkeypatch):
    monkeypatch.setattr(module, "MAX_READ", 99)
    monkeypatch.setattr(module, "fit", lambda *_given: pytest.fail("a picture was read"))
    with pytest.raises(UserError, match="holds 100 pictures, but at most 99 can be read"):
        taken(x=saved(X))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_very_large_picture_is_reduced_before_it_is_converted(mode, monkeypatch):
    drawn = np.zeros((400, 400), np.uint8)
    drawn[100:300, 152:252] = 255
    out = io.BytesIO()
    Image.fromarray(drawn).convert(mode).save(out, "PNG")
    whole = picture.decode(out.getvalue())
    monkeypatch.setattr(picture, "REDUCED_PIXELS", 10_000)
    small = picture.decode(out.getvalue())
    assert whole.shape == (400, 400)
    assert small.shape == (100, 100)
    assert np.array_equal(small, whole[::4, ::4])
