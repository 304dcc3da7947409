"""A file to tables: plain, in gzip, or in a zip; which format it has is told by its first bytes."""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from core.classifier.data.csv_format import from_csv, read_lines
from core.classifier.data.decoding import decode
from core.classifier.data.formats import from_excel
from core.classifier.data.json_format import from_json
from core.classifier.data.labelled_lines import from_labelled_lines
from core.classifier.data.parts import Parts, choose, is_labelled
from core.classifier.data.table import MAX_BYTES, Header, Note, Table, check_size_of_table
from core.classifier.data.text_files import from_text_files
from core.errors import UserError
from core.file_names import is_junk, placed
from core.file_signatures import OLD_OFFICE, ZIP, is_gzip
from core.gzip_reader import GzipFaultError, gunzip
from core.i18n import N_, _
from core.sources import Source, check_size
from core.zip_reader import Limits, ZipFaultError, ZipReader

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xlsx", ".gz")
MAX_FILES = 300_000
MAX_TABLES = 200  # in one zip or folder
MAX_DEPTH = 2  # archives within archives


@dataclass
class Unpacked:
    """Archives within archives: how deep, and how many bytes all together have given so far."""

    depth: int = 0
    size: int = 0

    def add(self, name: str, size: int) -> None:
        self.size += size
        check_size(name, self.size, 2 * MAX_BYTES)

    @contextlib.contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


def read_texts(source: Source, known: list[str]) -> Table:
    """Read a table, or a .txt file with one text per line. known: names that tell a header. Raises UserError."""
    return read_lines(source) if source.name.lower().endswith(".txt") else read_table(source, known=known)


def read_table(source: Source, header: Header = "auto", sheet: str = "", known: Collection[str] = ()) -> Table:
    """The table to learn from, or to judge, of one file. sheet: which of several; known: see has_header_row().

    Raises UserError as read_parts does.
    """
    return read_parts(source, header, sheet, known)[0][1]


def read_parts(
    source: Source,
    header: Header = "auto",
    sheet: str = "",
    known: Collection[str] = (),
    unpacked: Unpacked | None = None,
) -> Parts:
    """Read one file: CSV, TSV, JSON, Excel, labelled lines, each also in gzip, or a zip of tables or of texts.

    Of several tables the one called `sheet`, or the one to learn from and those that are parts of it; the first is of
    the part "train". unpacked: of the archives that it lies in. Raises UserError for what is none of these, is too
    large, or is broken, naming the line.
    """
    name, data = source.name, source.data
    check_size(name, len(data), MAX_BYTES)
    unpacked = unpacked or Unpacked()
    if unpacked.depth > MAX_DEPTH:
        raise UserError(_("“{name}” lies in archives within archives: unpack it first.").format(name=name))
    if is_gzip(data):
        name, data = name.removesuffix(".gz"), _gunzip(name, data)
        unpacked.add(name, len(data))
    if not data.strip():
        raise UserError(_("“{name}” is empty: bring a table of texts and labels.").format(name=name))
    if data.startswith(ZIP):
        parts = _from_zip(name, data, header, sheet, unpacked)
    elif data.startswith(OLD_OFFICE):
        raise UserError(_("“{name}” is an old Excel file: save it as .xlsx or CSV.").format(name=name))
    else:
        parts = choose(name, _from_text(name, data, header, known), sheet)
    if not parts[0][1].rows:
        raise UserError(_("“{name}” has no row of data, only a header or empty rows.").format(name=name))
    return parts


def _from_text(name: str, data: bytes, header: Header, known: Collection[str]) -> list[tuple[str, Table]]:
    text, encoding, broken = decode(name, data)
    start = text[:4096].lstrip()[:1]
    if start == "{" or (start == "[" and not name.lower().endswith((".csv", ".tsv"))):
        tables = from_json(name, text, header)
    elif lines := from_labelled_lines(name, text):
        tables = [("", lines)]
    else:
        tables = [("", from_csv(name, text, header, known))]
    for _title, table in tables:
        table.found[N_("encoding")] = encoding
        if broken:
            message = N_("Characters that are not valid {encoding}, each read as “�”: {count:,}.")
            where = tuple(map(str, dict.fromkeys(broken)))
            table.notes.append(Note(message, len(broken), {"encoding": encoding.upper()}, where))
    return tables


def _gunzip(name: str, data: bytes) -> bytes:
    """Unpack at most MAX_BYTES, so that a bomb costs no memory."""
    try:
        return gunzip(data, MAX_BYTES)
    except GzipFaultError as fault:
        if fault.size:
            check_size(name, MAX_BYTES + 1, MAX_BYTES)
        raise UserError(_("“{name}” is a damaged gzip file: pack it anew.").format(name=name)) from None


