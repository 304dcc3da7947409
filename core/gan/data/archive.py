"""A zip file that a person brings, opened with limits: names, count, declared and real size, encryption."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from core.errors import UserError
from core.i18n import _
from core.sources import Source

MAX_ENTRIES = 100_000
MAX_TOTAL = 1_000_000_000  # bytes, unpacked
MAX_MEMBER = 400_000_000
JUNK = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")


class Archive:
    """The members of a zip, each read at most as far as it declares. Raises UserError for what is not safe to read."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        try:
            self._zip = zipfile.ZipFile(BytesIO(source.data))
            infos = self._zip.infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError):
            raise UserError(_("“{name}” is a damaged zip file: pack it again.").format(name=self.name)) from None
        if len(infos) > MAX_ENTRIES:
            raise UserError(
                _("“{name}” holds {count:,} files, but at most {limit:,} can be used: bring a part of it.").format(
                    name=self.name, count=len(infos), limit=MAX_ENTRIES
                )
            )
        self.members = [info for info in infos if not info.is_dir() and not _junk(info.filename)]
        for info in self.members:
            self._check(info)
        total = sum(info.file_size for info in self.members)
        if total > MAX_TOTAL:
            raise self._too_large(total)
        self._left = MAX_TOTAL

    def _check(self, info: zipfile.ZipInfo) -> None:
        parts = re.split(r"[\\/]", info.filename)
        if ".." in parts or not parts[0] or re.match(r"[A-Za-z]:", parts[0]):
            raise UserError(
                _("“{name}” holds “{member}”, a name that points outside the zip: pack it again.").format(
                    name=self.name, member=info.filename[:80]
                )
            )
        if info.flag_bits & 1:
            raise UserError(_("“{name}” has a password: pack it again without one.").format(name=self.name))

    def _too_large(self, total: int) -> UserError:
        return UserError(
            _("“{name}” unpacks to {size:,.0f} MB, but at most {limit:,.0f} MB can be used: bring a part.").format(
                name=self.name, size=total / 1e6, limit=MAX_TOTAL / 1e6
            )
        )

    def read(self, info: zipfile.ZipInfo) -> bytes:
        """The content of a member. Raises ValueError where it is damaged, UserError where it is larger than it says."""
        limit = min(info.file_size, MAX_MEMBER, self._left)
        try:
            with self._zip.open(info) as file:
                data = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
            raise ValueError(str(error)) from error
        if len(data) > limit:
            raise self._too_large(max(len(data), MAX_TOTAL))
        self._left -= len(data)
        return data

    def pictures(self) -> Iterator[tuple[str, bytes | None]]:
        """Name and content of every member; None for a damaged one."""
        for info in self.members:
            try:
                yield info.filename, self.read(info)
            except ValueError:
                yield info.filename, None


def _junk(name: str) -> bool:
    return any(part in JUNK or part.startswith("._") for part in name.lower().split("/"))
