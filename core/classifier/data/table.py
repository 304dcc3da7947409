"""A table of text cells: its rows, the names of its columns, whether its first row names them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.errors import UserError
from core.i18n import N_, _

MAX_BYTES = 150_000_000  # of a file, packed or unpacked
MAX_CELL = 1_000_000
MAX_ROWS = 2_000_000
MAX_CELLS = 8_000_000  # rows × columns; each costs memory also where it is empty
NAMELESS = re.compile(r"column (\d+)")
YES, NO = N_("yes"), N_("no")
LABEL_NAMES = {
    "label", "labels", "class", "category", "categories", "target", "sentiment", "polarity", "y", "tag", "topic",
    "intent", "rating", "stars", "score", "标签", "类别", "分类", "情感", "评分", "类",
}  # fmt: skip
TEXT_NAMES = {
    "text", "texts", "sentence", "review", "reviews", "comment", "comments", "content", "message", "body", "document",
    "description", "title", "tweet", "评论", "文本", "内容", "句子", "评价", "正文",
}  # fmt: skip

Header = Literal["auto", "yes", "no"]


@dataclass
class Table:
    """Rows of text cells, all as wide as `columns`.

    `numbers` are the rows' places in the file as a person counts them (lines, or rows of a sheet); `found` says how
    the file was read, in messages still to be translated; `ragged` are the places of rows with more cells than the
    header.
    """

    name: str
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    found: dict[str, str] = field(default_factory=dict)
    ragged: list[int] = field(default_factory=list)

    def place(self, name: str) -> int:
        """The place of a column, found by name, also where case or outer spaces differ.

        Raises UserError that lists the columns where there is none of that name.
        """
        plain = [column.casefold() for column in self.columns]
        wanted = " ".join(name.split())
        if wanted in self.columns:
            return self.columns.index(wanted)
        if plain.count(wanted.casefold()) == 1:
            return plain.index(wanted.casefold())
        raise UserError(
            _("“{table}” has no column “{name}”; its columns are: {columns}.").format(
                table=self.name, name=name, columns=", ".join(f"“{column}”" for column in self.columns[:20])
            )
        )

    def column(self, name: str) -> list[str]:
        """The cells of a column. Raises UserError as place does."""
        index = self.place(name)
        return [row[index] for row in self.rows]


def check_size_of_table(name: str, rows: int, columns: int) -> None:
    """Raise UserError for a table over MAX_ROWS or MAX_CELLS; call it before anything of that size is allocated."""
    if rows > MAX_ROWS:
        raise UserError(
            _("“{name}” has more than {limit:,} rows: bring a part of it.").format(name=name, limit=MAX_ROWS)
        )
    if rows * columns > MAX_CELLS:
        raise UserError(
            _(
                "“{name}” has {columns:,} columns and so many rows that they have more than {limit:,} cells: keep the "
                "columns of text and label, or bring a part of it."
            ).format(name=name, columns=columns, limit=MAX_CELLS)
        )


def check_cells(name: str, rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> None:
    """Raise UserError where a cell has more than MAX_CELL characters. numbers: the rows' places in the file."""
    for row, number in zip(rows, numbers, strict=True):
        longest = max(map(len, row), default=0)
        if longest > MAX_CELL:
            raise UserError(
                _("A cell in row {row} of “{name}” has {count:,} characters, but one text can have {limit:,}.").format(
                    row=number, name=name, count=longest, limit=MAX_CELL
                )
            )


def shaped(name: str, records: list[list[str]], numbers: list[int], header: Header) -> Table:
    """Make all rows equally wide and name the columns. Raises UserError where there is but one column."""
    if not records:
        raise UserError(_("“{name}” has only empty rows: bring a table of texts and labels.").format(name=name))
    has_header = header == "yes" or (header == "auto" and _has_header(records))
    width = len(records[0]) if has_header else Counter(map(len, records)).most_common(1)[0][0]
    names = records[0] if has_header else [""] * width
    if has_header:
        records, numbers = records[1:], numbers[1:]
        # A header of one cell less than nearly all rows lacks the name of an index column, as R writes it.
        widest = Counter(map(len, records)).most_common(1)
        if widest and widest[0][0] == width + 1:
            names, width = ["", *names], width + 1
    check_size_of_table(name, len(records), width)
    ragged = [n for row, n in zip(records, numbers, strict=True) if len(row) > width and any(row[width:])]
    rows = [row[:width] if len(row) >= width else row + [""] * (width - len(row)) for row in records]
    return Table(name, _unique(names), rows, numbers, {N_("header"): YES if has_header else NO}, ragged)


def _has_header(records: list[list[str]]) -> bool:
    first = [cell.strip() for cell in records[0]]
    lower = {cell.lower() for cell in first}
    if lower & LABEL_NAMES and lower & TEXT_NAMES:
        return True
    if len(records) < 2 or len(first) < 2 or any(_is_number(cell) or len(cell) > 60 for cell in first):
        return False
    rest = records[1:2000]
    for index, cell in enumerate(first):
        values = Counter(row[index].strip() for row in rest if index < len(row))
        # A value of a few that return is a label, so the first row is data.
        if cell and cell in values and len(values) <= max(100, len(rest) // 20):
            return False
    return True


def _unique(names: list[str]) -> list[str]:
    """Name the nameless by place, and a name's second holder “name (2)”."""
    taken: list[str] = []
    for place, raw in enumerate(names, 1):
        base = " ".join(raw.split())[:100] or f"column {place}"
        name, count = base, 1
        while name in taken:
            count += 1
            name = f"{base} ({count})"
        taken.append(name)
    return taken


def shown_column(name: str) -> str:
    """The name as people read it: a nameless column's is the same in every language, so that options can hold it."""
    found = NAMELESS.fullmatch(name)
    return _("column {number}").format(number=found[1]) if found else name


def _is_number(cell: str) -> bool:
    try:
        float(cell)
        return True
    except ValueError:
        return False
