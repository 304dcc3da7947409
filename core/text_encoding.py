"""Evidence of the encoding that bytes of text are in: marks, UTF-16 without one, code pages from before Unicode.

What is done with it is each reader's own: prose is guessed and shown, a table is refused where it is in doubt.
"""

import contextlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

# The longer mark first: UTF-32's begins with UTF-16's.
MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    b"\x84\x31\x95\x33": "gb18030",
}
SAMPLE = 1 << 18  # characters that decide whether something looks like text


def byte_order_mark(data: bytes) -> tuple[str, int]:
    """The encoding that the mark at the beginning names, and the mark's length in bytes; ("", 0) without one."""
    return next(((encoding, len(mark)) for mark, encoding in MARKS.items() if data.startswith(mark)), ("", 0))


def utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 shows by NUL bytes, which other text has no use for, and the order of bytes by spaces and full stops."""
    if len(data) % 2 or 0 not in data:
        return None
    ordinary = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if looks_like_text(text):
            ordinary[encoding] = sum(map(text[:SAMPLE].count, " \n.,。，、"))
    return max(ordinary, key=ordinary.__getitem__) if any(ordinary.values()) else None


def looks_like_text(text: str) -> bool:
    """Whether hardly any of the characters are controls, unassigned, private or half a surrogate pair."""
    sample = text[:SAMPLE]
    strange = sum(
        count
        for char, count in Counter(sample).items()
        if unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") and char not in "\t\n\v\f\r\x85"
    )
    return not too_many(strange, len(sample))


def too_many(strange: int, total: int) -> bool:
    """Whether so many of `total` characters or bytes that text has no use for mean that it is none."""
    return strange > max(3, total / 100)


def beyond_ascii(data: bytes, limit: int) -> bytes:
    """The first lines of `data` that go beyond ASCII, which alone tell a code page: whole, until they are `limit` bytes
    or more."""
    lines, size = [], 0
    for line in data.splitlines(keepends=True):
        if not line.isascii():
            lines.append(line)
            size += len(line)
            if size >= limit:
                break
    return b"".join(lines)


def likeliest(sample: bytes, candidates: Sequence[str]) -> str | None:
    """Which of the encodings `sample` looks most like to charset-normalizer; None where it is sure of none.

    Several code pages may read the same letters from the bytes: then the most common one, cp1252, is meant.
    """
    from charset_normalizer import from_bytes  # text in UTF-8 never pays for this import

    best = from_bytes(sample, cp_isolation=list(candidates)).best()
    if best is None:
        return None
    return "cp1252" if "cp1252" in best.could_be_from_charset else best.encoding


def name_encoding(names: Sequence[bytes]) -> str:
    """The encoding of the names in a zip that does not tell it: UTF-8, GBK, Shift-JIS, or cp437, which the format says.

    A name is too short for statistics. GBK's everyday characters lie at lead bytes B0 to D7, Shift-JIS's kana and
    everyday kanji at 82 9F to 83 96 and 88 9F to 97, and letters with accents stand among plain ones.
    """
    pieces = [piece for name in names for piece in re.split(rb"[/. ()-]+", name) if not piece.isascii()]
    shares = {"gb18030": _share(names, pieces, "gb18030", _level_one_of_gbk)}
    with contextlib.suppress(UnicodeDecodeError):
        # Two everyday characters of GBK may be two letters in UTF-8, but then of scripts that hardly anybody writes.
        rare = any(
            "\u0180" <= char <= "\u02af" or "\u0530" <= char <= "\u058f" for name in names for char in name.decode()
        )
        if not rare or shares["gb18030"] < 1:
            return "utf-8"
    if 2 * sum(byte < 0x80 for piece in pieces for byte in piece) > sum(map(len, pieces)):
        return "cp437"
    shares["cp932"] = _share(names, pieces, "cp932", _everyday_of_shift_jis)
    likely = max(shares, key=shares.__getitem__)
    return likely if shares[likely] >= 0.6 else "cp437"


def _share(names: Sequence[bytes], pieces: Sequence[bytes], encoding: str, counts: Callable[[bytes], bool]) -> float:
    """Share of the characters beyond ASCII in `pieces` that `counts`; 0 where `names` are not in `encoding`."""
    try:
        for name in names:
            name.decode(encoding)
        wide = [char.encode(encoding) for piece in pieces for char in piece.decode(encoding) if not char.isascii()]
    except UnicodeDecodeError:
        return 0.0
    return sum(map(counts, wide)) / len(wide) if wide else 0.0


def _level_one_of_gbk(char: bytes) -> bool:
    return len(char) == 2 and 0xB0 <= char[0] <= 0xD7 and char[1] >= 0xA1


def _everyday_of_shift_jis(char: bytes) -> bool:
    return b"\x82\x9f" <= char <= b"\x83\x96" or b"\x88\x9f" <= char <= b"\x97\xff" or char == b"\x81\x5b"
