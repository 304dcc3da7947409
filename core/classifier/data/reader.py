"""A file to a Table: plain, in gzip, or in a zip; which format it has is told by its first bytes."""

import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath

from core.classifier.data.csv_format import from_csv, read_lines
from core.classifier.data.decoding import decode
from core.classifier.data.formats import from_excel, from_json
from core.classifier.data.table import MAX_BYTES, NO, Header, Table, check_cells
from core.errors import UserError
from core.file_signatures import GZIP, OLD_OFFICE, ZIP
from core.i18n import N_, _
from core.sources import Source, check_size
from core.zip_reader import Limits, ZipFaultError, ZipReader

TABLES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xlsx", ".gz")
MAX_FILES = 300_000
MAX_DEPTH = 2  # archives within archives


def read_texts(source: Source) -> Table:
    """Read a table, or a .txt file with one text per line. Raises UserError."""
    return read_lines(source) if source.name.lower().endswith(".txt") else read_table(source)


def read_table(source: Source, header: Header = "auto", depth: int = 0) -> Table:
    """Read one file: CSV, TSV, JSON lines, a JSON list, Excel, each also in gzip, or a zip with a folder a class.

    depth: in how many archives it lies. Raises UserError for what is none of these, is too large, or is broken, naming
    the line.
    """
    name, data = source.name, source.data
    check_size(name, len(data), MAX_BYTES)
    if depth > MAX_DEPTH:
        raise UserError(_("“{name}” lies in archives within archives: unpack it first.").format(name=name))
    if data.startswith(GZIP):
        name, data = name.removesuffix(".gz"), _gunzip(name, data)
    if not data.strip():
        raise UserError(_("“{name}” is empty: bring a table of texts and labels.").format(name=name))
    if data.startswith(ZIP):
        table = _from_zip(name, data, header, depth)
    elif data.startswith(OLD_OFFICE):
        raise UserError(_("“{name}” is an old Excel file: save it as .xlsx or CSV.").format(name=name))
    else:
        text, encoding = decode(name, data)
        start = text[:4096].lstrip()[:1]
        if start == "{" or (start == "[" and not name.lower().endswith((".csv", ".tsv"))):
            table = from_json(name, text)
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


def _from_zip(name: str, data: bytes, header: Header, depth: int) -> Table:
    """An Excel file, a zip that holds one table, or one with a folder a class."""
    try:
        archive = ZipReader(data, Limits(MAX_FILES, MAX_BYTES))
        entries = [entry for entry in archive.entries if "/." not in f"/{entry.filename}"]
        if any(entry.filename == "xl/workbook.xml" for entry in entries):
            return from_excel(name, data, header)
        if len(entries) == 1 and entries[0].filename.lower().endswith(TABLES):
            return read_table(Source(entries[0].filename, archive.read(entries[0])), header, depth + 1)
        files = ((entry.filename, archive.read(entry)) for entry in entries if entry.filename.lower().endswith(".txt"))
        return from_folders(name, files)
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


def from_folders(name: str, files: Iterable[tuple[str, bytes]]) -> Table:
    """A text a file, its class the folder that it lies in. Raises UserError where there are not two folders."""
    rows, numbers = list[list[str]](), list[int]()
    for number, (path, content) in enumerate(files, 1):
        folder = PurePosixPath(path.replace("\\", "/")).parent.name
        if not folder:
            raise UserError(
                _("“{file}” in “{name}” lies in no folder: put the texts of each class in a folder of its own.").format(
                    file=path, name=name
                )
            )
        text = decode(path, content)[0].strip() if content else ""
        rows.append([text, folder])
        numbers.append(number)
    if not rows:
        raise UserError(
            _("“{name}” holds no table and no texts: one table, or a folder of .txt files a class, is needed.").format(
                name=name
            )
        )
    check_cells(name, rows, numbers)
    return Table(name, ["text", "label"], rows, numbers, {N_("format"): N_("a folder a class"), N_("header"): NO})
