"""Whatever a person uploads: it is read, or refused in one sentence, in bounded time and memory."""

import gzip
import io
import zipfile
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutate import mutate, mutate_zip
from PIL import Image

from core.errors import UserError
from core.families import FAMILIES
from core.samples.registry import SAMPLES, sample
from core.sources import Source

SEEDS = st.integers(0, 2**62)
FILES = ["x.txt", "x.md", "x.csv", "x.tsv", "x.json", "x.jsonl", "x.xlsx", "x.npz", "x.npy", "x.zip", "x.png", "x.jpg"]
FILES += ["x.gz", "x.csv.gz", "positive/x.txt", "x", "x.TXT", "\x1b", "\u202etxt.exe"]


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def saved(write) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def drawn(picture: np.ndarray) -> bytes:
    return saved(lambda out: Image.fromarray(picture).save(out, "PNG"))


@cache
def bases() -> list[bytes]:
    """Whole small files of every kind that some family reads."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (80, 8, 8), np.uint8)
    table = "text,label\n" + "".join(
        f'"{word} is, it seems, ""{word}""",{label}\n' for word in "abcdef" for label in "xyz"
    )
    png = drawn(pictures[0])
    text = ("It was a dark and stormy night. 这是一个示例文本。👨\u200d👩\u200d👧 e\u0301 " * 12).encode()
    rows = "".join(f'{{"text": "{word} {word}", "label": {number}}}\n' for number in range(3) for word in "abcdef")
    own = [source.data[:40_000] for item in SAMPLES for source in sample(item)[:1]]
    return [
        *own, text, text.decode().encode("utf-16"), text.decode().encode("gb18030"), table.encode(), rows.encode(), png,
        f"[{rows.strip().replace(chr(10), ',')}]".encode(), gzip.compress(table.encode()),
        saved(lambda out: Image.fromarray(pictures[1]).save(out, "JPEG")),
        saved(lambda out: Image.fromarray(pictures[1]).save(out, "GIF")),
        saved(lambda out: np.save(out, pictures)),
        saved(lambda out: np.savez(out, x_train=pictures, y_train=np.arange(80) % 3, x_test=pictures[:4])),
        zipped({f"{'ab'[number % 2]}/{number}.png": drawn(picture) for number, picture in enumerate(pictures)}),
        zipped({"t.csv": table.encode()}), zipped({f"{label}/{n}.txt": text for label in "ab" for n in range(3)}),
        _workbook(), b"",
    ]  # fmt: skip


def _workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    for row in [("text", "label"), *((f"a {n} b", "xy"[n % 2]) for n in range(12))]:
        book.active.append(row)
    return saved(book.save)


@pytest.mark.parametrize("key", FAMILIES)
@given(seed=SEEDS, name=st.sampled_from(FILES))
def test_any_upload_is_read_or_refused_in_a_sentence(key, seed, name):
    row, base = FAMILIES[key], bases()[seed % len(bases())]
    inside = base.startswith(b"PK") and seed % 3
    source = Source(name, mutate_zip(base, seed) if inside else mutate(base, seed, bases()))
    said = None
    try:
        sizes = row.room("data").sizes([source], row.options())
        row.room("data").prepare([source], row.options())
    except UserError as error:
        said = str(error)
    assert said != ""
    assert said is not None or all(value >= 0 for value in sizes.values())


@pytest.mark.parametrize("key", FAMILIES)
def test_the_whole_files_are_of_every_kind_that_the_family_reads(key):
    row, read = FAMILIES[key], 0
    for base in bases():
        for name in FILES:
            try:
                read += bool(row.room("data").sizes([Source(name, base)], row.options()))
            except UserError:
                continue
    assert read >= 5
