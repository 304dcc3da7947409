"""Protection against CSV injection: untrusted text in a CSV file must not be evaluated as a spreadsheet formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA = "=+-@\t\r\n＝＋－＠"  # the last four are the same signs to spreadsheets of East Asian languages
UNSEEN = ("Zs", "Cf", "Cc")
LINE_END = "\r\n"  # csv.writer quotes cells that hold one of these


def escape_formula(cell: Any) -> Any:
    """Return `cell`, with a leading apostrophe if a spreadsheet would evaluate it as a formula; numbers are unchanged.

    Leading blanks and invisible characters are skipped, as spreadsheets do.
    """
    if cell is None or isinstance(cell, int | float):
        return cell
    text = str(cell)
    first = next((char for char in text if char in FORMULA or unicodedata.category(char) not in UNSEEN), "a")
    return f"'{text}" if first in FORMULA and not _is_number(text) else text


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return `rows` as CSV with "\\n" between them.

    A cell with a bare carriage return is quoted too, which csv.writer omits with this line end before Python 3.13: a
    spreadsheet would begin a new row there.
    """
    out, line = io.StringIO(), io.StringIO()
    writer = csv.writer(line, lineterminator=LINE_END)
    for row in rows:
        writer.writerow(row)
        out.write(line.getvalue().removesuffix(LINE_END) + "\n")
        line.seek(0)
        line.truncate()
    return out.getvalue()


def _is_number(text: str) -> bool:
    """Return whether `text` is a number in ASCII digits; spreadsheets read “-inf” and “-1_000” as formulas."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and not set(text) - set("0123456789.+-eE")
