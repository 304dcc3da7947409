"""Separated text to a Table: separator, quoting and header, found by evidence; and plain text, one text a line."""

import contextlib
import csv
import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from core.classifier.data.decoding import decode
from core.classifier.data.long_rows import join_texts
from core.classifier.data.table import (
    MAX_BYTES,
    MAX_CELL,
    NO,
    TEXT_NAMES,
    YES,
    Header,
    Note,
    Table,
    below_titles,
    check_size_of_table,
    shaped,
)
from core.errors import UserError
from core.i18n import N_, _
from core.sources import Source, check_size

MAX_COLUMNS = 500
LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
SEP_LINE = re.compile(r"\A\"?sep=(.)\"?[ ,;\t]*(?:\r\n|\n|\r)", re.I)
ESCAPE = re.compile(r"\\(.)")
MAX_COMMENTS = 1000
QUOTING = {'"': YES, "'": N_("yes, with single quotes"), "": NO}
SAMPLE_CHARS, SAMPLE_ROWS = 1 << 18, 300
SEPARATORS = {"\t": N_("tab"), ",": N_("comma"), ";": N_("semicolon"), "|": N_("bar")}


@dataclass(frozen=True)
class Dialect:
    """How cells are written. quote: "" where no mark quotes; escaped: a backslash before a mark makes it part of the
    text; spaced: spaces stand between the separator and a quote."""

    separator: str = ","
    quote: str = '"'
    escaped: bool = False
    spaced: bool = False

    @property
    def quoting(self) -> str:
        return (N_("yes, with backslashes") if self.escaped else QUOTING[self.quote]) if self.quote else NO


def from_csv(name: str, text: str, header: Header = "auto", known: Collection[str] = ()) -> Table:
    """A table out of separated text; separator, quoting and header are found. known: see has_header_row()."""
    text, above, told = _without_lead(text)
    if whole := _one_column(text, known):
        records, numbers, dialect = [[line] for _number, line in whole], [number for number, _line in whole], Dialect()
    else:
        dialect = _dialect(text, told)
        records, numbers, dialect = _read(name, text, dialect)
    numbers = [number + above for number in numbers]
    titles = below_titles(records, header)
    above += sum(any(row) for row in records[:titles])
    records, numbers = records[titles:], numbers[titles:]
    records = join_texts(records, dialect.separator, header)
    table = shaped(name, records, numbers, header, known)
    table.found |= {
        N_("format"): "CSV", N_("separator"): SEPARATORS[dialect.separator], N_("quoting"): dialect.quoting
    }  # fmt: skip
    if above:
        table.notes.append(Note(N_("Lines above the table left out: {count:,}."), above))
    return table


def _without_lead(text: str) -> tuple[str, int, str]:
    """The text without a line "sep=;" and comments above the table; how many lines these are; the separator told."""
    told, above = "", 0
    if found := SEP_LINE.match(text):
        told, above, text = found[1], 1, text[found.end() :]
    if text.startswith("#"):
        lines = list(itertools.islice((found.group() for found in LINE.finditer(text)), MAX_COMMENTS))
        count = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
        marks = [lines[count].count(separator) for separator in SEPARATORS]
        if count and any(marks) and [lines[count - 1].count(separator) for separator in SEPARATORS] == marks:
            count -= 1  # a header whose first name begins with “#”
        above, text = above + count, text[sum(map(len, lines[:count])) :]
    return text, above, told


def _one_column(text: str, known: Collection[str]) -> list[tuple[int, str]]:
    """The lines below a header of one name, where they are not quoted; empty where this is no such table."""
    first = next((found.group().strip() for found in LINE.finditer(text) if found.group().strip()), "")
    if first.casefold() not in TEXT_NAMES | {name.casefold() for name in known} or '"' in text:
        return []
    (width, count), *_rest = _widths(text, _dialect(text)).most_common(1) or [(1, 0)]
    if width > 1 and count >= max(3, 0.9 * sum(_widths(text, _dialect(text)).values())):
        return []  # the name is a title above a table
    lines = ((number, found.group().rstrip("\r\n")) for number, found in enumerate(LINE.finditer(text), 1))
    return [(number, line) for number, line in lines if line.strip()]


