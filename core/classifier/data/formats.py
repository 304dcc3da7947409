"""Excel to tables, a sheet each; and a value of a file to the text of its cell."""

import io
import json
import zipfile
from typing import Any

from core.classifier.data.table import Header, Note, Table, below_titles, check_cells, check_size_of_table, shaped
from core.errors import UserError
from core.i18n import N_, _
from core.well_formed import well_formed
from core.zip_reader import blocks

MAX_TAGS = 6_000_000  # of all parts of an Excel file; 300,000 rows of text and label have 5 million


def cell(value: Any) -> str:
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


def from_excel(name: str, data: bytes, header: Header) -> list[tuple[str, Table]]:
    """The sheets of an Excel file that hold anything. Raises UserError where none does, or it is damaged."""
    from openpyxl import load_workbook

    _check_markup(name, data)
    tables = list[tuple[str, Table]]()
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        seen = cells = 0  # rows and cells of all sheets, the empty ones too
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
                titles = below_titles(rows, header)
                table = shaped(name, [row[:width] for row in rows[titles:]], numbers[titles:], header)
                table.found |= {N_("format"): "Excel", N_("sheet"): f"“{sheet.title}”"}
                if titles:
                    table.notes.append(Note(N_("Lines above the table left out: {count:,}."), titles))
                tables.append((sheet.title, table))
    except UserError:
        raise
    except Exception as error:  # openpyxl lets through whatever its XML parser raised
        raise UserError(
            _("“{name}” is a damaged Excel file: save it anew, or as CSV ({reason}).").format(
                name=name, reason=type(error).__name__
            )
        ) from None
    if not tables:
        raise UserError(_("No sheet of “{name}” holds a row.").format(name=name))
    return tables


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
    return str(value).upper() if isinstance(value, bool) else cell(value)
