"""Damage of every kind, drawn from one number: flipped, cut, repeated, spliced, and what parsers stumble on."""

import io
import json
import random
import zipfile
from collections.abc import Sequence
from typing import Any

STUMBLING = [
    b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"'", b",", b";", b"\t", b"=", b"{", b"}",
    b"[", b"]", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"9" * 400, b"true", b"null", b"\\u0000", b"\\ud800",
    b"../", b"C:\\", b"%s%n", "\u202e".encode(), "\ufffd".encode(), "👨\u200d👩".encode(), b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\x1b[2J", b"<script>", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x89HDF", b"\x89PNG",
    (2**31 - 1).to_bytes(4, "little"), b"\xff" * 8,
]  # fmt: skip
LIMIT = 300_000


def mutate(content: bytes, seed: int, others: Sequence[bytes] = ()) -> bytes:
    """`content` after one to eight kinds of damage that `seed` chooses."""
    rng, data = random.Random(seed), bytearray(content)
    for _again in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(data) + 1)
        length = min(len(data) - at, rng.choice([1, 2, 4, 16, 200]))
        kind = rng.randrange(9)
        if kind == 0 and length:
            data[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = rng.randbytes(length)
        elif kind == 2:
            data[at:at] = rng.choice(STUMBLING)
        elif kind == 3:
            data[at : at + length] = rng.choice(STUMBLING)
        elif kind == 4:
            del data[at : at + length]
        elif kind == 5:
            del data[at:]
        elif kind == 6:
            data[at:at] = data[at : at + length] * rng.choice([1, 2, 50])
        elif kind == 7 and others:
            other = rng.choice(others)
            cut = rng.randrange(len(other) + 1)
            data[at:] = other[cut:]
        elif kind == 8:
            data = bytearray(rng.randbytes(rng.randrange(200)))
    return bytes(data[:LIMIT])


def mutate_json(content: bytes, seed: int) -> bytes:
    """JSON again, in which one to three values somewhere are another kind of value, or gone."""
    rng, root = random.Random(seed), [json.loads(content)]
    for _again in range(rng.choice([1, 1, 2, 3])):
        holder: Any = root
        key: Any = 0
        while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8:
            holder = holder[key]
            key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        odd = [None, True, -1, 0, 1e308, 10**30, "", "x", "\u202e\x1b[2J", [], {}, [[]], {"name": 1}, [None], "1", -0.5]
        if rng.random() < 0.15 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = rng.choice(odd)
    return json.dumps(root[0]).encode()


def mutate_zip(content: bytes, seed: int) -> bytes:
    """A whole archive again, in which some members' contents or names are damaged; checksums are right."""
    rng, out = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(entry, archive.read(entry)) for entry in archive.infolist()]
    contents = [data for _entry, data in members]
    victims = {rng.randrange(len(members)) for _again in range(rng.choice([1, 1, 2, 3]))}
    with zipfile.ZipFile(out, "w") as archive:
        for number, (entry, data) in enumerate(members):
            name, packing = entry.filename, entry.compress_type
            if number in victims:
                kind = rng.randrange(8)
                if kind == 0:
                    continue
                if kind == 1:
                    name = (
                        mutate(name.encode(), rng.getrandbits(60)).decode("utf-8", "ignore").replace("\x00", "") or "x"
                    )
                elif kind == 2:
                    packing = rng.choice(
                        [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
                    )
                else:
                    data = mutate(data, rng.getrandbits(60), contents)
            archive.writestr(zipfile.ZipInfo(name[:60_000]), data, packing)
    return out.getvalue()
