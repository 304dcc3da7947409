import io
import struct
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.data.prepare import MIN_HELD, prepare, sizes, split
from core.sources import Source
from tests.core.gan.pictures import encoded, npz, shapes, shapes_source, zipped

X, Y = shapes(200)
CENTRED = prepare([Source("x.npz", npz(x_train=X, y_train=Y))], GANConfig()).x


def files(pictures=X, folder="", start=0):
    return [Source(f"{folder}{start + n:04d}.png", encoded(picture)) for n, picture in enumerate(pictures)]


def take(*sources, **options):
    return prepare(list(sources), GANConfig(**options))


def one_sentence(error):
    text = str(error.value)
    assert "\n" not in text
    assert text.endswith(".")
    assert text.count(". ") == 0
    return text


# Ways in ------------------------------------------------------------------------------------------------------------
def test_pictures_of_the_right_size_arrive_untouched():
    images = take(shapes_source(200))
    everything = np.concatenate([images.x, images.held_x])
    assert {p.tobytes() for p in everything} == {p.tobytes() for p in X}
    assert images.classes == ["0", "1"]
    assert sum(images.counts) == len(images.x) == 180


def test_a_test_part_of_its_own_is_what_is_held_out():
    images = take(Source("k.npz", npz(x_train=X[:150], y_train=Y[:150], x_test=X[150:], y_test=Y[150:])))
    assert np.array_equal(images.x, X[:150])
    assert np.array_equal(images.held_x, X[150:])
    assert np.array_equal(images.held_labels, Y[150:])


def test_a_source_with_the_role_of_test_is_held_out():
    test = Source("t.npz", npz(x_train=X[150:], y_train=Y[150:]), "test")
    images = take(Source("k.npz", npz(x_train=X[:150], y_train=Y[:150])), test)
    assert np.array_equal(images.held_x, X[150:])


def test_a_zip_of_folders_has_the_folders_as_classes():
    members = [
        (f"all/{'disc' if y == 0 else 'bar'}/{n}.png", encoded(x)) for n, (x, y) in enumerate(zip(X, Y, strict=True))
    ]
    images = take(Source("shapes.zip", zipped([("__MACOSX/._x", b"junk"), ("all/.DS_Store", b"junk"), *members])))
    assert images.classes == ["bar", "disc"]
    assert images.rejected_count == 0
    assert sizes([Source("shapes.zip", zipped(members))], GANConfig()) == {"images": 180, "classes": 2}


def test_single_files_without_folders_have_no_classes():
    images = take(*files())
    assert images.labels is None
    assert images.classes == []


def test_a_folder_given_as_sources_has_its_sub_folders_as_classes():
    images = take(*files(X[:64], "one/"), *files(X[64:128], "ten/"), *files(X[128:192], "2/"))
    assert images.classes == ["2", "one", "ten"]
    assert images.counts == [57, 57, 57]


def test_number_names_are_ordered_by_value():
    images = take(*files(X[:64], "10/"), *files(X[64:128], "9/"))
    assert images.classes == ["9", "10"]


def test_class_names_in_the_npz_are_used():
    images = take(Source("n.npz", npz(x=X, y=Y, class_names=np.array(["disc", "bar"]))))
    assert images.classes == ["bar", "disc"]
    assert np.mean(images.x[images.labels == 0] > 0) < np.mean(images.x[images.labels == 1] > 0)


def test_pictures_partly_in_folders_train_without_classes_and_say_so():
    images = take(*files(X[:100], "a/"), *files(X[100:], start=100))
    assert images.labels is None
    assert any("no folder" in note for note in images.notes)


# One form -----------------------------------------------------------------------------------------------------------
def test_black_on_white_becomes_white_on_black():
    images = take(Source("w.npz", npz(x=255 - X)))
    assert np.array_equal(np.sort(images.x.ravel()), np.sort(take(Source("b.npz", npz(x=X))).x.ravel()))
    assert take(Source("w.npz", npz(x=255 - X)), invert="never").x.mean() > 128


