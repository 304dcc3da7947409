"""How run folders lie on the disk.

saved_models/demo-…                     runs that ship with the project
saved_models/<run>                      the owner's runs
saved_models/.visitors/<token>/<run>    runs of a hosted demo's visitors
<folder of runs>/.bin/<key>             deleted runs, kept for a week
"""

from collections.abc import Iterator
from pathlib import Path

VISITORS = ".visitors"
TRASH = ".bin"
DEMO_PREFIX = "demo-"


def root_of(folder: Path) -> Path:
    """The folder of all runs, from the one that a run lies in."""
    return folder.parent.parent if folder.parent.name == VISITORS else folder


def run_folders(root: Path) -> Iterator[Path]:
    """The folders of everybody's runs: for the queue, classes and the sweep, never for a list that a person sees."""
    for parent in (root, *visible(root / VISITORS)):
        yield from visible(parent)


def visible(folder: Path) -> list[Path]:
    """The folders in `folder` that are not hidden; none where it is not there."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return []  # it was swept in this moment, or nobody has come yet
