"""A zip file that a person brings, opened with limits: names, count, declared and real size, encryption."""

import re
import zipfile
from collections.abc import Iterator

from core.errors import UserError
from core.i18n import _
from core.sources import Source
from core.zip_reader import Limits, ZipFaultError, ZipReader

MAX_ENTRIES = 100_000
MAX_TOTAL = 1_000_000_000  # bytes, unpacked
MAX_MEMBER = 400_000_000


class Archive:
    """The members of a zip, each read at most as far as it declares. Raises UserError for what is not safe to read."""

    def __init__(self, source: Source, total: int = MAX_TOTAL) -> None:
        """total: bytes that its files may declare, where other archives have used some of MAX_TOTAL already."""
        self.name = source.name
        try:
            self._zip = ZipReader(source.data, Limits(MAX_ENTRIES, total))
        except ZipFaultError as fault:
            raise self._refusal(fault) from None
        self.members = self._zip.entries
        for info in self.members:
            self._check_name(info.filename)

    def _refusal(self, fault: ZipFaultError) -> UserError:
        if fault.kind == "entries":
            text = _("“{name}” holds {count:,} files, but at most {limit:,} can be used: bring a part of it.")
            return UserError(text.format(name=self.name, count=fault.amount, limit=MAX_ENTRIES))
        if fault.kind == "encrypted":
            return UserError(_("“{name}” has a password: pack it again without one.").format(name=self.name))
        if fault.kind == "size":
            return self._too_large(fault.amount)
        return UserError(_("“{name}” is a damaged zip file: pack it again.").format(name=self.name))

    def _check_name(self, member: str) -> None:
        parts = re.split(r"[\\/]", member)
        if ".." in parts or not parts[0] or re.match(r"[A-Za-z]:", parts[0]):
            raise UserError(
                _("“{name}” holds “{member}”, a name that points outside the zip: pack it again.").format(
                    name=self.name, member=member[:80]
                )
            )

    def _too_large(self, total: int) -> UserError:
        return UserError(
            _("“{name}” unpacks to {size:,.0f} MB, but at most {limit:,.0f} MB can be used: bring a part.").format(
                name=self.name, size=total / 1e6, limit=MAX_TOTAL / 1e6
            )
        )

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """The content of a member. Raises ValueError where it is damaged, UserError where it is over MAX_MEMBER."""
        if info.file_size > MAX_MEMBER:
            raise self._too_large(max(info.file_size, MAX_TOTAL))
        try:
            return self._zip.read(info)
        except (ZipFaultError, OSError) as error:
            raise ValueError(str(error)) from error

    def pictures(self) -> Iterator[tuple[str, bytes | None]]:
        """Name and content of every member; None for a damaged one."""
        for info in self.members:
            try:
                yield info.filename, self.read(info)
            except ValueError:
                yield info.filename, None
