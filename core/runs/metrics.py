"""metrics.jsonl: append-only, one JSON object per line; an incomplete or invalid line is skipped."""

import json
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.runs.files import flush_to_disk, is_number, to_json_value, write_bytes

LINE_LIMIT = 65_536
FILE_LIMIT = 64_000_000  # bytes that are read; the training loop writes a few MB at most
LINES_LIMIT, VALUES_LIMIT = 100_000, 500_000  # that are read: 100 MB in memory; a plan has some 4,000 lines
BLOCK = 1_000_000
STEP_LIMIT = 10**12

Row = dict[str, Any]


class MetricsWriter:
    """Append rows to the file; opening it at `step` first deletes the rows after that step, to avoid duplicates."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        kept = [row for row in read_metrics(path) if row["step"] <= step]
        write_bytes(path, b"".join(_line(row) for row in kept))

    def append(self, row: Row) -> None:
        with self._path.open("ab") as file:
            file.write(_line(row))

    def flush(self) -> None:
        """Flush to the disk; called before each checkpoint, so that no rows before a checkpoint can be lost."""
        flush_to_disk(self._path)


def _line(row: Row) -> bytes:
    return (json.dumps(to_json_value(row), separators=(",", ":"), allow_nan=False) + "\n").encode()


def _parse(line: bytes) -> Row | None:
    if len(line) > LINE_LIMIT:
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    step = row.get("step") if isinstance(row, dict) else None
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step <= STEP_LIMIT:
        return None
    return {
        sys.intern(key): value
        for key, value in row.items()
        if value is None or isinstance(value, str) or is_number(value)
    }


def read_metrics(path: Path) -> list[Row]:
    """Return all valid rows of the file; an empty list where it does not exist."""
    return MetricsTail(path).read()


class MetricsTail:
    """Read a growing metrics file incrementally. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._offset, self._last, self._rows = 0, b"", list[Row]()
        self._lines = self._values = 0

    def read(self) -> list[Row]:
        with self._lock:
            with suppress(OSError):  # the file cannot be read now: return the rows read before
                self._read_on()
            return list(self._rows)

    def _read_on(self) -> None:
        with self._path.open("rb") as file:
            # A continued run rewrites the file; then the last line that was read no longer ends at the offset.
            file.seek(self._offset - len(self._last))
            if file.read(len(self._last)) != self._last:
                self._forget()
            while self._offset < FILE_LIMIT and self._lines < LINES_LIMIT and self._values < VALUES_LIMIT:
                file.seek(self._offset)
                block = file.read(BLOCK)
                lines = block[: block.rfind(b"\n") + 1].splitlines(keepends=True)[: LINES_LIMIT - self._lines]
                if not lines:
                    break
                found = [row for row in map(_parse, lines) if row is not None]
                self._offset += sum(map(len, lines))
                self._last = lines[-1]
                self._rows += found
                self._lines += len(lines)
                self._values += sum(map(len, found))


def column(rows: list[Row], key: str) -> tuple[list[int], list[float]]:
    """Return the steps and values of the rows that have a number under `key`."""
    pairs = [(row["step"], row[key]) for row in rows if isinstance(row.get(key), int | float)]
    return [step for step, _ in pairs], [value for _, value in pairs]


def within_limits(path: Path) -> bool:
    """Return whether the file has no more lines and values than are read, by its line ends and commas."""
    ends = commas = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            ends += block.count(b"\n") + block.count(b"\r")
            commas += block.count(b",")
    return ends <= LINES_LIMIT and commas + ends <= VALUES_LIMIT
