"""Decode a text file: detect its encoding and report undecodable bytes."""

import re
from typing import NamedTuple

from core.errors import UserError
from core.file_signatures import kind_of
from core.i18n import _
from core.sources import Source, check_size
from core.text_encoding import beyond_ascii, byte_order_mark, likeliest, looks_like_text, too_many, utf16_without_mark

MAX_BYTES = 50_000_000
SAMPLE_BYTES = 1 << 18

EXCERPT = 60  # characters that show how an encoding reads
BEYOND_ASCII = re.compile(r"[^\n]{0,20}[^\x00-\x7f][^\n]{0,60}")
HIGH_BYTES = bytes(range(128, 256))
CONTROL_BYTES = bytes(b for b in range(32) if b not in b"\t\n\v\f\r") + b"\x7f"
# What text that is not Unicode is likely to be in; a longer list only lets short texts look like rare code pages.
LEGACY = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "iso8859_2"),
    *("koi8_r", "gb18030", "big5", "cp932", "cp949"),
)
# The same bytes are often valid in several Asian encodings, and charset-normalizer needs a long text to choose well.
# These characters decide at once: a third of any Chinese text, and most of any Japanese one, is made of them.
HANZI = frozenset(
    "的一是了我不人在他有这個个上们來来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而过天去能对小多然于心学"
    "么之都好看起发当没成只如事把还用第样道想作种开無无情己面最女但现前些所同日手又行意动方期它头经长儿回位分爱老因很给名"
    "法间知世什两次使身者被高已其进此话常与活正感這們時為說國後會過對學麼發當沒還樣種開現動頭經長兒愛給間兩進話與。，、"
)
KANA = frozenset(map(chr, range(0x3041, 0x3100)))
TELLING = {"gb18030": HANZI, "big5": HANZI, "euc_jp": KANA, "cp932": KANA}
SHOWN = {"cp932": "Shift-JIS", "cp949": "EUC-KR", "koi8_r": "KOI8-R", "iso8859_2": "ISO 8859-2", "big5": "Big5"}


