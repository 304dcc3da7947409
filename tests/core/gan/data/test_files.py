"""The files in which pictures are handed out: each kind gives the same pictures and labels, or a sentence that says why
not. Each writer here is the format's own arithmetic, not the reader's."""

import gzip
import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.data import picture, pixel_rows
from core.gan.data.arrays import meaning_of
from core.gan.data.prepare import prepare
from core.sources import Source
from tests.core.gan.pictures import encoded, npz, shapes, zipped
from tests.selection import sampled

X, Y = shapes(120)
EXPECTED = {picture.tobytes() for picture in X}


def take(*files, **options):
    sources = [file if isinstance(file, Source) else Source(*file) for file in files]
    return prepare(sources, GANConfig(**options))


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def idx(array, kind=8):
    return (
        bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(">u1").tobytes()
    )


def rows(x, y=None, header=True, last=False, sep=",", quote="", name="label"):
    lines = [] if not header else [[name] * (y is not None) + [f"pixel{n}" for n in range(x[0].size)]]
    for number, item in enumerate(x):
        label = [] if y is None else [f"{quote}{y[number]}{quote}"]
        pixels = [str(value) for value in item.ravel()]
        lines.append(pixels + label if last else label + pixels)
    return ("\n".join(sep.join(line) for line in lines) + "\n").encode()


def seen(images):
    """Each picture with the name of its class, both parts together."""
    classes = images.classes
    found = {}
    for x, labels in ((images.x, images.labels), (images.held_x, images.held_labels)):
        for place, item in enumerate(x):
            found[item.tobytes()] = classes[labels[place]] if labels is not None else None
    return found


