"""A gzip file of a stranger, unpacked within a limit."""

import zlib

BLOCK = 1 << 16  # packed bytes that are looked at at once


class GzipFaultError(Exception):
    """The file is damaged or cut short; `size`: or it unpacks to more bytes than allowed."""

    def __init__(self, size: bool = False) -> None:
        super().__init__("larger than allowed" if size else "damaged")
        self.size = size


def gunzip(data: bytes, limit: int) -> bytes:
    """Unpack all members of a gzip file, at most `limit` bytes together. Raises GzipFaultError.

    Blocks of BLOCK bytes go in, so that a file of very many members takes time in proportion to its length.
    """
    parts, size, place, rest = list[bytes](), 0, 0, b""
    unpacker = zlib.decompressobj(31)
    begun = False
    try:
        while rest or place < len(data):
            if not rest:
                rest = data[place : place + BLOCK]
                place += BLOCK
            if not begun and parts:  # zeros may pad the end, as on a tape
                rest = rest.lstrip(b"\0")
                if not rest:
                    continue
            begun = True
            part = unpacker.decompress(rest, limit + 1 - size)
            size += len(part)
            if size > limit:
                raise GzipFaultError(size=True)
            parts.append(part)
            rest = unpacker.unused_data
            if unpacker.eof:
                unpacker, begun = zlib.decompressobj(31), False
    except zlib.error:
        raise GzipFaultError from None
    if begun:
        raise GzipFaultError
    return b"".join(parts)
