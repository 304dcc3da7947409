"""metrics.jsonl: append-only, one object a line; a torn or foreign line is skipped."""

import json
from pathlib import Path
from typing import Any

from core.runs.files import plain, write_bytes

LINE_LIMIT = 65_536


class MetricsWriter:
    """Appends rows; opening it at `step` first drops the rows after that step, so that none is there twice."""

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        if path.exists():
            kept = [row for row in read_metrics(path) if row["step"] <= step]
            write_bytes(path, b"".join(_line(row) for row in kept))

    def append(self, row: dict[str, Any]) -> None:
        with self._path.open("ab") as file:
            file.write(_line(row))


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(plain(row), separators=(",", ":"), allow_nan=False) + "\n").encode()


def _parse(line: bytes) -> dict[str, Any] | None:
    if len(line) > LINE_LIMIT:
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not isinstance(row.get("step"), int) or isinstance(row["step"], bool):
        return None
    return {str(key): value for key, value in row.items() if value is None or isinstance(value, int | float | str)}


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All sound rows of the file; an absent file has none."""
    return MetricsTail(path).read()


class MetricsTail:
    """Reads a growing metrics file without reading it again from its start each time."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rows = path, 0, list[dict[str, Any]]()

    def read(self) -> list[dict[str, Any]]:
        try:
            size = self._path.stat().st_size
            if size < self._offset:  # a continued run cut the file back
                self._offset, self._rows = 0, []
            if size > self._offset:
                with self._path.open("rb") as file:
                    file.seek(self._offset)
                    block = file.read(size - self._offset)
                whole = block.rfind(b"\n") + 1
                self._offset += whole
                rows = (_parse(line) for line in block[:whole].splitlines())
                self._rows = self._rows + [row for row in rows if row is not None]
        except OSError:
            return list(self._rows)
        return list(self._rows)


def column(rows: list[dict[str, Any]], key: str) -> tuple[list[int], list[float]]:
    """Steps and values of the rows that have a number under `key`."""
    pairs = [(row["step"], row[key]) for row in rows if isinstance(row.get(key), int | float)]
    return [step for step, _ in pairs], [value for _, value in pairs]