def _read(name: str, text: str, dialect: Dialect) -> tuple[list[list[str]], list[int], Dialect]:
    """All rows; where quotes do not close as the first rows have it, another reading of quotes that fits."""
    try:
        return *_records(name, text, dialect), dialect
    except _EscapedError:
        with contextlib.suppress(_OpenQuoteError):
            other = replace(dialect, escaped=True)
            return *_records(name, text, other), other
        try:
            return *_records(name, text, dialect, told=True), dialect
        except _OpenQuoteError as error:
            return _unquoted(name, text, dialect, error)
    except _OpenQuoteError as error:
        return _unquoted(name, text, dialect, error)


def _unquoted(name: str, text: str, dialect: Dialect, error: Exception) -> tuple[list[list[str]], list[int], Dialect]:
    """Quotes that never close are often no quoting at all but marks inside texts."""
    other = Dialect(dialect.separator, "")
    widths = _widths(text, other)
    if not widths or widths.most_common(1)[0][1] < 0.99 * widths.total():
        raise UserError(str(error)) from None
    return *_records(name, text, other), other


class _EscapedError(Exception):
    """A backslash before a quote mark, where the first rows had none."""


class _OpenQuoteError(Exception):
    pass


class _Lines:
    """Lines of a text with their count; an iterator that a second reader can take over from a first."""

    def __init__(self, text: str, dialect: Dialect = Dialect()) -> None:
        # No StringIO: it keeps four bytes for each character.
        self._lines, self.count, self.last = (found.group() for found in LINE.finditer(text)), 0, ""
        self._escaped = dialect.quote if dialect.escaped else ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        self.count += 1
        if self._escaped and "\\" in self.last:
            self.last = ESCAPE.sub(self._unescaped, self.last)
        return self.last

    def _unescaped(self, found: re.Match[str]) -> str:
        return {self._escaped: self._escaped * 2, "\\": "\\"}.get(found[1], found[0])


