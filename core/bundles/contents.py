"""Check what the files of a run from outside hold beyond their formats: how much in all, and the same at every step."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from core.bundles.archive_validation import open_archive_of_arrays
from core.runs.keras_file import ForeignFileError

RATIO, ALLOWANCE = 20, 20_000_000  # unpacked bytes for each byte of the bundle, and beside them
STEPS = 5_000  # at which samples or snapshots were kept; a plan has at most some hundred
GROUPS = {"samples": 60_000_000, "snapshots": 110_000_000}  # unpacked bytes below these folders


class Budget:
    """Count the unpacked bytes of a bundle, so that what it costs whoever opens it is seen from its own size."""

    def __init__(self, packed: int) -> None:
        """packed: bytes of the bundle."""
        self._left = ALLOWANCE + RATIO * packed
        self._groups = dict(GROUPS)

    def spend(self, name: str, size: int) -> None:
        """Count `size` bytes of the file `name`. Raises ForeignFileError where they are too many."""
        self._left -= size
        group = name.partition("/")[0]
        if group in self._groups:
            self._groups[group] -= size
        if self._left < 0:
            raise ForeignFileError("it would unpack to far more than its own size")
        if self._groups.get(group, 0) < 0:
            raise ForeignFileError(f"its {group} are too large")

    def spend_arrays(self, path: Path, name: str, limit: int) -> None:
        """Count what the arrays of an extracted npz would take beyond the file itself."""
        with open_archive_of_arrays(path, limit) as archive:
            self.spend(name, max(0, sum(entry.file_size for entry in archive.infolist()) - path.stat().st_size))


def check_steps(names: Iterable[str]) -> None:
    """Raise ForeignFileError where samples or snapshots of too many steps are among the files `names`."""
    found = {name.split("/")[1] for name in names if name.startswith(tuple(f"{group}/" for group in GROUPS))}
    if len(found) > STEPS:
        raise ForeignFileError("it holds samples of more steps than a run has")


def check_equal_arrays(folder: Path) -> None:
    """Raise ForeignFileError where two npz of one name below `folder` have other arrays or shapes.

    A run keeps samples of the same prompt or noise at every step, and what shows them side by side relies on it.
    """
    known: dict[str, dict[str, object]] = {}
    for path in sorted(folder.glob("step-*/*.npz")):
        found = _shapes(path)
        if known.setdefault(path.name, found) != found:
            raise ForeignFileError(f"its {path.name} are not alike at all steps")


def _shapes(path: Path) -> dict[str, object]:
    """Return shape and type of each array of an npz that check_npz() accepted, from the headers alone."""
    found: dict[str, object] = {}
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            with archive.open(entry) as file:
                version = np.lib.format.read_magic(file)
                read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
                shape, _fortran, dtype = read(file)
            found[entry.filename] = shape, re.sub("[<>=|]", "", dtype.str)
    return found
