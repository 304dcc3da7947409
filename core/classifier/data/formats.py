"""JSON lines, Excel, and zips with a folder a class, each to a Table."""

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

from core.classifier.data.decoding import decode
from core.classifier.data.table import MAX_BYTES, MAX_CELL, MAX_ROWS, NO, Header, Table, read_table, shaped
from core.errors import UserError
from core.i18n import N_, _
from core.sources import Source, check_size

TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".gz")
MAX_FILES = 300_000


def from_json(name: str, text: str) -> Table:
    """One JSON object a line, or one list of objects; a row's keys are its columns."""
    decoder, items, number = json.JSONDecoder(), list[tuple[int, Any]](), 1
    try:
        if text.lstrip()[:1] == "[":
            items = [(number, item) for number, item in enumerate(decoder.decode(text), 1)]
        else:
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    items.append((number, decoder.decode(line)))
    except (ValueError, RecursionError) as error:
        at = int(getattr(error, "lineno", 1)) if text.lstrip()[:1] == "[" else number
        raise UserError(
            _("Line {line} of “{name}” is not valid JSON: each line must be one whole object.").format(
                line=at, name=name
            )
        ) from None
    columns: dict[str, int] = {}
    for number, item in items:
        if not isinstance(item, dict):
            raise UserError(
                _("Row {row} of “{name}” is not an object with a text and a label.").format(row=number, name=name)
            )
        for key in item:
            columns.setdefault(key, len(columns))
        if len(columns) > 500:
            raise UserError(_("The rows of “{name}” have more than 500 different keys.").format(name=name))
    rows = [[_cell(item.get(key)) for key in columns] for _number, item in items]
    _check_cells(name, rows, [number for number, _item in items])
    table = shaped(name, [list(columns), *rows], [0, *(number for number, _item in items)], "yes")
    table.found[N_("format")] = "JSON"
    return table


def _cell(value: Any) -> str:
    """A value as the person wrote it: 1.0 from a sheet is 1, TRUE stays TRUE."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, bool | list | dict) else str(value)


def _check_cells(name: str, rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> None:
    for row, number in zip(rows, numbers, strict=True):
        longest = max(map(len, row), default=0)
        if longest > MAX_CELL:
            raise UserError(
                _("A cell in row {row} of “{name}” has {count:,} characters, but one text can have {limit:,}.").format(
                    row=number, name=name, count=longest, limit=MAX_CELL
                )
            )


def from_zip(name: str, data: bytes, header: Header) -> Table:
    """An Excel file, a zip that holds one table, or one with a folder a class."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        entries = [
            entry
            for entry in archive.infolist()
            if not entry.is_dir() and not entry.filename.startswith("__MACOSX") and "/." not in f"/{entry.filename}"
        ]
        check_size(name, sum(entry.file_size for entry in entries), MAX_BYTES)
        if any(entry.flag_bits & 1 for entry in entries):
            raise UserError(_("“{name}” is locked with a password: unlock it first.").format(name=name))
        if any(entry.filename == "xl/workbook.xml" for entry in entries):
            return _from_excel(name, data, header)
        if len(entries) == 1 and entries[0].filename.lower().endswith(TABLES):
            return read_table(Source(entries[0].filename, archive.read(entries[0])), header)
        if len(entries) > MAX_FILES:
            raise UserError(_("“{name}” holds more than {limit:,} files.").format(name=name, limit=MAX_FILES))
        files = ((entry.filename, archive.read(entry)) for entry in entries if entry.filename.lower().endswith(".txt"))
        return from_folders(name, files)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError):
        raise UserError(_("“{name}” is damaged and cannot be unpacked: pack it anew.").format(name=name)) from None


def from_folders(name: str, files: Iterable[tuple[str, bytes]]) -> Table:
    """A text a file, its class the folder that it lies in. Raises UserError where there are not two folders."""
    rows, numbers = list[list[str]](), list[int]()
    for number, (path, content) in enumerate(files, 1):
        folder = PurePosixPath(path.replace("\\", "/")).parent.name
        if not folder:
            raise UserError(
                _("“{file}” in “{name}” lies in no folder: put the texts of each class in a folder of its own.").format(
                    file=path, name=name
                )
            )
        text = decode(path, content)[0].strip() if content else ""
        rows.append([text, folder])
        numbers.append(number)
    if not rows:
        raise UserError(
            _("“{name}” holds no table and no texts: one table, or a folder of .txt files a class, is needed.").format(
                name=name
            )
        )
    _check_cells(name, rows, numbers)
    return Table(name, ["text", "label"], rows, numbers, {N_("format"): N_("a folder a class"), N_("header"): NO})


def _from_excel(name: str, data: bytes, header: Header) -> Table:
    """The first sheet that holds anything."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows, numbers = list[list[str]](), list[int]()
            for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                row = [_excel_cell(value) for value in values[:500]]
                if any(cell and not cell.isspace() for cell in row):
                    rows.append(row)
                    numbers.append(number)
                if number > MAX_ROWS:
                    raise UserError(
                        _("“{name}” has more than {limit:,} rows: bring a part of it.").format(
                            name=name, limit=MAX_ROWS
                        )
                    )
            if rows:
                width = max(len(row) - next(i for i, cell in enumerate(reversed(row)) if cell) for row in rows)
                _check_cells(name, rows, numbers)
                table = shaped(name, [row[:width] for row in rows], numbers, header)
                table.found |= {N_("format"): "Excel", N_("sheet"): f"“{sheet.title}”"}
                return table
    except UserError:
        raise
    except Exception as error:  # openpyxl lets through whatever its XML parser raised
        raise UserError(
            _("“{name}” is a damaged Excel file: save it anew, or as CSV ({reason}).").format(
                name=name, reason=type(error).__name__
            )
        ) from None
    raise UserError(_("No sheet of “{name}” holds a row.").format(name=name))


def _excel_cell(value: Any) -> str:
    return str(value).upper() if isinstance(value, bool) else _cell(value)
