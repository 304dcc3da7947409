"""Validate the parts of an untrusted archive: sizes, file names, JSON, arrays and images."""

import io
import json
import math
import re
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from core.runs.files import is_number
from core.runs.keras_file import ForeignFileError, read_blocks
from core.runs.names import DEVICE_NAMES
from core.well_formed import well_formed
from core.zip_reader import Limits, ZipFaultError, ZipReader

ENTRIES = 60_000
DIRECTORY_LIMIT = 16_000_000  # bytes of an archive's table of contents
JSON_NODES, JSON_DEPTH = 1_000_000, 12
ARRAYS, RANK = 5_000, 8
PIXELS = 10_000_000  # a page decodes them to four bytes each


@contextmanager
def open_archive(path: Path, limit: int) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive of at most `limit` bytes, compressed and uncompressed.

    Raises ForeignFileError where it is not a zip archive, its table of contents is too large, or it holds two files of
    one name, a link, or an encrypted file.
    """
    if path.stat().st_size > limit:
        raise ForeignFileError(f"it has more than {limit // 10**6} MB")
    with _opened(path, Limits(ENTRIES, limit, DIRECTORY_LIMIT), "it", "it is no archive, or damaged") as reader:
        if len({entry.filename.casefold() for entry in reader.entries}) != len(reader.entries):
            raise ForeignFileError("two of its files have the same name")
        for entry in reader.archive.infolist():
            _check_entry(entry)
        yield reader.archive


@contextmanager
def _opened(path: Path, limits: Limits, shown: str, damaged: str) -> Iterator[ZipReader]:
    """Open the zip at `path`; raise its faults as ForeignFileError about the file `shown`."""
    try:
        reader = ZipReader(path, limits, junk=True)
    except ZipFaultError as error:
        raise ForeignFileError(
            {
                "entries": f"{shown} holds more files than a run has",
                "size": f"{shown} declares more than {limits.total // 10**6} MB",
                "encrypted": f"{error.member[:80]!r} is encrypted or packed in an unknown way",
            }.get(error.kind, damaged)
        ) from error
    with reader:
        yield reader


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name, kind = entry.filename, stat.S_IFMT(entry.external_attr >> 16)
    if not safe_name(name):
        raise ForeignFileError(f"it holds a file with the name {name[:80]!r}")
    if kind not in (0, stat.S_IFREG):
        raise ForeignFileError(f"{name!r} is no plain file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ForeignFileError(f"{name!r} is encrypted or packed in an unknown way")


def safe_name(name: str) -> bool:
    """Return whether `name` is a relative path that is valid on every system and does not leave its folder."""
    parts = name.split("/")
    return len(name) <= 200 and all(
        re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", part)
        and not part.endswith(".")
        and part.partition(".")[0].lower() not in DEVICE_NAMES
        for part in parts
    )


def extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, deadline: float) -> None:
    """Write `entry` to the new file `target`.

    Raises ForeignFileError where its size is not the declared one or time.monotonic() passes `deadline`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as file:
        for block in read_blocks(archive, entry):
            if time.monotonic() > deadline:
                raise ForeignFileError("reading it takes too long")
            file.write(block)


def read_entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return the content of an archive member. Raises ForeignFileError where it is missing or over `limit` bytes."""
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise ForeignFileError(f"it holds no {name}") from None
    if entry.file_size > limit:
        raise ForeignFileError(f"{name} is too large")
    return b"".join(read_blocks(archive, entry))


def validated_json(content: bytes, name: str) -> Any:
    """Parse the JSON in `content`; lone surrogates in it are replaced.

    Raises ForeignFileError where it is too deep or too long or holds huge numbers.
    """
    if sum(content.count(sign) for sign in (b"[", b"{", b",")) > JSON_NODES:  # before they are allocated
        raise ForeignFileError(f"{name} is too deep or too long")
    try:
        value = json.loads(content, parse_constant=lambda word: None)
    except (ValueError, RecursionError) as error:
        raise ForeignFileError(f"{name} is no JSON") from error
    todo, seen = [(value, 0)], 0
    while todo:
        node, depth = todo.pop()
        seen += 1
        if seen > JSON_NODES or depth > JSON_DEPTH:
            raise ForeignFileError(f"{name} is too deep or too long")
        if isinstance(node, dict):
            todo += [(item, depth + 1) for item in node.values()]
        elif isinstance(node, list):
            todo += [(item, depth + 1) for item in node]
        elif isinstance(node, float | int) and not isinstance(node, bool) and not is_number(node):
            raise ForeignFileError(f"{name} holds a number out of all bounds")
    return _well_formed(value)


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {well_formed(key): _well_formed(item) for key, item in value.items()}
    return [_well_formed(item) for item in value] if isinstance(value, list) else value


def check_npz(path: Path, limit: int) -> None:
    """Raise ForeignFileError where `path` is not an npz of plain arrays whose sizes match their headers."""
    with open_archive_of_arrays(path, limit) as archive:
        for entry in archive.infolist():
            blocks = read_blocks(archive, entry)
            head = io.BytesIO(next(blocks, b""))
            for _block in blocks:
                pass  # reading the rest verifies checksum and length
            _check_array(head, entry)


@contextmanager
def open_archive_of_arrays(path: Path, limit: int) -> Iterator[zipfile.ZipFile]:
    """Open an npz archive; its arrays may have any names, since these are never used as paths."""
    damaged = f"{path.name} is no archive of arrays"
    with _opened(path, Limits(ARRAYS, limit, DIRECTORY_LIMIT), path.name, damaged) as reader:
        names = reader.archive.namelist()
        if len(set(names)) != len(names) or not all(name.endswith(".npy") for name in names):
            raise ForeignFileError(damaged)
        yield reader.archive


def _check_array(head: io.BytesIO, entry: zipfile.ZipInfo) -> None:
    shown = repr(entry.filename[:80])
    try:
        version = np.lib.format.read_magic(head)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _fortran, dtype = read(head)
    except Exception as error:  # numpy raises many kinds of exception for a damaged header
        raise ForeignFileError(f"{shown} is no array") from error
    if dtype.hasobject or dtype.kind not in "fiubUS" or len(shape) > RANK or any(length < 0 for length in shape):
        raise ForeignFileError(f"{shown} is no array of plain numbers or texts")
    if head.tell() + math.prod(shape) * dtype.itemsize != entry.file_size:
        raise ForeignFileError(f"{shown} is not as large as it declares")


def check_png(content: bytes, name: str) -> None:
    """Raise ForeignFileError where `content` is not a complete PNG of at most PIXELS pixels."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
            if picture.width * picture.height > PIXELS:
                raise ForeignFileError(f"{name} is too large a picture")
            picture.verify()
    except ForeignFileError:
        raise
    except Exception as error:  # Pillow raises many kinds of exception for a damaged file
        raise ForeignFileError(f"{name} is no PNG picture") from error


def one_line(text: str, limit: int = 1000) -> str:
    """Return `text` with control and direction characters replaced by spaces, cut at `limit` characters."""
    return "".join(" " if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in text[:limit])
