"""JSON and Excel to a Table."""

import io
import json
import zipfile
from typing import Any

from core.classifier.data.table import Header, Table, check_cells, check_size_of_table, shaped
from core.errors import UserError
from core.i18n import N_, _
from core.well_formed import well_formed
from core.zip_reader import blocks

MAX_TAGS = 6_000_000  # of all parts of an Excel file; 300,000 rows of text and label have 5 million


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
                    check_size_of_table(name, len(items), 1)
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
            columns.setdefault(key, len(columns))  # as it is; the name of its column is made well formed below
        if len(columns) > 500:
            raise UserError(_("The rows of “{name}” have more than 500 different keys.").format(name=name))
    check_size_of_table(name, len(items), len(columns))
    rows = [[_cell(item.get(key)) for key in columns] for _number, item in items]
    check_cells(name, rows, [number for number, _item in items])
    table = shaped(name, [list(map(well_formed, columns)), *rows], [0, *(number for number, _item in items)], "yes")
    table.found[N_("format")] = "JSON"
    return table


def _cell(value: Any) -> str:
    """A value as the person wrote it: 1.0 from a sheet is 1, TRUE stays TRUE."""
    if value is None:
        return ""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return (
        well_formed(json.dumps(value, ensure_ascii=False, default=str))
        if isinstance(value, bool | list | dict)
        else str(value)
    )


def from_excel(name: str, data: bytes, header: Header) -> Table:
    """The first sheet of an Excel file that holds anything. Raises UserError where none does, or it is damaged."""
    from openpyxl import load_workbook

    _check_markup(name, data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        seen = cells = 0  # rows of all sheets, the empty ones too, and cells of this one
        for sheet in book.worksheets:
            rows, numbers = list[list[str]](), list[int]()
            for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
                row = [_excel_cell(value) for value in values[:500]]
                if any(cell and not cell.isspace() for cell in row):
                    rows.append(row)
                    numbers.append(number)
                seen, cells = seen + 1, cells + len(row)
                check_size_of_table(name, seen, -(-cells // seen))
            if rows:
                width = max(len(row) - next(i for i, cell in enumerate(reversed(row)) if cell) for row in rows)
                check_cells(name, rows, numbers)
                table = shaped(name, [row[:width] for row in rows], numbers, header)
                table.found |= {N_("format"): "Excel", N_("sheet"): f"“{sheet.title}”"}
                return table
    except (UserError, MemoryError):
        raise
    except Exception as error:  # openpyxl lets through whatever its XML parser raised
        raise UserError(
            _("“{name}” is a damaged Excel file: save it anew, or as CSV ({reason}).").format(
                name=name, reason=type(error).__name__
            )
        ) from None
    raise UserError(_("No sheet of “{name}” holds a row.").format(name=name))


def _check_markup(name: str, data: bytes) -> None:
    """Raise UserError for more XML than a table within the limits has: openpyxl builds all shared strings at once."""
    tags = 0
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            for block in blocks(archive, entry):
                tags += block.count(b"<")
                if tags > MAX_TAGS:
                    raise UserError(
                        _("“{name}” holds more markup than a table of text needs: save its sheet as CSV.").format(
                            name=name
                        )
                    )


def _excel_cell(value: Any) -> str:
    return str(value).upper() if isinstance(value, bool) else _cell(value)