@pytest.mark.parametrize("size", [16, 28, 32])
def test_a_drawing_is_cut_out_scaled_and_its_mass_put_into_the_middle(size):
    rng = np.random.default_rng(1)
    papers = []
    for _ in range(70):
        paper = np.full((120, 90), 250, np.uint8)
        down, across, side = rng.integers(5, 50), rng.integers(5, 40), rng.integers(20, 40)
        paper[down : down + side, across : across + side // 2] = rng.integers(0, 60, (side, side // 2))
        papers.append(paper)
    images = take(*files(papers), size=size)
    y, x = np.mgrid[:size, :size] + 0.5
    for picture in images.x.astype(float):
        assert abs((picture * y).sum() / picture.sum() - size / 2) <= 0.51
        assert abs((picture * x).sum() / picture.sum() - size / 2) <= 0.51
        assert abs((picture.max(1) > 26).sum() - size * 20 / 28) <= 1.5


def test_without_centring_the_whole_picture_is_kept():
    paper = np.zeros((70, 100, 100), np.uint8)
    for n in range(70):
        paper[n, :10, : 20 + n] = 200
    images = take(*files(paper), centre=False)
    assert (images.x[:, 0].max(1) > 100).all()
    assert (images.x[:, 14:] == 0).all()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (X / 255.0, X),
        (X / 127.5 - 1, X),
        (X.astype(np.float32), X),
        (X.astype(np.int64), X),
        (X.astype(np.uint16) * 257, X),
        (X > 128, (X > 128) * 255),
        (np.repeat(X[..., None], 3, -1), X),
        (X.reshape(200, -1), X),
    ],
    ids=["0 to 1", "-1 to 1", "decimals to 255", "int64", "16 bit", "bool", "colour", "flat"],
)
def test_arrays_of_every_usual_range_and_shape_mean_the_same_pictures(values, expected):
    images = take(Source("x.npz", npz(x=values)))
    found = np.sort(np.concatenate([images.x, images.held_x]).reshape(-1, 784), axis=0).astype(int)
    distinct = np.unique(np.asarray(expected).reshape(-1, 784), axis=0)
    assert abs(found - np.sort(distinct, axis=0).astype(int)).max() <= 1


def variants(picture):
    grey = Image.fromarray(picture)
    alpha = Image.merge("LA", (Image.new("L", grey.size, 255), grey))
    palette = grey.convert("RGB").quantize(8)
    return {
        "RGB": encoded(grey.convert("RGB")),
        "CMYK": encoded(grey.convert("RGB").convert("CMYK"), "JPEG", quality=95),
        "16 bit": encoded(Image.fromarray(picture.astype(np.uint16) * 257)),
        "palette": encoded(palette),
        "alpha": encoded(alpha),
        "GIF": encoded(grey, "GIF", save_all=True, append_images=[Image.new("L", grey.size)]),
        "1 bit": encoded(grey.point(lambda v: 255 * (v > 99)).convert("1")),
        "WebP": encoded(grey.convert("RGB"), "WEBP", lossless=True),
    }


@pytest.mark.parametrize("kind", list(variants(X[0])))
def test_every_kind_of_picture_file_shows_the_same_drawing(kind):
    picture = (X[0] > 99).astype(np.uint8) * 255
    images = take(*files(), Source("odd.file", variants(picture)[kind]))
    assert images.rejected == []
    assert min(abs(p.astype(int) - picture).mean() for p in np.concatenate([images.x, images.held_x])) < 6


def test_previews_show_before_and_after():
    images = take(*files(255 - X))
    preview = images.previews[0]
    assert len(images.previews) == 16
    assert np.array_equal(preview.after, 255 - preview.before)


# Held out -----------------------------------------------------------------------------------------------------------
def test_no_picture_is_on_both_sides_and_copies_are_counted():
    images = take(Source("d.npz", npz(x=np.concatenate([X, X[:50]]))))
    assert images.duplicates == 50
    assert not {p.tobytes() for p in images.x} & {p.tobytes() for p in images.held_x}


def test_the_split_takes_its_share_of_every_class_and_is_always_the_same():
    labels = np.repeat([0, 1, 2], [100, 300, 600])
    keep, away = split(1000, labels, 0.1)
    assert np.bincount(labels[away]).tolist() == [10, 30, 60]
    assert np.array_equal(np.sort(np.concatenate([keep, away])), np.arange(1000))
    assert np.array_equal(away, split(1000, labels, 0.1)[1])


def test_few_pictures_still_leave_enough_to_measure_against():
    assert len(split(64, None, 0.02)[1]) == MIN_HELD


# What cannot be used ------------------------------------------------------------------------------------------------
def png_header(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * 1000)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("cut.jpg", encoded(np.kron(X[0], np.ones((8, 8), np.uint8)), "JPEG")[:600], "damaged or cut short"),
        ("huge.png", png_header(20_000, 20_000), "more than 40 million"),
        ("large.png", png_header(9_000, 9_000), "more than 40 million"),
        ("notes.txt", b"hello", "no PNG, JPEG"),
        ("black.png", encoded(np.zeros((28, 28), np.uint8)), "only one colour"),
        ("dot.png", encoded(np.zeros((1, 1), np.uint8)), "1 × 1 pixels"),
        ("empty.png", b"", "no PNG, JPEG"),
        ("clear.png", encoded(Image.new("LA", (9, 9), (255, 0))), "transparent"),
    ],
)
def test_one_bad_file_among_good_ones_is_listed_with_its_reason(name, data, reason):
    images = take(Source("good.zip", zipped([(f"{n}.png", encoded(x)) for n, x in enumerate(X)] + [(name, data)])))
    assert len(images.x) == 180
    assert [item.name for item in images.rejected] == [name]
    assert reason in images.rejected[0].reason


def test_a_damaged_member_of_a_zip_is_listed_and_the_others_are_used():
    data = bytearray(zipped([(f"{n}.png", encoded(x)) for n, x in enumerate(X)], zipfile.ZIP_STORED))
    data[60] ^= 0xFF
    images = take(Source("z.zip", bytes(data)))
    assert [item.name for item in images.rejected] == ["0.png"]
    assert len(images.x) + len(images.held_x) == 199


