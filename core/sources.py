"""Input data: named bytes from an upload, a path, an embedded sample or a download."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.i18n import _
from core.well_formed import well_formed

EARLIER = "earlier"  # role of what a run keeps of the run that it goes on from


@dataclass(frozen=True)
class Source:
    """One input file. `name` is shown to people and never used as a path.

    role: "train", or "validation" or "test" for a separate file with that part of the data, or EARLIER.
    """

    name: str
    data: bytes
    role: str = "train"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", well_formed(self.name))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def read_source(path: str | Path, limit: int) -> Source:
    """Read a file of at most `limit` bytes. Raises UserError where it cannot be read or is larger."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UserError(_("“{path}” is a folder, but a file is needed here.").format(path=path))
        check_size(path.name, size, limit)
        return Source(path.name, path.read_bytes())
    except FileNotFoundError:
        raise UserError(_("There is no file “{path}”: check the path.").format(path=path)) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(_("“{path}” cannot be read: {reason}.").format(path=path, reason=reason)) from None


def check_size(name: str, size: int, limit: int) -> None:
    """Raise UserError where a source of `size` bytes is over `limit` bytes."""
    if size > limit:
        raise UserError(
            _("“{name}” has {size:.1f} MB, but at most {limit:.0f} MB can be used: bring a part of it.").format(
                name=name, size=size / 1e6, limit=limit / 1e6
            )
        )
