"""Write a judged table as an Excel workbook, out of the blocks of CSV that classify_table yields."""

import csv
from collections.abc import Iterable
from io import StringIO
from typing import BinaryIO

from core.errors import UserError
from core.i18n import _

MAX_ROWS, MAX_CELL = 1_048_576, 32_767  # of Excel: rows with the header, characters of a cell


def write_workbook(blocks: Iterable[bytes], file: BinaryIO, numbers: int) -> None:
    """Write the rows; the last `numbers` columns as numbers. Raises UserError for what a sheet cannot hold."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    count = 0
    for block in blocks:
        for row in csv.reader(StringIO(block.decode("utf-8-sig"), newline="")):
            count += 1
            if count > MAX_ROWS or any(len(cell) > MAX_CELL for cell in row):
                sheet.close()  # its file, which openpyxl would otherwise close with a complaint on standard error
                raise UserError(
                    _(
                        "Row {row:,} does not fit into a workbook, which has {rows:,} rows, and {cell:,} characters in "
                        "a cell: write a .csv file."
                    ).format(row=count, rows=MAX_ROWS, cell=MAX_CELL)
                )
            cells: list[str | float] = [ILLEGAL_CHARACTERS_RE.sub("�", cell) for cell in row]
            if count > 1:
                cells[-numbers:] = [float(cell) for cell in row[-numbers:]]
            sheet.append(cells)
    book.save(file)
