"""Files to one table of text cells: which format, encoding, separator, quoting and header, found by evidence."""

import csv
import io
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from core.classifier.data.columns import LABEL_NAMES, TEXT_NAMES
from core.classifier.data.decoding import decode
from core.errors import UserError
from core.i18n import N_, _
from core.sources import Source, check_size

MAX_BYTES = 150_000_000  # of a file, packed or unpacked
MAX_CELL = 1_000_000
MAX_COLUMNS = 500
MAX_ROWS = 2_000_000
NAMELESS = re.compile(r"column (\d+)")
SAMPLE_CHARS, SAMPLE_ROWS = 1 << 18, 300
YES, NO = N_("yes"), N_("no")
SEPARATORS = {"\t": N_("tab"), ",": N_("comma"), ";": N_("semicolon"), "|": N_("bar")}

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


def read_table(source: Source, header: Header = "auto") -> Table:
    """Read one file: CSV, TSV, JSON lines, a JSON list, Excel, each also in gzip, or a zip with a folder a class.

    Raises UserError for what is none of these, is too large, or is broken, naming the line.
    """
    from core.classifier.data import formats

    name, data = source.name, source.data
    check_size(name, len(data), MAX_BYTES)
    if data[:2] == b"\x1f\x8b":
        name, data = name.removesuffix(".gz"), _gunzip(name, data)
    if not data.strip():
        raise UserError(_("“{name}” is empty: bring a table of texts and labels.").format(name=name))
    if data[:4] == b"PK\x03\x04":
        table = formats.from_zip(name, data, header)
    elif data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise UserError(_("“{name}” is an old Excel file: save it as .xlsx or CSV.").format(name=name))
    else:
        text, encoding = decode(name, data)
        start = text[:4096].lstrip()[:1]
        if start == "{" or (start == "[" and not name.lower().endswith((".csv", ".tsv"))):
            table = formats.from_json(name, text)
        else:
            table = from_csv(name, text, header)
        table.found[N_("encoding")] = encoding
    if not table.rows:
        raise UserError(_("“{name}” has no row of data, only a header or empty rows.").format(name=name))
    return table


def _gunzip(name: str, data: bytes) -> bytes:
    """Unpack at most MAX_BYTES, so that a bomb costs no memory."""
    try:
        parts, size = [], 0
        while data:
            unpacker = zlib.decompressobj(31)
            parts.append(unpacker.decompress(data, MAX_BYTES + 1 - size))
            size += len(parts[-1])
            if size > MAX_BYTES:
                check_size(name, size, MAX_BYTES)
            if not unpacker.eof:
                raise zlib.error("cut short")
            data = unpacker.unused_data.lstrip(b"\0")
        return b"".join(parts)
    except zlib.error:
        raise UserError(_("“{name}” is a damaged gzip file: pack it anew.").format(name=name)) from None


# CSV ------------------------------------------------------------------------------------------------------------------
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
        self._lines, self.count, self.last = io.StringIO(text, newline=""), 0, ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        self.last = next(self._lines)
        self.count += 1
        return self.last


def _records(name: str, text: str, separator: str, quoted: bool) -> tuple[list[list[str]], list[int]]:
    """All rows that hold anything, and the lines they begin in."""
    csv.field_size_limit(max(MAX_BYTES, csv.field_size_limit()))
    records, numbers, lines = list[list[str]](), list[int](), _Lines(text)
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


# Shape and columns ----------------------------------------------------------------------------------------------------
def shaped(name: str, records: list[list[str]], numbers: list[int], header: Header) -> Table:
    """Make all rows equally wide and name the columns. Raises UserError where there is but one column."""
    if not records:
        raise UserError(_("“{name}” has only empty rows: bring a table of texts and labels.").format(name=name))
    if len(records) > MAX_ROWS:
        raise UserError(
            _("“{name}” has {count:,} rows, but at most {limit:,} can be used: bring a part of it.").format(
                name=name, count=len(records), limit=MAX_ROWS
            )
        )
    has_header = header == "yes" or (header == "auto" and _has_header(records))
    width = len(records[0]) if has_header else Counter(map(len, records)).most_common(1)[0][0]
    names = records[0] if has_header else [""] * width
    if has_header:
        records, numbers = records[1:], numbers[1:]
        # A header of one cell less than nearly all rows lacks the name of an index column, as R writes it.
        widest = Counter(map(len, records)).most_common(1)
        if widest and widest[0][0] == width + 1:
            names, width = ["", *names], width + 1
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


def read_lines(source: Source) -> Table:
    """A plain text file with a text a line, as a table of one column. Raises UserError."""
    check_size(source.name, len(source.data), MAX_BYTES)
    text, encoding = decode(source.name, source.data)
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise UserError(_("“{name}” has no line of text.").format(name=source.name))
    for number, line in lines:
        _check_record(source.name, [line], number)
    found = {N_("format"): N_("a text a line"), N_("encoding"): encoding}
    return Table(source.name, ["text"], [[line] for _number, line in lines], [number for number, _line in lines], found)
