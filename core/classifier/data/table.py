"""A table of text cells: its rows, the names of its columns, whether its first row names them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.errors import UserError
from core.i18n import N_, _

MAX_BYTES = 150_000_000  # of a file, packed or unpacked
MAX_CELL = 1_000_000
MAX_ROWS = 2_000_000
MAX_CELLS = 8_000_000  # rows × columns; each costs memory also where it is empty
NAMELESS = re.compile(r"column (\d+)")
DIGIT, LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
MAX_CLASSES = 200
MAX_TITLES = 10  # rows above the header
FEW_ODD = 0.03  # of the rows may have another number of cells than the header
YES, NO = N_("yes"), N_("no")
LABEL_NAMES = {
    "label", "labels", "class", "category", "categories", "target", "sentiment", "polarity", "y", "tag", "topic",
    "intent", "rating", "stars", "score", "标签", "类别", "分类", "情感", "评分", "类",
}  # fmt: skip
TEXT_NAMES = {
    "text", "texts", "sentence", "review", "reviews", "comment", "comments", "content", "message", "body", "document",
    "description", "title", "tweet", "sentences", "contents", "messages", "documents", "tweets", "utterance",
    "utterances", "评论", "文本", "内容", "句子", "评价", "正文", "评论内容", "文本内容",
}  # fmt: skip

Header = Literal["auto", "yes", "no"]


@dataclass(frozen=True)
class Note:
    """What a person should know about how a table was read: a message still to be translated, and what it counts."""

    message: str
    count: int
    values: dict[str, str] = field(default_factory=dict)
    rows: tuple[str, ...] = ()

    def __str__(self) -> str:
        return _(self.message).format(count=self.count, **self.values)


@dataclass
class Table:
    """Rows of text cells, all as wide as `columns`.

    `numbers` are the rows' places in the file as a person counts them (lines, or rows of a sheet); `found` says how
    the file was read, in messages still to be translated; `ragged` are the places of rows with more cells than the
    header; `notes` are what was left out or replaced.
    """

    name: str
    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]
    found: dict[str, str] = field(default_factory=dict)
    ragged: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

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


def below_titles(records: list[list[str]], header: Header) -> int:
    """How many of the first rows are titles above the header: the rows above known names, or rows of one cell."""
    if header == "no" or len(records) < 2:
        return 0
    for place, row in enumerate(records[:MAX_TITLES]):
        if _plain_names(row) & LABEL_NAMES and _plain_names(row) & TEXT_NAMES:
            return place
    filled = [sum(bool(cell.strip()) for cell in row) for row in records[:1000]]
    usual = Counter(filled).most_common(1)[0][0]
    return next((place for place, cells in enumerate(filled[:MAX_TITLES]) if cells > 1 or usual < 2), 0)


def shaped(
    name: str, records: list[list[str]], numbers: list[int], header: Header, known: Collection[str] = ()
) -> Table:
    """Make all rows equally wide and name the columns.

    known: names of which one tells a header. Raises UserError where nothing is filled, and where more than a few rows
    have other cells than the header names.
    """
    if not records:
        raise UserError(_("“{name}” has only empty rows: bring a table of texts and labels.").format(name=name))
    has_header = header == "yes" or (header == "auto" and has_header_row(records, known))
    width = len(records[0]) if has_header else Counter(map(len, records)).most_common(1)[0][0]
    names = records[0] if has_header else [""] * width
    if has_header:
        records, numbers = records[1:], numbers[1:]
        # A header of one cell less than nearly all rows lacks the name of an index column, as R writes it.
        widest = Counter(map(len, records)).most_common(1)
        named = Counter(not row[width].strip() for row in records if len(row) == width + 1)
        if widest and widest[0][0] == width + 1 and named[True] < named[False]:  # else each row ends in a separator
            names, width = ["", *names], width + 1
    check_size_of_table(name, len(records), width)
    ragged = [n for row, n in zip(records, numbers, strict=True) if len(row) > width and any(row[width:])]
    _check_shape(name, records, numbers, width)
    rows = [row[:width] if len(row) >= width else row + [""] * (width - len(row)) for row in records]
    return Table(name, _unique(names), rows, numbers, {N_("header"): YES if has_header else NO}, ragged)


def _check_shape(name: str, records: list[list[str]], numbers: list[int], width: int) -> None:
    """Raise UserError where more than FEW_ODD of the rows have more cells than `width`, or one where there are more."""
    odd = [n for row, n in zip(records, numbers, strict=True) if any(row[width:]) or (len(row) == 1 < width)]
    if len(odd) > max(3, FEW_ODD * len(records)):
        cells = next(len(row) for row, n in zip(records, numbers, strict=True) if n == odd[0])
        raise UserError(
            _(
                "Row {row} of “{name}” has {cells} cells where {width} are expected, and {count:,} of {all:,} rows are "
                "such: put texts that hold the separator in quotes."
            ).format(row=odd[0], name=name, cells=cells, width=width, count=len(odd), all=len(records))
        )


def plain_name(column: str) -> str:
    """A column's name as LABEL_NAMES and TEXT_NAMES have it; of “row.text” the last part."""
    return column.strip().casefold().rpartition(".")[2]


def _plain_names(row: Sequence[str]) -> set[str]:
    return {plain_name(cell) for cell in row}


def has_header_row(records: list[list[str]], known: Collection[str] = ()) -> bool:
    """Whether the first row names the columns. known: names of which one is enough to tell."""
    first = [cell.strip() for cell in records[0]]
    lower = _plain_names(first)
    wanted = {name.casefold() for name in known if name and not NAMELESS.fullmatch(name)}
    if wanted & {cell.casefold() for cell in first} or (lower & LABEL_NAMES and lower & TEXT_NAMES):
        return True
    if len(first) == 1:
        return first[0].casefold() in TEXT_NAMES
    if len(records) < 2 or any(_is_number(cell) or len(cell) > 60 or len(cell.split()) > 6 for cell in first):
        return False
    rest = records[1:2000]
    for index, cell in enumerate(first):
        values = Counter(row[index].strip() for row in rest if index < len(row))
        # A value of a few that return is a label, and one that is built as those below is an id: the row is data.
        if cell and cell in values and len(values) <= max(100, len(rest) // 20):
            return False
        if DIGIT.search(cell) and sum(_built(value) == _built(cell) for value in values) * 2 > len(values):
            return False
    return True


def _built(cell: str) -> str:
    return DIGIT.sub("9", LETTERS.sub("a", cell))


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