def _records(name: str, text: str, dialect: Dialect, told: bool = False) -> tuple[list[list[str]], list[int]]:
    """All rows that hold anything, and the lines they begin in. told: take backslashes for what they are."""
    csv.field_size_limit(max(MAX_BYTES, csv.field_size_limit()))
    records, numbers, lines, cells = list[list[str]](), list[int](), _Lines(text, dialect), 0
    reader = _reader(lines, dialect)
    while True:
        line = lines.count + 1
        try:
            record = next(reader)
        except StopIteration:
            return records, numbers
        except csv.Error as error:
            if f"\\{dialect.quote}" in lines.last and not dialect.escaped and not told:
                raise _EscapedError from None
            if lines.count > line or "unexpected end" in str(error):
                raise _OpenQuoteError(
                    _(
                        "A quote that opens in line {line} of “{name}” never closes: close it, or double the quote "
                        "marks inside texts."
                    ).format(line=line, name=name)
                ) from None
            # Something stands behind a closing quote: this line is read as spreadsheets do.
            record = next(_reader([lines.last], dialect, strict=False))
            reader = _reader(lines, dialect)
        _check_record(name, record, line)
        if any(cell and not cell.isspace() for cell in record):
            cells += len(record)
            check_size_of_table(name, len(records) + 1, -(-cells // (len(records) + 1)))
            records.append(record)
            numbers.append(line)


def _reader(lines: Iterable[str], dialect: Dialect, strict: bool = True) -> "csv._reader":  # type: ignore[name-defined]
    if dialect.quote:
        return csv.reader(
            lines, delimiter=dialect.separator, quotechar=dialect.quote, skipinitialspace=dialect.spaced, strict=strict
        )
    return csv.reader(lines, delimiter=dialect.separator, quoting=csv.QUOTE_NONE)


def _check_record(name: str, record: list[str], line: int) -> None:
    if len(record) > MAX_COLUMNS:
        raise UserError(
            _("Line {line} of “{name}” has {count:,} columns: at most {limit} can be read.").format(
                line=line, name=name, count=len(record), limit=MAX_COLUMNS
            )
        )
    longest = max(map(len, record), default=0)
    if longest > MAX_CELL:
        raise UserError(
            _(
                "A cell in line {line} of “{name}” has {count:,} characters, but one text can have {limit:,}: "
                "shorten it, or look for a quote that was left open."
            ).format(line=line, name=name, count=longest, limit=MAX_CELL)
        )


def _dialect(text: str, told: str = "") -> Dialect:
    """What makes most of the first rows equally wide, with at least 2 cells. told: the separator, where a line says."""
    best, chosen = (0.0, 0.0), Dialect(told if told in SEPARATORS else ",")
    for dialect in _dialects(text[:SAMPLE_CHARS], chosen.separator if told in SEPARATORS else ""):
        widths = _widths(text, dialect)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        # Between equals the reading with quotes wins, and of these the one that the marks ask for.
        score = (count / max(1, widths.total()), {'"': 1.0, "'": 2.0, "": 0.0}[dialect.quote] - dialect.escaped / 2)
        if width >= 2 and score > best:
            best, chosen = score, dialect
    return chosen


def _dialects(sample: str, told: str) -> Iterator[Dialect]:
    for separator, quote in itertools.product(told or SEPARATORS, QUOTING):
        spaces = len(re.findall(f"{re.escape(separator)} +{quote}", sample)) if quote else 0
        spaced = spaces > len(re.findall(f"{re.escape(separator)}{quote}", sample)) if quote else False
        yield Dialect(separator, quote, spaced=spaced)
        if quote and f"\\{quote}" in sample:
            yield Dialect(separator, quote, True, spaced)


def _widths(text: str, dialect: Dialect) -> Counter[int]:
    """How many of the first rows have how many cells; empty where marks plainly quote but are not read so, or are read
    so but do not."""
    widths: Counter[int] = Counter()
    marks: Counter[str] = Counter()
    sample = _Lines(text[:SAMPLE_CHARS], dialect)
    try:
        for record in itertools.islice(_reader(sample, dialect), SAMPLE_ROWS):
            if any(record):
                widths[len(record)] += 1
                for mark in "\"'":
                    opens = any(cell.lstrip().startswith(mark) for cell in record)
                    marks[mark] += opens and any(cell.rstrip().endswith(mark) for cell in record)
    except csv.Error:
        widths[1] += 1  # a fault, but no proof against this reading: the sample may end inside quotes
    if dialect.quote == "'":
        plain = _widths(text, Dialect(dialect.separator, ""))
        singles = re.findall(rf"(?:^|{re.escape(dialect.separator)}) *'", text[:SAMPLE_CHARS], re.M)
        return widths if plain and len(singles) * 2 > widths.total() and _closing(text, dialect) else Counter()
    return widths if dialect.quote or marks['"'] * 2 < widths.total() else Counter()


def _closing(text: str, dialect: Dialect) -> bool:
    """Whether as many single quotes close a cell as open one: apostrophes at the beginning of words do not."""
    sample, separator = text[:SAMPLE_CHARS], re.escape(dialect.separator)
    opening = len(re.findall(rf"(?:^|{separator}) *'(?!')", sample, re.M))
    return len(re.findall(rf"'(?:$|\r|{separator})", sample, re.M)) * 10 >= opening * 9


def read_lines(source: Source) -> Table:
    """A plain text file with a text a line, as a table of one column. Raises UserError."""
    check_size(source.name, len(source.data), MAX_BYTES)
    text, encoding, _broken = decode(source.name, source.data)
    check_size_of_table(source.name, text.count("\n"), 1)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise UserError(_("“{name}” has no line of text.").format(name=source.name))
    for number, line in lines:
        _check_record(source.name, [line], number)
    found = {N_("format"): N_("a text a line"), N_("encoding"): encoding}
    return Table(source.name, ["text"], [[line] for _number, line in lines], [number for number, _line in lines], found)
