"""Texts as people bring them: packed, in any encoding, in two encodings at once."""

import gzip
import tracemalloc
import zipfile

import pytest

from core.charlm.config import CharLMConfig
from core.charlm.data import files
from core.charlm.data.decoding import decode
from core.charlm.data.prepare import prepare, preview
from core.errors import UserError
from core.sources import Source
from tests.archives import zipped

FRENCH = "Il était une fois, dans une forêt très éloignée, un garçon qui rêvait d’être écrivain.\n"
CHINESE = "这是一个示例文本。从前有座山，山里有座庙，庙里有个老和尚在讲故事。\n"
CHAPTERS = {f"{number}.txt": f"Chapter {number}: the lamp was lit {number} times.\n" for number in (1, 2, 10)}
WHOLE = "\n\n".join(text.strip("\n") for text in CHAPTERS.values())


def read(*given, **options):
    return prepare([Source(name, data) for name, data in given], CharLMConfig(**options))


@pytest.mark.parametrize(
    "members",
    [
        CHAPTERS,
        dict(reversed(CHAPTERS.items())),
        {f"book/{name}": text for name, text in CHAPTERS.items()} | {"__MACOSX/._1.txt": b"\0\1", "book/.git/x": "no"},
        CHAPTERS | {"cover.png": b"\x89PNG\r\n\x1a\n", "empty.txt": b""},
        {f"{name}.gz": gzip.compress(text.encode()) for name, text in CHAPTERS.items()},
    ],
    ids=["a zip", "in another order", "in a folder, with junk", "with a picture and an empty file", "each in gzip"],
)
def test_a_zip_of_texts_is_joined_in_natural_order(members):
    text = read(("book.zip", zipped(members)))
    assert text.text == WHOLE
    assert all("cover" not in part.name for part in text.parts)


def test_a_file_left_out_of_a_zip_is_named():
    assert any(
        "cover.png" in note for note in read(("b.zip", zipped(CHAPTERS | {"cover.png": b"\x89PNG\r\n\x1a\n"}))).notes
    )


@pytest.mark.parametrize("name", ["x.txt.gz", "song.abc.gz", "x"])
def test_gzip_is_unpacked_whatever_it_is_called(name):
    assert read((name, gzip.compress(FRENCH.encode() * 9))).text == FRENCH * 9


@pytest.mark.parametrize("name", ["a.py", "a.srt", "a.abc", "a.log", "a.html", "README", "a.csv", "a.txt"])
def test_a_text_is_a_text_whatever_it_is_called(name):
    assert read((name, FRENCH.encode() * 9)).text == FRENCH * 9


BAD = {
    "an office document": (zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}), "office document"),
    "an e-book": (zipped({"mimetype": "application/epub+zip", "a.xhtml": FRENCH}), "office document"),
    "a zip of pictures": (zipped({"a.png": b"\x89PNG\r\n\x1a\n"}), "a.png” is a PNG picture"),
    "an empty zip": (zipped({}), "is empty"),
    "a gzip cut short": (gzip.compress(FRENCH.encode() * 9)[:-9], "damaged gzip"),
    "a zip cut short": (zipped(CHAPTERS)[:-9], "damaged zip"),
    "a gzip bomb": (gzip.compress(bytes(2_000_000)), "unpacks to more than"),
    "a zip bomb": (zipped({f"{n}.txt": "a" * 200_000 for n in range(9)}), "unpacks to 2 MB"),
    "gzips in a zip": (zipped({f"{n}.gz": gzip.compress(b"a b" * 100_000) for n in range(9)}), "unpacks to more than"),
    "too many files": (zipped({f"{n}.txt": "a" for n in range(60)}, zipfile.ZIP_STORED), "60 files"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_text_or_too_large_is_named_before_it_is_unpacked(kind, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(files, "MAX_FILES", 50)
    data, words = BAD[kind]
    tracemalloc.start()
    with pytest.raises(UserError, match=words) as error:
        read(("x.zip", data))
    assert tracemalloc.get_traced_memory()[1] < 30_000_000
    tracemalloc.stop()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("encoding", "text"), [("cp850", FRENCH.replace("’", "'")), ("euc_jp", "むかしむかし。\n"), ("utf-16-le", FRENCH)]
)
def test_the_encoding_that_is_named_is_the_one_that_is_used(encoding, text):
    """Several of them read the same bytes without a complaint: only a person can know."""
    found = read(("x.txt", text.encode(encoding) * 9), encoding=encoding)
    assert found.text == text * 9
    assert not any("encod" in note for note in found.notes)


def test_a_mark_says_it_more_surely_than_a_person():
    assert decode(Source("x", FRENCH.encode("utf-8-sig")), "cp1252").text == FRENCH


def test_a_guess_is_shown_with_an_excerpt_before_training():
    (note,) = preview([Source("x.txt", b"plain\n" * 9 + FRENCH.encode("cp1252"))], CharLMConfig())
    assert "Windows-1252" in note
    assert "Il était une fois" in note
    assert preview([Source("x.txt", FRENCH.encode())], CharLMConfig()) == []


@pytest.mark.parametrize(("encoding", "text"), [("cp1252", FRENCH), ("gb18030", CHINESE)])
@pytest.mark.parametrize("first", [True, False])
def test_two_encodings_in_one_file_are_read_and_named_with_the_line(encoding, text, first):
    groups = [("utf-8", text * 20), (encoding, text * 5)]
    data = b"".join(group.encode(name) for name, group in (groups if first else groups[::-1]))
    decoded = decode(Source("x.txt", data))
    assert decoded.text == text * 25
    assert f"first of them line {21 if first else 1}," in decoded.notes[0]


def test_damage_is_counted_and_its_first_line_named():
    data = bytearray((FRENCH * 40).encode())
    data[data.index(b"\xc3", 700) + 1] = 0xFF
    line = data[: data.index(b"\xff")].count(b"\n") + 1
    (note,) = decode(Source("x.txt", bytes(data))).notes
    assert f"the first stands in line {line}." in note