LABELLED = {item.tobytes(): str(label) for item, label in zip(X, Y, strict=True)}
UNLABELLED = dict.fromkeys(LABELLED)
PAIR = [("train-images-idx3-ubyte", idx(X)), ("train-labels-idx1-ubyte", idx(Y))]
PACKED = [(f"{name}.gz", gzip.compress(data)) for name, data in PAIR]
WHOLE = {
    "IDX": PAIR,
    "IDX in gzip": PACKED,
    "IDX in a zip": [("mnist.zip", zipped(PAIR))],
    "IDX in gzip in a zip": [("mnist.zip", zipped(PACKED))],
    "npy, labels beside": [("x.npy", npy(X)), ("y.npy", npy(Y))],
    "npy flattened": [("images.npy", npy(X.reshape(120, 784))), ("labels.npy", npy(Y))],
    "a class a file": [("0.npy", npy(X[Y == 0])), ("1.npy", npy(X[Y == 1].reshape(60, 784)))],
    "a class a file in a zip, one packed": [
        ("z.zip", zipped([("a/0.npy", npy(X[Y == 0])), ("1.npy.gz", gzip.compress(npy(X[Y == 1])))]))
    ],
    "rows": [("train.csv", rows(X, Y))],
    "rows in gzip": [("train.csv.gz", gzip.compress(rows(X, Y)))],
    "rows in a zip": [("train.zip", zipped([("train.csv", rows(X, Y))]))],
    "rows without a header": [("mnist.csv", rows(X, Y, header=False))],
    "rows, label last": [("mnist.csv", rows(X, Y, last=True, header=False))],
    "rows with semicolons and quotes": [("mnist.csv", rows(X, Y, sep=";", quote='"'))],
    "rows with tabs and CRLF": [("mnist.tsv", rows(X, Y, sep="\t").replace(b"\n", b"\r\n"))],
    "rows with a mark and blank lines": [("mnist.csv", b"\xef\xbb\xbf" + rows(X, Y, name="digit") + b"\n\n")],
    "rows of decimals": [("mnist.csv", rows(X.astype(float), Y.astype(float)))],
    "pixels in one column": [
        ("fer.csv", b"emotion,pixels\n" + b"".join(
            f"{y},{' '.join(map(str, x.ravel()))}\n".encode() for x, y in zip(X, Y, strict=True)
        ))
    ],
    "npz without names": [("a.npz", npz(arr_0=X, arr_1=Y))],
    "npz without names, flattened": [("a.npz", npz(arr_0=X.reshape(120, 784), arr_1=Y[:, None]))],
    "npz in upper case": [("a.npz", npz(X=X, Y=Y))],
    "npz X_train": [("a.npz", npz(X_train=X, y_train=Y))],
    "npz trainX": [("a.npz", npz(trainX=X, trainY=Y))],
    "npz of MedMNIST": [
        ("a.npz", npz(train_images=X[:80], train_labels=Y[:80, None], val_images=X[80:100], val_labels=Y[80:100, None],
                      test_images=X[100:], test_labels=Y[100:, None]))
    ],
    "npz channels first": [("a.npz", npz(x_train=X[:, None], y_train=Y))],
    "npz one channel of a flat picture": [("a.npz", npz(x_train=X.reshape(120, 784, 1), y_train=np.eye(2)[Y]))],
    "pictures of which a table says the class": [
        ("z.zip", zipped([(f"train/{n}.png", encoded(x)) for n, x in enumerate(X)] + [
            ("labels.csv", b"file,label\n" + b"".join(f"{n}.png,{y}\n".encode() for n, y in enumerate(Y)))]))
    ],
    "a table that names them without the extension": [
        *((f"{n}.pgm", encoded(x, "PPM")) for n, x in enumerate(X)),
        ("l.csv", b"id;breed;age\n" + b"".join(f"{n};{y};3\n".encode() for n, y in enumerate(Y))),
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_every_kind_of_file_gives_the_same_pictures_and_labels(kind):
    assert seen(take(*WHOLE[kind])) == LABELLED


@pytest.mark.parametrize(
    "file",
    [("a-idx3-ubyte", idx(X)), ("a.npy", npy(X)), ("a.csv", rows(X)), ("a.csv", rows(X, header=False))],
    ids=["IDX", "npy", "rows", "rows without a header"],
)
def test_pictures_alone_have_no_classes(file):
    assert seen(take(file)) == UNLABELLED


@pytest.mark.parametrize("kind", ["PPM", "BMP", "TIFF", "WEBP", "PNG"])
def test_picture_files_without_loss_arrive_untouched(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    name = "pgm" if kind == "PPM" else kind.lower()
    images = take(*((f"{n}.{name}", encoded(x, kind, **options)) for n, x in enumerate(X)))
    assert seen(images) == UNLABELLED


def test_the_parts_of_mnist_s_four_files_stay_apart():
    test = [("t10k-images-idx3-ubyte.gz", gzip.compress(idx(X[90:]))), ("t10k-labels-idx1-ubyte", idx(Y[90:]))]
    images = take(("train-images-idx3-ubyte", idx(X[:90])), ("train-labels-idx1-ubyte", idx(Y[:90])), *test)
    assert {item.tobytes() for item in images.held_x} == {item.tobytes() for item in X[90:]}
    assert images.held_labels.tolist() == Y[90:].tolist()


def test_a_test_part_without_labels_beside_labelled_pictures_is_left_out_and_named():
    images = take(
        ("k.zip", zipped([("train.csv", rows(X, Y)), ("test.csv", rows(X[:20] // 2)), ("sub.csv", b"a,b\n")]))
    )
    assert seen(images) == LABELLED
    assert any("test.csv" in note for note in images.notes)
    assert any("sub.csv" in note for note in images.notes)


@pytest.mark.parametrize(("name", "meant"), {
    "x_train": ("train", "pictures"), "Y": ("", "labels"), "train-images": ("train", "pictures"),
    "testX": ("test", "pictures"), "ytest": ("test", "labels"), "t10k-labels": ("test", "labels"),
    "val_images": ("validation", "pictures"), "arr_0": ("", ""), "latest": ("", ""), "target": ("", "labels"),
}.items())  # fmt: skip
def test_what_the_name_of_an_array_says(name, meant):
    assert meaning_of(name) == meant


@pytest.mark.parametrize(("bits", "white"), [(10, 1023), (12, 4095), (16, 65535)])
def test_all_pictures_of_more_than_8_bits_are_scaled_alike(bits, white):
    """The first picture is half as bright as the others, and stays so."""
    deep = X.astype(np.uint16) * (white // 255)
    deep[0] //= 2
    deep[1, 0, 0] = white
    files = [(f"{n}.png", encoded(Image.fromarray(item))) for n, item in enumerate(deep)]
    images = take(*files, centre=False)
    found = {int(item.max()) for item in np.concatenate([images.x, images.held_x])}
    assert max(found) == 255
    dim = round(deep[0].max() / white * 255)
    assert any(abs(value - dim) <= 1 for value in found)
    assert any(f"{white:,}" in note for note in images.notes) == (bits < 16)


def test_an_array_of_12_bits_is_scaled_too():
    images = take(("a.npz", npz(x=(X.astype(np.uint16) << 4), y=Y)))
    assert max(images.x.max(), images.held_x.max()) >= 250


BAD = {
    "labels without pictures": ([("train-labels-idx1-ubyte", idx(Y))], r"train-labels \(120,\)"),
    "too few labels": ([("images.npy", npy(X)), ("labels.npy", npy(Y[:-1]))], "120 pictures need as many labels"),
    "several labels a picture": ([("a.npz", npz(x=X, y=np.ones((120, 3))))], "need as many labels"),
    "labels of two names": ([("a.npz", npz(arr_0=X, arr_1=Y, arr_2=1 - Y))], r"unclear: arr_1 \(120,\), arr_2"),
    "two heaps": ([("a.npz", npz(arr_0=X, arr_1=X))], r"arr_0 \(120, 28, 28\), arr_1"),
    "an IDX cut short": ([("a-idx3-ubyte", idx(X)[:-1])], r"\(120, 28, 28\), but it is not as long"),
    "an npy of objects": ([("a.npy", npy(np.array([{}] * 99)))], "never opened"),
    "rows of no square": ([("a.csv", rows(X[:, :, :27], Y))], "756 numbers a row"),
    "a row cut short": ([("a.csv", rows(X, Y)[:-100])], "line 121"),
    "a pixel that is a word": ([("a.csv", rows(X, Y).replace(b",0\n", b",x\n", 1))], "line 121 or shortly before"),
    "a table of classes with two candidates": (
        [(f"{n}.png", encoded(x)) for n, x in enumerate(X[:70])] + [("t.csv", b"file,a,b\n0.png,1,2\n1.png,1,2\n")],
        "“file”, “a”, “b” “label”",
    ),
    "a gzip cut short": ([("a.idx.gz", gzip.compress(idx(X))[:-9])], "damaged or cut short"),
    "a document": ([(f"{n}.png", b"%PDF-1.7") for n in range(80)], "it is a PDF document, no picture"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_cannot_be_read_is_named(kind):
    files, words = BAD[kind]
    with pytest.raises(UserError, match=words) as error:
        take(*files)
    assert "\n" not in str(error.value)


def tiff(width, height, tile=None):
    """A TIFF whose header declares a size that no byte follows."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1)]
    tags += [(322, 4, tile), (323, 4, tile), (324, 4, 8), (325, 4, 9)] if tile else [
        (273, 4, 8), (278, 4, height), (279, 4, 9)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in sorted(tags))
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + b"\0" * 4


def webp(width, height):
    small = encoded(np.zeros((8, 8, 3), np.uint8), "WEBP", lossless=True)[12:]
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + canvas + b"ANIM" + struct.pack("<I", 6) + b"\0" * 6
    frame = b"\0" * 6 + (7).to_bytes(3, "little") * 2 + b"\0" * 4 + small
    body += b"ANMF" + struct.pack("<I", len(frame)) + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body


BOMBS = {
    "TIFF": ("a.tif", tiff(60_000, 60_000)),
    "TIFF of one huge tile": ("a.tif", tiff(32, 32, 40_000)),
    "WebP": ("a.webp", webp(16_383, 16_383)),
    "PGM": ("a.pgm", b"P5 99999 99999 255\n" + b"\0" * 99),
    "IDX": ("a-idx3-ubyte", b"\0\0\x08\x03" + b"\xff" * 12),
    "IDX of decimals": ("a-idx4-ubyte", b"\0\0\x0e\x04" + b"\x7f" * 16),
    "npy": ("a.npy", npy(X[:1])[:10] + npy(X[:1])[10:128].replace(b"(1, 28, 28), }", b"(9**9,28,28),}") + b"\0" * 9),
    "gzip": ("a-idx3-ubyte.gz", gzip.compress(bytes(3_000_000))),
    "gzip of nothing, again and again": ("a.idx.gz", gzip.compress(b"") * 5000 + gzip.compress(bytes(2_000_000))),
    "one row of pixels for ever": ("a.csv", b"0," * 1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("kind", sampled(BOMBS, [kind for kind in BOMBS if kind != "one row of pixels for ever"]))
def test_a_bomb_is_refused_before_it_is_unpacked(kind, monkeypatch):
    monkeypatch.setattr("core.gan.data.files.MAX_MEMBER", 1_000_000)
    tracemalloc.start()
    with pytest.raises(UserError):
        take(BOMBS[kind])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


@pytest.mark.parametrize("kind", ["TIFF", "TIFF of one huge tile", "WebP", "PGM"])
def test_the_size_of_a_picture_is_said_before_it_is_decoded(kind):
    with pytest.raises(picture.UnusableError, match="40 million pixels"):
        picture.decode(BOMBS[kind][1])


def test_more_rows_than_can_be_read_are_refused(monkeypatch):
    monkeypatch.setattr(pixel_rows, "MAX_ROWS", 100)
    with pytest.raises(UserError, match="more than 100 rows"):
        take(("a.csv", rows(X, Y)))