class Decoded(NamedTuple):
    """A decoded file. encoding: display name; notes: sentences on what was guessed or replaced."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def holds_no_text(data: bytes) -> bool:
    """Whether a file is empty or of a kind that is no text, as one that lies beside the chapters by chance."""
    if not data.strip() or kind_of(data):
        return True
    return not (byte_order_mark(data)[0] or utf16_without_mark(data)) and _is_binary(data)


def _is_binary(data: bytes) -> bool:
    return too_many(len(data) - len(data.translate(None, CONTROL_BYTES)), len(data))


def decode(source: Source, encoding: str = "auto") -> Decoded:
    """Decode `source` by `encoding`, or find it; a byte order mark says it surely, and is removed.

    Tried in this order: byte order mark, UTF-16 without one, UTF-8, lines of UTF-8 among lines of another encoding,
    UTF-8 with a few broken places (they become “�” and are counted), an Asian encoding that gives frequent characters,
    the likeliest of LEGACY for charset-normalizer.
    Raises UserError for an empty file, one over MAX_BYTES, one that is no text, and an encoding that is not recognised.
    """
    name, data = source.name, source.data
    check_size(name, len(data), MAX_BYTES)
    if not data:
        raise UserError(_("“{name}” is empty: bring a file that holds text.").format(name=name))
    if kind := kind_of(data):
        message = _("“{name}” is a {kind}, not plain text: save its text as a .txt file (UTF-8) and bring that.")
        raise UserError(message.format(name=name, kind=_(kind)))
    marked, length = byte_order_mark(data)
    if marked:
        decoded = _checked(name, data[length:], marked)
        return decoded._replace(encoding=_("{encoding} with byte order mark").format(encoding=decoded.encoding))
    if encoding != "auto":
        return _checked(name, data, encoding)
    if guess := utf16_without_mark(data):
        return _checked(name, data, guess, guessed=True)
    if _is_binary(data):
        raise _not_text(name)
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    if not broken:
        return Decoded(text, _shown("utf-8"))
    if mixed := _two_encodings(name, data):
        return mixed
    beyond_ascii = len(text) - len(data.translate(None, bytes(range(128, 256))))
    # Bytes of another encoding form valid UTF-8 sequences only by accident: here they outnumber the broken places.
    if beyond_ascii - broken > 2 * broken:
        return _checked(name, data, "utf-8")
    if guess := _legacy(data):
        return _checked(name, data, guess, guessed=True)
    if broken * 100 <= len(text):
        return _checked(name, data, "utf-8")
    message = _("The encoding of “{name}” could not be recognised: save it as plain text in UTF-8 and bring that.")
    raise UserError(message.format(name=name))


def _checked(name: str, data: bytes, encoding: str, guessed: bool = False) -> Decoded:
    """Decode with broken places replaced and counted; UserError where the result does not look like text."""
    try:
        text, broken = data.decode(encoding), 0
    except UnicodeDecodeError:
        text = data.decode(encoding, "replace")
        broken = text.count("\ufffd") - data.decode(encoding, "ignore").count("\ufffd")
    if not looks_like_text(text) or broken * 10 > len(text):
        raise _not_text(name)
    notes = []
    if guessed:
        message = _(
            "“{name}” does not say how it is encoded: it was read as {encoding}, as in “{excerpt}”. Where that is "
            "wrong, choose another encoding."
        )
        notes.append(message.format(name=name, encoding=_shown(encoding), excerpt=_excerpt(text)))
    if broken:
        line = text[: text.index("\ufffd")].count("\n") + 1
        message = _(
            "Places in “{name}” that are not valid {encoding}, each read as the unknown character “�”: {count}; the "
            "first stands in line {line}."
        )
        notes.append(message.format(name=name, encoding=_shown(encoding), count=f"{broken:,}", line=f"{line:,}"))
    return Decoded(text, _shown(encoding), tuple(notes))


def _excerpt(text: str) -> str:
    """What stands around the first character beyond ASCII, on its line; without one the beginning of the text."""
    found = BEYOND_ASCII.search(text)
    return " ".join((found[0] if found else text[:EXCERPT]).split())[:EXCERPT]


def _two_encodings(name: str, data: bytes) -> Decoded | None:
    """UTF-8 with lines in one other encoding, as where two files were joined; None where there are few such lines.

    A line counts as of another encoding where few of its bytes form UTF-8, which is by accident: damage leaves most.
    """
    lines = data.splitlines(keepends=True)
    foreign, strong = list[int](), 0
    for place, line in enumerate(lines):
        if line.isascii():
            continue
        text = line.decode("utf-8", "replace")
        broken = text.count("\ufffd")
        kept = len(text) - broken - len(line.translate(None, HIGH_BYTES))
        if broken >= max(1, 2 * kept) and b"\xef\xbf\xbd" not in line:
            foreign.append(place)
        else:
            strong += kept
    if len(foreign) < 3 or strong < max(8, len(foreign) // 4):
        return None
    encoding = _legacy(b"".join(lines[place] for place in foreign))
    if not encoding:
        return None
    try:
        for place in foreign:
            lines[place] = lines[place].decode(encoding).encode()
    except UnicodeDecodeError:
        return None
    decoded = _checked(name, b"".join(lines), "utf-8")
    message = _(
        "“{name}” is in two encodings: {count} lines, the first of them line {line}, are not UTF-8 and were read as "
        "{encoding}, as in “{excerpt}”."
    )
    first = lines[foreign[0]].decode()
    note = message.format(
        name=name, count=f"{len(foreign):,}", line=f"{foreign[0] + 1:,}", encoding=_shown(encoding),
        excerpt=_excerpt(first),
    )  # fmt: skip
    return Decoded(decoded.text, f"UTF-8, {_shown(encoding)}", (note, *decoded.notes))


def _legacy(data: bytes) -> str | None:
    """The likeliest encoding from before Unicode, judged on the lines that go beyond ASCII; None where none fits."""
    sample = beyond_ascii(data, SAMPLE_BYTES)[:SAMPLE_BYTES]
    shares = {encoding: _share(sample.decode(encoding, "replace"), telling) for encoding, telling in TELLING.items()}
    asian = max(shares, key=shares.__getitem__)
    if shares[asian] > 0.2:
        return asian
    for missing in range(4 if len(sample) == SAMPLE_BYTES else 1):  # the sample may end inside a character
        if found := likeliest(sample[: len(sample) - missing], LEGACY):
            return found
    return None


def _share(text: str, telling: frozenset[str]) -> float:
    """Share of `telling` characters among those of `text` beyond ASCII; 0 where more than 1 % could not be decoded."""
    beyond = [char for char in text if not char.isascii()]
    if beyond.count("\ufffd") > max(1, len(beyond) / 100):
        return 0.0
    return sum(char in telling for char in beyond) / max(1, len(beyond))


def _not_text(name: str) -> UserError:
    message = _("“{name}” is a binary file, not plain text: save its text as a .txt file (UTF-8) and bring that.")
    return UserError(message.format(name=name))


def _shown(encoding: str) -> str:
    return SHOWN.get(encoding, encoding.upper().replace("CP125", "Windows-125").replace("_", "-"))