def _from_zip(name: str, data: bytes, header: Header, sheet: str, unpacked: Unpacked) -> Parts:
    """An Excel file, or a zip of tables or texts."""
    try:
        archive = ZipReader(data, Limits(MAX_FILES, MAX_BYTES))
        if any(entry.filename == "xl/workbook.xml" for entry in archive.entries):
            return choose(name, from_excel(name, data, header), sheet)
        if any(entry.filename == "mimetype" for entry in archive.entries):
            raise UserError(_("“{name}” is an OpenDocument file: save it as .xlsx or CSV.").format(name=name))
        unpacked.add(name, sum(entry.file_size for entry in archive.entries))
        files = [Source(entry.filename, archive.read(entry)) for entry in archive.entries]
    except ZipFaultError as fault:
        if fault.kind == "size":
            check_size(name, fault.amount, MAX_BYTES)
        if fault.kind == "encrypted":
            raise UserError(_("“{name}” is locked with a password: unlock it first.").format(name=name)) from None
        if fault.kind == "entries":
            text = _("“{name}” holds more than {limit:,} files.").format(name=name, limit=MAX_FILES)
            raise UserError(text) from None
        raise UserError(_("“{name}” is damaged and cannot be unpacked: pack it anew.").format(name=name)) from None
    except OSError:
        raise UserError(_("“{name}” is damaged and cannot be unpacked: pack it anew.").format(name=name)) from None
    with unpacked.deeper():
        return read_files(name, files, header, sheet, unpacked)


def read_files(
    name: str, files: Sequence[Source], header: Header = "auto", sheet: str = "", unpacked: Unpacked | None = None
) -> Parts:
    """Several files, of a folder or zip or as they were chosen: tables, or texts whose classes folders or files name.

    Raises UserError as read_parts does.
    """
    unpacked = unpacked or Unpacked()
    files = [file for file in files if not is_junk(file.name)]
    texts = [file for file in files if not file.name.lower().endswith(TABLES)]
    tables = [file for file in files if file.name.lower().endswith((*TABLES, ".zip")) and file.data.strip()]
    classes = {item.label for item in placed([file.name for file in texts])[0]}
    if tables and (len(classes) < 2 or len(texts) < len(files) // 2):
        found, notes = _tables(name, tables, header, unpacked)
        if found:
            parts = choose(name, found, sheet)
            parts[0][1].notes += notes
            return parts
    plain = [file for file in texts if file.name.lower().endswith(".txt") and file.data.strip()]
    if len(files) == 1 and plain:
        return read_parts(plain[0], header, sheet, unpacked=unpacked)
    if len(classes) < 2 and plain and (found := _labelled_texts(plain, header, unpacked)):
        return choose(name, found, sheet)
    return from_text_files(name, texts)


def _tables(
    name: str, files: Sequence[Source], header: Header, unpacked: Unpacked
) -> tuple[list[tuple[str, Table]], list[Note]]:
    """The tables of several files, counted together; those that cannot be read are left out if another can."""
    if len(files) > MAX_TABLES:
        raise UserError(
            _("“{name}” holds {count:,} tables, but at most {limit} can be read: bring a part of them.").format(
                name=name, count=len(files), limit=MAX_TABLES
            )
        )
    found, faults = list[tuple[str, Table]](), list[tuple[str, UserError]]()
    rows = cells = 0
    for file in files:
        try:
            parts = read_parts(file, header, unpacked=unpacked)
        except UserError as fault:
            faults.append((file.name, fault))
            if len(faults) > 20:
                raise
            continue
        for part, table in parts:
            rows, cells = rows + len(table.rows), cells + len(table.rows) * len(table.columns)
            check_size_of_table(name, rows, -(-cells // max(1, rows)))
            found.append((file.name if part == "train" else f"{file.name} ({part})", table))
    if faults and not any(table.rows for _title, table in found):
        raise faults[0][1]
    message = N_("Files that cannot be read as a table left out: {count:,} ({names}).")
    names = ", ".join(f"“{title}”" for title, _fault in faults[:5])
    return found, [Note(message, len(faults), {"names": names})] if faults else []


def _labelled_texts(files: Sequence[Source], header: Header, unpacked: Unpacked) -> list[tuple[str, Table]]:
    """Text files that are tables, as fastText's are; [] where they hold a text a line, or one text each."""
    found = list[tuple[str, Table]]()
    for file in files[:MAX_TABLES]:
        try:
            table = read_parts(file, header, unpacked=unpacked)[0][1]
        except UserError:
            continue
        separated = table.found.get("separator") != "comma" or table.found.get("header") == "yes"
        if separated and len(table.columns) > 1 and is_labelled(table):
            found.append((file.name, table))
    return found if len(found) * 2 > len(files) else []
