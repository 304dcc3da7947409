"""Whatever a person uploads: it is read, or refused in one sentence, in bounded time and memory."""

import gzip
import io
import json
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.families import FAMILIES
from core.samples.registry import SAMPLES, sample
from core.sources import Source
from tests.archives import zipped
from tests.fuzz.mutate import SEEDS, mutate, mutate_zip, said

NAMES = ["x.txt", "x.csv", "x.json", "x.xlsx", "x.npz", "x.zip", "x.gz", "positive/x.txt", "x", "x.TXT"]
NAMES += ["\x1b", "\u202etxt.exe", "../../x.csv", "CON", "x" * 5000]


def saved(write) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def drawn(picture: np.ndarray) -> bytes:
    return saved(lambda out: Image.fromarray(picture).save(out, "PNG"))


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return head + array.tobytes()


def pixel_rows(pictures: np.ndarray) -> bytes:
    lines = [["label", *(f"pixel{place}" for place in range(pictures[0].size))]]
    lines += [[str(number % 3), *map(str, item.ravel())] for number, item in enumerate(pictures)]
    return "\n".join(map(",".join, lines)).encode()


def deep(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture.astype(np.uint16) << 4)


@cache
def bases() -> list[tuple[str, bytes]]:
    """Whole small files of every kind that some family reads, each with a name that fits."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (80, 8, 8), np.uint8)
    table = "text,label\n" + "".join(
        f'"{word} is, it seems, ""{word}""",{label}\n' for word in "abcdef" for label in "xyz"
    )
    text = ("It was a dark and stormy night. 这是一个示例文本。👨\u200d👩\u200d👧 e\u0301 " * 12).encode()
    rows = "".join(f'{{"text": "{word} {word}", "label": {number}}}\n' for number in range(3) for word in "abcdef")
    own = [
        (source.name, source.data if source.data.startswith(b"PK") else source.data[:40_000])
        for item in SAMPLES
        for source in sample(item)[:1]
    ]
    return [
        *own,
        ("x.txt", text),
        ("x.md", text.decode().encode("utf-16")),
        ("x.txt", text.decode().encode("gb18030")),
        ("x.txt", text + (text.decode().encode("gb18030", "replace") + b"\n") * 4),
        ("x.txt.gz", gzip.compress(text)),
        ("x.zip", zipped({"1.txt": text, "2.md": text, "3.txt.gz": gzip.compress(text)})),
        ("x.csv", table.encode()),
        ("x.tsv", table.replace(",", "\t").encode()),
        ("x.jsonl", rows.encode()),
        ("x.json", f"[{rows.strip().replace(chr(10), ',')}]".encode()),
        ("x.csv.gz", gzip.compress(table.encode())),
        ("x.xlsx", _workbook()),
        ("x.png", drawn(pictures[0])),
        ("x.jpg", saved(lambda out: Image.fromarray(pictures[1]).save(out, "JPEG"))),
        ("x.gif", saved(lambda out: Image.fromarray(pictures[1]).save(out, "GIF"))),
        ("x.webp", saved(lambda out: Image.fromarray(pictures[1]).save(out, "WEBP"))),
        ("x.tif", saved(lambda out: Image.fromarray(pictures[1]).save(out, "TIFF", compression="tiff_lzw"))),
        ("x.pgm", saved(lambda out: Image.fromarray(pictures[1]).save(out, "PPM"))),
        ("x.npy", saved(lambda out: np.save(out, pictures))),
        ("x-idx3-ubyte", idx(pictures)),
        ("x-idx3-ubyte.gz", gzip.compress(idx(pictures))),
        ("x.csv", pixel_rows(pictures)),
        ("x.npz", saved(lambda out: np.savez(out, x_train=pictures, y_train=np.arange(80) % 3, x_test=pictures[:4]))),
        ("x.zip", zipped({f"{'ab'[number % 2]}/{number}.png": drawn(item) for number, item in enumerate(pictures)})),
        ("x.zip", zipped({"t.csv": table.encode()})),
        ("x.zip", zipped({"train.csv": table.encode(), "test.csv": table.encode(), "x.jsonl": rows.encode()})),
        (
            "x.zip",
            zipped({f"d/{part}/{label}/{n}": text for part in ("train", "test") for label in "ab" for n in range(3)}),
        ),
        ("x.csv", ("sep=;\n# made by us\n" + table.replace('""', '\\"').replace(",", ";")).encode()),
        ("x.csv", table.replace('"', "'").encode()),
        ("x.txt", "".join(f"__label__{label} {word} it is\n" for word in "abcdef" for label in "xyz").encode()),
        ("x.txt", "".join(f"{number} {word} it is\n" for word in "abcdef" for number in range(3)).encode()),
        ("x.json", json.dumps({"train": [[word, label] for word in "abcdef" for label in "xyz"]}).encode()),
        (
            "x.json",
            json.dumps({"rows": [{"row": {"text": word, "label": word[0]}} for word in ("a b", "b c") * 6]}).encode(),
        ),
        ("x.json", json.dumps({"text": [*"abcdef"] * 3, "label": [*"xyz"] * 6}).encode()),
        (
            "x.zip",
            zipped({"train-images-idx3-ubyte": idx(pictures), "train-labels-idx1-ubyte": idx(pictures[:, 0, 0])}),
        ),
        (
            "x.zip",
            zipped(
                {f"{n}.tif": saved(partial(deep(item).save, format="TIFF")) for n, item in enumerate(pictures)}
                | {"labels.csv": b"file,label\n" + b"".join(b"%d.tif,%d\n" % (n, n % 2) for n in range(80))}
            ),
        ),
        ("x.zip", zipped({f"{label}/{n}.txt": text for label in "ab" for n in range(3)})),
        ("x", b""),
    ]


def _workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in [("text", "label"), *((f"a {n} b", "xy"[n % 2]) for n in range(12))]:
        book.active.append(row)
    return saved(book.save)


def fitting(key: str) -> list[tuple[str, bytes]]:
    """Those that the family reads when they are whole."""
    row = FAMILIES[key]
    return [base for base in bases() if not said(partial(row.data.sizes, [Source(*base)], row.options()))]


FITTING = cache(fitting)


@pytest.mark.parametrize("key", FAMILIES)
@given(seed=SEEDS, odd=st.sampled_from(NAMES))
def test_any_upload_is_read_or_refused_in_a_sentence(key, seed, odd):
    """Mostly damaged files of the kinds that the family reads; now and then any other, or one under a wrong name."""
    row, files = FAMILIES[key], FITTING(key) if seed % 8 else bases()
    name, base = files[seed // 8 % len(files)]
    whole = (
        mutate_zip(base, seed) if base.startswith(b"PK") and seed % 3 else mutate(base, seed, [x for _n, x in files])
    )
    source, sizes = Source(name if seed % 7 else odd, whole), {}
    complaint = said(lambda: sizes.update(row.data.sizes([source], row.options())))
    complaint += said(lambda: row.data.prepare([source], row.options()))
    assert "\n" not in complaint
    assert complaint or all(np.all(np.asarray(value) >= 0) for value in sizes.values())


@pytest.mark.parametrize(("key", "least"), [("charlm", 5), ("classifier", 7), ("gan", 6)])
def test_the_whole_files_are_of_every_kind_that_the_family_reads(key, least):
    assert len({name for name, _content in FITTING(key)}) >= least
