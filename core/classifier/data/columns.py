"""Guess the text column and the label column of a table."""

import re
from collections import Counter
from collections.abc import Sequence

from core.classifier.data.table import LABEL_NAMES, MAX_CLASSES, TEXT_NAMES, Table, plain_name
from core.errors import UserError
from core.i18n import _

REFERENCE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+"  # an address
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # of mail
    r"|(?:[\w.~-]*[/\\])+[\w.~%-]*"  # a path
    r"|[!-~]*\d[!-~]*"  # an id: no space, and a digit
    r"|[0-9a-f]{8}[0-9a-f-]*"
    r"|[\d.,:/+TZ -]+"  # a number, a date, a time
    r"|[A-Z][a-z]{2},? [\w :,+-]*\d{2}:\d{2}[\w :+-]*",  # a time with the day's name
    re.I | re.A,
)


def guess_columns(table: Table, text: str = "", label: str = "") -> tuple[str, str]:
    """The text and the label column: the ones named, or those that look like it.

    A label column has 2 to MAX_CLASSES different values that return; the text column is the longest that does not
    hold addresses, ids, dates or numbers. Raises UserError that says, for each column, why it cannot be the label.
    """
    sample = table.rows[:: max(1, len(table.rows) // 5000)]
    values = {name: [row[index].strip() for row in sample] for index, name in enumerate(table.columns)}
    length = {name: sum(map(len, cells)) / len(cells) for name, cells in values.items()}
    text = table.columns[table.place(text)] if text else ""
    if label:
        label = table.columns[table.place(label)]
    else:
        scores = {name: _labelness(name, cells) for name, cells in values.items() if name != text}
        if len(table.columns) == 1:
            raise UserError(
                _("“{name}” has one column only, but texts and labels are needed: was the separator lost?").format(
                    name=table.name
                )
            )
        named = [name for name in scores if plain_name(name) in LABEL_NAMES]
        if not any(scores.values()) and not named:
            counts = ", ".join(f"“{name}” ({len(set(cells) - {''}):,})" for name, cells in list(values.items())[:12])
            raise UserError(
                _(
                    "No column of “{name}” can be the label, which has 2 to {limit} different values that return; "
                    "different values found: {counts}."
                ).format(name=table.name, limit=MAX_CLASSES, counts=counts)
            )
        # A column that is only named like a label is taken too: what is wrong with it is said when it is read.
        label = max(scores, key=lambda name: (scores[name], name in named))
    if not text:
        others = [name for name in table.columns if name != label]
        if not others:
            raise UserError(_("“{name}” has no second column for the texts.").format(name=table.name))
        prose = [name for name in others if not is_reference(values[name])]
        text = max(prose or others, key=lambda name: length[name] * (4 if plain_name(name) in TEXT_NAMES else 1))
    if text == label:
        raise UserError(_("The column “{name}” cannot be text and label at once.").format(name=text))
    return text, label


def _labelness(name: str, cells: list[str]) -> float:
    """0 where the column cannot be the label; more where it is named like one, has few values and short ones."""
    values = Counter(cell for cell in cells if cell)
    if not 2 <= len(values) <= MAX_CLASSES or values.total() < 1.5 * len(values):
        return 0.0
    named = 4.0 if plain_name(name) in LABEL_NAMES else 1.0
    filled = values.total() / len(cells)
    longest = sum(map(len, values)) / len(values)
    return named * filled / (1 + len(values) / 20) / (1 + longest / 40)


def is_reference(cells: Sequence[str]) -> bool:
    """Whether nearly all cells are addresses, file names, ids, dates or numbers, which nobody reads as a text."""
    filled = [cell for cell in cells if cell]
    return sum(len(cell) < 300 and bool(REFERENCE.fullmatch(cell)) for cell in filled) * 10 >= len(filled) * 9
