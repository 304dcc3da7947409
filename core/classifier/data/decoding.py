"""Bytes of a table to text. Unlike prose, a table with half its rows in another encoding is an error, not a guess."""

import itertools
import re
from typing import NamedTuple

from core.errors import UserError
from core.i18n import _
from core.text_encoding import beyond_ascii, byte_order_mark, likeliest, utf16_without_mark

# No cp1250: short Western texts look like it too, and are far more frequent.
LEGACY = ["cp1252", "cp1251", "gb18030", "big5", "cp932", "cp949", "koi8_r"]
SAMPLE_BYTES = 1 << 17
REPLACED = "\ufffd"


class Decoded(NamedTuple):
    """A decoded table. broken: the lines of bytes that are no text, each read as “�”."""

    text: str
    encoding: str
    broken: tuple[int, ...] = ()


def decode(name: str, data: bytes) -> Decoded:
    """The text and the name of its encoding.

    Tried in this order: byte order mark, UTF-16 without one, UTF-8, then what the bytes look like. Raises UserError
    for bytes that are no text and for lines of a second encoding in the middle of UTF-8; a few broken bytes are
    replaced.
    """
    marked, length = byte_order_mark(data)
    if marked:
        return _strict(name, data[length:], marked)
    head = data[:SAMPLE_BYTES]
    # A few NUL bytes are damage, not UTF-16: nobody looks at a preview of every row.
    if head.count(0) > len(head) // 100 and (guess := utf16_without_mark(data)):
        return _strict(name, data, guess)
    if data.count(0) > _few(data):
        raise UserError(_("“{name}” is not a table of text: bring CSV, JSON lines, Excel or zip.").format(name=name))
    try:
        return _decoded(data.decode("utf-8"), "utf-8", 0)
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(data):
            text = data.decode("utf-8", "replace")
            broken = text.count(REPLACED) - data.count(REPLACED.encode())
            if broken <= _few(data):
                return _decoded(text, "utf-8", broken)
            _refuse_mixture(name, data, error.start)
    return _strict(name, data, _legacy(data))


def _few(data: bytes) -> int:
    """How many broken bytes are damage and no other encoding."""
    return 3 + len(data) // 100_000


def _decoded(text: str, encoding: str, broken: int) -> Decoded:
    """Also NUL is no text. broken: how many characters stand for bytes that could not be read."""
    broken += text.count("\0")
    text = text.replace("\0", REPLACED)
    if not broken:
        return Decoded(text, encoding)
    places = [found.start() for found in itertools.islice(re.finditer(REPLACED, text), broken)]
    return Decoded(text, encoding, tuple(text.count("\n", 0, place) + 1 for place in places))


def _strict(name: str, data: bytes, encoding: str) -> Decoded:
    try:
        return _decoded(data.decode(encoding), encoding, 0)
    except UnicodeDecodeError as error:
        text = data.decode(encoding, "replace")
        broken = text.count(REPLACED) - data.decode(encoding, "ignore").count(REPLACED)
        if broken <= _few(data):
            return _decoded(text, encoding, broken)
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(
            _("Line {line} of “{name}” is not valid {encoding}: save the file as UTF-8.").format(
                line=line, name=name, encoding=encoding.upper()
            )
        ) from None


def _is_mostly_utf8(data: bytes) -> bool:
    """Text of another encoding is valid UTF-8 only by accident: where many lines are, the broken ones are strangers."""
    good, bad = _lines_of_utf8(data)
    return good > max(1, bad // 4)


def _lines_of_utf8(data: bytes) -> tuple[int, int]:
    good = bad = 0
    for line in data.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return good, bad


def _refuse_mixture(name: str, data: bytes, broken: int) -> None:
    good, _bad = _lines_of_utf8(data)
    raise UserError(
        _("“{name}” mixes encodings: {good:,} lines are UTF-8 but line {line} is not; save all of it as UTF-8.").format(
            name=name, good=good, line=data.count(b"\n", 0, broken) + 1
        )
    )


def _legacy(data: bytes) -> str:
    """The encoding from before Unicode that the lines beyond ASCII look most like."""
    sample = beyond_ascii(data, SAMPLE_BYTES)
    try:
        text = sample.decode("gb18030")
    except UnicodeDecodeError:
        pass
    else:
        # GB 2312 puts its 3,755 everyday characters at lead bytes B0 to D7: other encodings hit them only by chance.
        beyond = [char for char in text if ord(char) > 127]
        everyday = sum(0xB0 <= char.encode("gb18030")[0] <= 0xD7 for char in beyond if "一" <= char <= "鿿")
        if everyday * 10 > len(beyond) * 6 and len(sample) > 1.5 * len(beyond):
            return "gb18030"
    return likeliest(sample, LEGACY) or "cp1252"
