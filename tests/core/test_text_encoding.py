"""The evidence of an encoding that both readers of text judge by."""

import pytest

from core.file_signatures import is_zip, kind_of
from core.text_encoding import MARKS, beyond_ascii, byte_order_mark, likeliest, looks_like_text, utf16_without_mark

CHINESE = "这家店的味道很好，我一定会再来。\n" * 20


@pytest.mark.parametrize(("mark", "encoding"), MARKS.items())
def test_a_mark_names_its_encoding_also_where_another_begins_it(mark, encoding):
    assert byte_order_mark(mark + "text".encode(encoding)) == (encoding, len(mark))
    assert byte_order_mark(b"text" + mark) == ("", 0)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["A plain sentence.\n" * 9, CHINESE])
def test_utf_16_shows_without_a_mark(text, encoding):
    assert utf16_without_mark(text.encode(encoding)) == encoding
    assert utf16_without_mark(text.encode(encoding)[:-1]) is None
    assert utf16_without_mark(text.encode()) is None


def test_only_lines_beyond_ascii_are_evidence():
    data = "one\nzwei für\r\nthree\nfünf\n".encode("cp1252")
    assert beyond_ascii(data, 100) == "zwei für\r\nfünf\n".encode("cp1252")
    assert beyond_ascii(data, 5) == "zwei für\r\n".encode("cp1252")


def test_code_pages_are_told_among_the_candidates():
    text = "Съешь ещё этих мягких французских булок, да выпей чаю. " * 5
    assert likeliest(text.encode("cp1251"), ["cp1252", "cp1251", "koi8_r"]) == "cp1251"
    assert likeliest(text.encode("koi8_r"), ["cp1252", "cp1251", "koi8_r"]) == "koi8_r"
    assert likeliest("Übermäßig schöne Grüße aus Köln, fünf Äpfel".encode("cp1252"), ["cp1252", "cp1250"]) == "cp1252"


def test_controls_are_no_text():
    assert looks_like_text("A line.\r\n\tAnother.")
    assert not looks_like_text("".join(map(chr, range(32))) * 3)


@pytest.mark.parametrize(
    ("data", "kind", "zipped"),
    [
        (b"PK\x03\x04...", "ZIP archive or office document", True),
        (b"PK\x05\x06...", None, True),
        (b"%PDF-1.7", "PDF document", False),
        (b"plain text", None, False),
    ],
)
def test_first_bytes_tell_what_is_no_text(data, kind, zipped):
    assert (kind_of(data), is_zip(data)) == (kind, zipped)
