"""Separated text to a Table: separator, quoting and header, found by evidence; and plain text, one text a line."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable

from core.classifier.data.decoding import decode
from core.classifier.data.table import MAX_BYTES, MAX_CELL, NO, YES, Header, Table, check_size_of_table, shaped
from core.errors import UserError
from core.i18n import N_, _
from core.sources import Source, check_size

MAX_COLUMNS = 500
LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
SAMPLE_CHARS, SAMPLE_ROWS = 1 << 18, 300
SEPARATORS = {"\t": N_("tab"), ",": N_("comma"), ";": N_("semicolon"), "|": N_("bar")}


def from_csv(name: str, text: str, header: Header = "auto") -> Table:
    """A table out of separated text; separator, quoting and header are found."""
    separator, quoted = _dialect(text)
    try:
        records, numbers = _records(name, text, separator, quoted)
    except _OpenQuoteError as error:
        # Quotes that never close are often no quoting at all but marks inside texts.
        widths = _widths(text, separator, quoted=False)
        if not widths or widths.most_common(1)[0][1] < 0.99 * widths.total():
            raise UserError(str(error)) from None
        quoted = False
        records, numbers = _records(name, text, separator, quoted)
    table = shaped(name, records, numbers, header)
    table.found |= {N_("format"): "CSV", N_("separator"): SEPARATORS[separator], N_("quoting"): YES if quoted else NO}
    return table


class _OpenQuoteError(Exception):
    pass


class _Lines:
    """Lines of a text with their count; an iterator that a second reader can take over from a first."""

    def __init__(self, text: str) -> None:
        # No StringIO: it keeps four bytes for each character.
        self._lines, self.count, self.last = (found.group() for found in LINE.finditer(text)), 0, ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        self.count += 1
        return self.last


def _records(name: str, text: str, separator: str, quoted: bool) -> tuple[list[list[str]], list[int]]:
    """All rows that hold anything, and the lines they begin in."""
    csv.field_size_limit(max(MAX_BYTES, csv.field_size_limit()))
    records, numbers, lines, cells = list[list[str]](), list[int](), _Lines(text), 0
    reader = _reader(lines, separator, quoted)
    while True:
        line = lines.count + 1
        try:
            record = next(reader)
        except StopIteration:
            return records, numbers
        except csv.Error as error:
            if lines.count > line or "unexpected end" in str(error):
                raise _OpenQuoteError(
                    _(
                        "A quote that opens in line {line} of “{name}” never closes: close it, or double the quote "
                        "marks inside texts."
                    ).format(line=line, name=name)
                ) from None
            # Something stands behind a closing quote: this line is read as spreadsheets do.
            record = next(csv.reader([lines.last], delimiter=separator))
            reader = _reader(lines, separator, quoted)
        _check_record(name, record, line)
        if any(cell and not cell.isspace() for cell in record):
            cells += len(record)
            check_size_of_table(name, len(records) + 1, -(-cells // (len(records) + 1)))
            records.append(record)
            numbers.append(line)


def _reader(lines: Iterable[str], separator: str, quoted: bool) -> "csv._reader":  # type: ignore[name-defined]
    if quoted:
        return csv.reader(lines, delimiter=separator, strict=True)
    return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE)


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


def _dialect(text: str) -> tuple[str, bool]:
    """The separator and whether quotes quote: what makes most of the first rows equally wide, with at least 2 cells."""
    best, chosen = (0.0, 0.0), (",", True)
    for separator, quoted in itertools.product(SEPARATORS, (True, False)):
        widths = _widths(text, separator, quoted)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        # Between equals the reading with quotes wins, then the order of SEPARATORS.
        score = (count / max(1, widths.total()), float(quoted))
        if width >= 2 and score > best:
            best, chosen = score, (separator, quoted)
    return chosen


def _widths(text: str, separator: str, quoted: bool) -> Counter[int]:
    """How many of the first rows have how many cells; empty where quotes plainly quote but are not read so."""
    widths: Counter[int] = Counter()
    marked = 0
    sample = text[:SAMPLE_CHARS]
    try:
        for record in itertools.islice(_reader(io.StringIO(sample, newline=""), separator, quoted), SAMPLE_ROWS):
            if any(record):
                widths[len(record)] += 1
                opens = any(cell.startswith('"') for cell in record)
                marked += opens and any(cell.endswith('"') for cell in record)
    except csv.Error:
        widths[1] += 1  # a fault, but no proof against this reading: the sample may end inside quotes
    return widths if quoted or marked * 2 < widths.total() else Counter()


def read_lines(source: Source) -> Table:
    """A plain text file with a text a line, as a table of one column. Raises UserError."""
    check_size(source.name, len(source.data), MAX_BYTES)
    text, encoding = decode(source.name, source.data)
    check_size_of_table(source.name, text.count("\n"), 1)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise UserError(_("“{name}” has no line of text.").format(name=source.name))
    for number, line in lines:
        _check_record(source.name, [line], number)
    found = {N_("format"): N_("a text a line"), N_("encoding"): encoding}
    return Table(source.name, ["text"], [[line] for _number, line in lines], [number for number, _line in lines], found)
