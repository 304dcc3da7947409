"""Atomic file writes (temporary file, flush to disk, rename) and tolerant JSON reading."""

import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from core.errors import UserError
from core.i18n import _

JSON_LIMIT = 64_000_000  # bytes; far above what this program writes
PART = ".part"


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError in the block into a UserError: `path`, which a person named, cannot be written."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(_("“{path}” cannot be written: {reason}.").format(path=path, reason=reason)) from None


def write_atomic(path: Path, write: Callable[[BinaryIO], object], *, durable: bool = True) -> None:
    """Replace `path` atomically by what write(file) writes; on any error the old file is unchanged.

    durable: also flush to the disk, so that the new content survives a power failure.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}{PART}")
    try:
        with temporary.open("xb") as file:
            write(file)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    write_atomic(path, lambda file: file.write(content), durable=durable)


def flush_to_disk(path: Path) -> None:
    """Wait until the content of `path` is on the disk (fsync)."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def remove_partial_files(folder: Path) -> None:
    """Delete the temporary files of a killed process. Call it only while no other process writes to `folder`."""
    for path in folder.glob(f".*{PART}"):
        path.unlink(missing_ok=True)


def to_json_value(value: Any) -> Any:
    """Convert `value` for JSON: numpy arrays and scalars to Python's types, NaN and infinities to None."""
    if isinstance(value, dict):
        return {str(key): to_json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_value(item) for item in value]
    if hasattr(value, "tolist"):
        return to_json_value(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_bytes(value: Any) -> bytes:
    text = json.dumps(to_json_value(value), ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    write_bytes(path, json_bytes(value), durable=durable)


def read_json(path: Path) -> Any:
    """Return the parsed JSON file, or None where it is missing, unreadable, too large or invalid."""
    try:
        if path.stat().st_size > JSON_LIMIT:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def is_number(value: Any, limit: float = 1e300) -> TypeGuard[float]:
    """Return whether `value` is a finite number (not a bool) with an absolute value of at most `limit`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit
