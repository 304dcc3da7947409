"""Unpack what a person brings for a character model: texts in gzip and in zips, within limits."""

import zipfile
from collections.abc import Iterator, Sequence

from core.charlm.data.decoding import MAX_BYTES
from core.errors import UserError
from core.file_names import natural_key
from core.file_signatures import is_gzip, is_zip
from core.gzip_reader import GzipFaultError, gunzip
from core.i18n import _
from core.sources import Source
from core.zip_reader import Limits, ZipFaultError, ZipReader

MAX_FILES = 10_000
DOCUMENTS = ("[content_types].xml", "mimetype", "meta-inf/container.xml")  # Office, OpenDocument and EPUB are zips too


def unpack(sources: Sequence[Source]) -> list[Source]:
    """Sources as they are, gzip unpacked, and the files of a zip in natural order. Raises UserError beyond MAX_BYTES
    together, and for what is damaged. An office document stays packed: decode() says what it is."""
    found, left = list[Source](), MAX_BYTES
    for source in sources:
        for item in _unpacked(source, left):
            if item.data is not source.data:
                left -= len(item.data)
            found.append(item)
    return found


def _unpacked(source: Source, limit: int) -> Iterator[Source]:
    if is_gzip(source.data):
        yield Source(source.name.removesuffix(".gz"), _plain(source.name, source.data, limit), source.role)
    elif not is_zip(source.data):
        yield source
    else:
        try:
            archive = ZipReader(source.data, Limits(MAX_FILES, limit))
            entries = sorted(archive.entries, key=lambda entry: natural_key(entry.filename))
            if any(entry.filename.lower() in DOCUMENTS for entry in entries):
                yield source
                return
            if not entries:
                raise UserError(_("“{name}” is empty: bring a file that holds text.").format(name=source.name))
            for entry in entries:
                member = _member(archive, entry, source, limit)
                limit -= len(member.data)
                yield member
        except ZipFaultError as fault:
            raise _refusal(source.name, fault, limit) from None


def _member(archive: ZipReader, entry: zipfile.ZipInfo, source: Source, limit: int) -> Source:
    data = archive.read(entry)
    if is_gzip(data):
        data = _plain(entry.filename, data, max(0, limit))
    return Source(entry.filename.removesuffix(".gz"), data, source.role)


def _plain(name: str, data: bytes, limit: int) -> bytes:
    try:
        return gunzip(data, limit)
    except GzipFaultError as fault:
        if fault.size:
            text = _("“{name}” unpacks to more than {limit:,.0f} MB: bring a part of it.")
            raise UserError(text.format(name=name, limit=limit / 1e6)) from None
        raise UserError(_("“{name}” is a damaged gzip file: pack it anew.").format(name=name)) from None


def _refusal(name: str, fault: ZipFaultError, limit: int) -> UserError:
    if fault.kind == "entries":
        text = _("“{name}” holds {count:,} files, but at most {limit:,} can be used: bring a part of it.")
        return UserError(text.format(name=name, count=fault.amount, limit=MAX_FILES))
    if fault.kind == "encrypted":
        return UserError(_("“{name}” has a password: pack it again without one.").format(name=name))
    if fault.kind == "size":
        text = _("“{name}” unpacks to {size:,.0f} MB, but at most {limit:,.0f} MB can be used: bring a part.")
        return UserError(text.format(name=name, size=fault.amount / 1e6, limit=limit / 1e6))
    return UserError(_("“{name}” is a damaged zip file: pack it again.").format(name=name))
