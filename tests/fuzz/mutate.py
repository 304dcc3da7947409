"""Damage of every kind, drawn from one number: flipped, cut, repeated, spliced, and what parsers stumble on."""

import copy
import hashlib
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from core.errors import UserError

SEEDS = st.integers(0, 2**62)

STUMBLING = [
    b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"'", b",", b";", b"\t", b"=", b"{", b"}",
    b"[", b"]", b"-1", b"0", b"1e999", b"NaN", b"-Infinity", b"9" * 400, b"true", b"null", b"\\u0000", b"\\ud800",
    b"../", b"C:\\", b"%s%n", "\u202e".encode(), "\ufffd".encode(), "👨\u200d👩".encode(), b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80", b"\x1b[2J", b"<script>", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"\x89HDF", b"\x89PNG",
    (2**31 - 1).to_bytes(4, "little"), b"\xff" * 8,
]  # fmt: skip
LIMIT = 300_000
ODD = [None, True, -1, 0, 1e308, 10**30, "", "x", "\u202e\x1b[2J", [], {}, [[]], {"name": 1}, [None], "1", -0.5]


def said(ask: Callable[[], object]) -> str:
    """What a reader complained about, or "" where it was content; any other error is a finding."""
    try:
        ask()
    except UserError as error:
        return str(error) or "an error without a sentence\n"
    return ""


def mutate(content: bytes, seed: int, others: Sequence[bytes] = (), limit: int = LIMIT) -> bytes:
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
    return bytes(data[:limit])


def mutate_json(content: bytes, seed: int) -> bytes:
    """JSON again, in which one to three values somewhere are another kind of value, or gone."""
    rng, root = random.Random(seed), [json.loads(content)]
    for _again in range(rng.choice([1, 1, 2, 3])):
        holder: Any = root
        key: Any = 0
        while isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8:
            holder = holder[key]
            key = rng.choice(list(holder)) if isinstance(holder, dict) else rng.randrange(len(holder))
        if rng.random() < 0.15 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(ODD))
    return json.dumps(root[0]).encode()


def mutate_zip(content: bytes, seed: int, *, listed: bool = False) -> bytes:
    """A whole archive again, in which some members' contents or names are damaged; checksums are right.

    listed: mostly also those in bundle.json, so that what lies behind them is reached.
    """
    rng, out = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(entry.filename, archive.read(entry), entry.compress_type) for entry in archive.infolist()]
    contents = [data for _name, data, _packing in members]
    for victim in {rng.randrange(len(members)) for _again in range(rng.choice([1, 1, 2, 3]))}:
        name, data, packing = members[victim]
        kind = rng.randrange(10)
        if kind == 0:
            name = ""
        elif kind == 1:
            name = mutate(name.encode(), rng.getrandbits(60)).decode("utf-8", "ignore").replace("\x00", "") or "x"
        elif kind == 2:
            packing = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
        elif kind < 7 and name.endswith(".json"):
            data = mutate_json(data, rng.getrandbits(60))
        elif kind < 7 and name.endswith((".npz", ".keras")):
            data = mutate_zip(data, rng.getrandbits(60))
        else:
            data = mutate(data, rng.getrandbits(60), contents, limit=max(LIMIT, len(data)))
        members[victim] = name, data, packing
    if listed and rng.random() < 0.9:
        members = [
            _listing(members) if name == "bundle.json" else (name, data, packing) for name, data, packing in members
        ]
    with zipfile.ZipFile(out, "w") as archive:
        for name, data, packing in members:
            if name:
                archive.writestr(zipfile.ZipInfo(name[:60_000]), data, packing)
    return out.getvalue()


def _listing(members: list[tuple[str, bytes, int]]) -> tuple[str, bytes, int]:
    own = next(data for name, data, _packing in members if name == "bundle.json")
    files = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data, _packing in members
        if name not in ("", "bundle.json")
    }
    try:
        about = json.loads(own) | {"files": files}
    except (ValueError, TypeError):
        return "bundle.json", own, zipfile.ZIP_STORED
    return "bundle.json", json.dumps(about).encode(), zipfile.ZIP_STORED