def bomb():
    return zipped([("a.png", b"\0" * 150_000_000)] * 1 + [(f"{n}.png", b"\0" * 150_000_000) for n in range(6)])


def lying():
    """A zip whose central directory says 10 bytes where 1,000 are."""
    data = bytearray(zipped([("a.png", bytes(1000))]))
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", 10)
    return bytes(data)


def encrypted():
    data = bytearray(zipped([("a.png", encoded(X[0]))]))
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def pickled():
    file = io.BytesIO()
    np.savez(file, x_train=np.array([{"a": 1}, None], dtype=object))
    return file.getvalue()


def longer_than_it_is():
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (9000000000, 28, 28), }"
    header = header.ljust(117) + b"\n"
    return zipped([("x_train.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(100))])


NAN = X / 255.0
NAN[3, 3, 3] = np.nan

BAD = {
    "nothing": ([], "There is no picture yet"),
    "three": (files(X[:3]), "Only 3 different pictures.*at least 64"),
    "one image 1,000 times": (files([X[0]] * 1000), "Only 1 different.*exact copies: 999"),
    "all black": ([Source("b.npz", npz(x=np.zeros((100, 28, 28), np.uint8)))], "Only 0 .*100 because it has only one"),
    "texts": ([Source(f"{n}.txt", b"x") for n in range(70)], "left out: 70, of them 70 because it is no PNG"),
    "no zip": ([Source("a.zip", b"hello")], "is no zip file"),
    "torn zip": ([Source("a.zip", zipped([("a.png", b"x" * 500)], zipfile.ZIP_STORED)[:200])], "damaged zip"),
    "names outside": ([Source("a.zip", zipped([("../a.png", b"")]))], "points outside"),
    "absolute names": ([Source("a.zip", zipped([("/etc/a.png", b"")]))], "points outside"),
    "drive letters": ([Source("a.zip", zipped([("C:\\a.png", b"")]))], "points outside"),
    "password": ([Source("a.zip", encrypted())], "has a password"),
    "a zip that lies": ([Source("a.zip", lying())], "Only 0 different|unpacks to"),
    "pickled objects": ([Source("a.npz", pickled())], "pickled objects, which are never opened"),
    "header that lies": ([Source("a.npz", longer_than_it_is())], "not as long as it says"),
    "wrong rank": ([Source("a.npz", npz(x_train=np.zeros((5, 4, 4, 4, 3))))], "needs? \\(count, height, width\\)"),
    "wrong depth": ([Source("a.npz", npz(x_train=np.zeros((5, 9, 9, 7))))], "needs? \\(count, height, width\\)"),
    "NaN": ([Source("a.npz", npz(x_train=NAN))], "NaN"),
    "odd range": ([Source("a.npz", npz(x_train=X * 1000.0))], "goes from 0 to 255000"),
    "negative": ([Source("a.npz", npz(x_train=X.astype(int) - 100))], "goes from -100 to 155"),
    "words": ([Source("a.npz", npz(x_train=np.full((9, 9, 9), "a")))], "not numbers"),
    "unnamed": ([Source("a.npz", npz(a=X, b=X))], r"arrays a \(200, 28, 28\), b"),
    "labels too short": ([Source("a.npz", npz(x=X, y=Y[:7]))], "200 pictures need as many labels"),
    "labels that are decimals": ([Source("a.npz", npz(x=X, y=Y + 0.5))], "whole numbers"),
    "a label a picture": ([Source("a.npz", npz(x=np.tile(X, (2, 1, 1)), y=np.arange(400)))], "400 different labels"),
    "a class of one": ([*files(X[:150], "cats/"), *files(X[150:151], "dogs/")], "“dogs” has 1 usable"),
    "tiny test part": ([Source("a.npz", npz(x_train=X[:190], x_test=X[190:]))], "measure against has 10"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_ends_in_one_clear_sentence(kind):
    sources, expected = BAD[kind]
    with pytest.raises(UserError, match=expected) as error:
        take(*sources)
    one_sentence(error)


@pytest.mark.exhaustive
def test_a_zip_bomb_is_refused_before_it_is_unpacked():
    with pytest.raises(UserError, match="unpacks to 1,050 MB") as error:
        take(Source("bomb.zip", bomb()))
    one_sentence(error)


@pytest.mark.exhaustive
def test_a_zip_of_200_000_entries_is_refused():
    member = zipped([("a", b"")])
    start = member.find(b"PK\x01\x02")
    end = member.find(b"PK\x05\x06")
    entry = member[start:end]
    count = 200_000
    tail = bytearray(member[end:])
    tail[8:12] = b"\xff\xff\xff\xff"
    tail[12:20] = struct.pack("<II", len(entry) * count, 0xFFFFFFFF)
    offset = start
    zip64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(entry) * count, offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, start + len(entry) * count, 1)
    with pytest.raises(UserError, match="200,000 files"):
        take(Source("many.zip", member[:start] + entry * count + zip64 + locator + bytes(tail)))
