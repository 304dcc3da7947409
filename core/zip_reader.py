"""A zip of a stranger, read within limits: how many entries, how many bytes they declare, how many they really give.

Whoever opens one has rules and sentences of its own beside these: a fault says what is wrong, not in which words.
"""

import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from core.file_names import is_junk
from core.text_encoding import name_encoding

UTF8 = 0x800  # flag of an entry whose name is in UTF-8
BLOCK = 1_000_000  # bytes read at once: a size that is only declared must cost nothing
END = struct.Struct("<4s4H2LH")
END_MARK, ZIP64_MARK = b"PK\x05\x06", b"PK\x06\x07"
COMMENT = 65_535  # bytes that may stand behind the end record

Kind = Literal["damaged", "entries", "size", "encrypted", "length"]


class ZipFaultError(Exception):
    """kind: damaged, too many entries, more declared bytes than allowed, a password, or an entry of another length
    than it declares; member: the entry's name, if it is one; amount: the entries or bytes that were found."""

    def __init__(self, kind: Kind, member: str = "", amount: int = 0) -> None:
        super().__init__(f"{kind} {member[:80]!r} {amount}")
        self.kind, self.member, self.amount = kind, member, amount


@dataclass(frozen=True)
class Limits:
    """entries: of the whole archive; total: bytes that all entries declare, unpacked; directory: bytes of the table of
    contents, looked at before it is parsed, which refuses ZIP64; None: parse it whatever its size."""

    entries: int
    total: int
    directory: int | None = None


class ZipReader:
    """An open zip: `entries` are its files, without folders and, unless `junk`, without what systems add unasked or
    hide. Names that are not marked as UTF-8 are in the encoding that they look like.

    Raises ZipFaultError; OSError only where a file on the disk cannot be read.
    """

    def __init__(self, file: Path | bytes, limits: Limits, *, junk: bool = False) -> None:
        stream: BinaryIO = file.open("rb") if isinstance(file, Path) else BytesIO(file)
        try:
            if limits.directory is not None:
                _check_end(stream, limits.entries, limits.directory)
            try:
                self.archive = zipfile.ZipFile(stream)
            except MemoryError:
                raise
            except Exception as error:  # zipfile has a dozen words for damage
                if isinstance(error, OSError) and isinstance(file, Path):
                    raise
                raise ZipFaultError("damaged") from error
            found = self.archive.infolist()
            if len(found) > limits.entries:
                raise ZipFaultError("entries", amount=len(found))
            if not junk:
                _name_entries(found)
            self.entries = [entry for entry in found if not entry.is_dir() and (junk or not is_junk(entry.filename))]
            for entry in self.entries:
                if entry.flag_bits & 1:
                    raise ZipFaultError("encrypted", entry.filename)
            total = sum(entry.file_size for entry in self.entries)
            if total > limits.total:
                raise ZipFaultError("size", amount=total)
        except BaseException:
            stream.close()
            raise
        self._stream = stream

    def __enter__(self) -> "ZipReader":
        return self

    def __exit__(self, *_error: object) -> None:
        self.archive.close()
        self._stream.close()

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """The content of an entry, exactly as long as it declares. Raises ZipFaultError."""
        return b"".join(blocks(self.archive, entry))


def blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Exactly as many bytes as `entry` declares, at most BLOCK at once. Raises ZipFaultError or OSError."""
    left = entry.file_size
    try:
        with archive.open(entry) as file:
            while block := file.read(min(BLOCK, left + 1)):
                left -= len(block)
                if left < 0:
                    break
                yield block
    except (OSError, MemoryError):
        raise
    except Exception as error:  # zipfile and zlib have a dozen words for damage
        raise ZipFaultError("damaged", entry.filename) from error
    if left:
        raise ZipFaultError("length", entry.filename, entry.file_size - left)


def _name_entries(entries: list[zipfile.ZipInfo]) -> None:
    """Name entries as their author saw them: zip tools on Windows write names in the system's code page, unmarked.

    The table of contents keeps the name that zipfile compares with (`orig_filename`).
    """
    odd = [entry for entry in entries if not entry.flag_bits & UTF8 and not entry.filename.isascii()]
    names = [entry.filename.encode("cp437", "replace") for entry in odd]
    encoding = name_encoding(names)
    for entry, raw in zip(odd, names, strict=True):
        entry.filename = raw.decode(encoding)


def _check_end(stream: BinaryIO, entries: int, directory: int) -> None:
    """Look at the end record before zipfile reads the whole table that it announces."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - COMMENT - END.size - 100))
    tail = stream.read()
    place = tail.rfind(END_MARK)
    if place < 0 or len(tail) - place < END.size:
        raise ZipFaultError("damaged")
    _mark, _disk, _start, _here, count, announced, _offset, _comment = END.unpack(tail[place : place + END.size])
    if count > entries or announced > directory or tail[max(0, place - 20) : place].startswith(ZIP64_MARK):
        raise ZipFaultError("entries", amount=count)
