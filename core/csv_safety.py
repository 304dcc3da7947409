"""Cells of a table that a spreadsheet will open: what a stranger wrote is shown there, never calculated."""

import unicodedata
from typing import Any

FORMULA = "=+-@\t\r\n＝＋－＠"  # the last four are the same signs to spreadsheets of East Asian languages
UNSEEN = ("Zs", "Cf", "Cc")


def escape_formula(cell: Any) -> Any:
    """`cell`, with an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers.

    Blanks and characters that nobody sees are looked through, as spreadsheets do.
    """
    if cell is None or isinstance(cell, int | float):
        return cell
    text = str(cell)
    first = next((char for char in text if char in FORMULA or unicodedata.category(char) not in UNSEEN), "a")
    return f"'{text}" if first in FORMULA and not _is_number(text) else text


def _is_number(text: str) -> bool:
    """Is it written as a number in digits? “-2” is one; to a spreadsheet “-inf” is a name and “-1_000” a sum."""
    try:
        float(text)
    except ValueError:
        return False
    return text.isascii() and not set(text) - set("0123456789.+-eE")
