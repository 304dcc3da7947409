"""The layout of run folders on the disk.

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
    """Return the folder of all runs, given the parent folder of a run."""
    return folder.parent.parent if folder.parent.name == VISITORS else folder


def run_folders(root: Path) -> Iterator[Path]:
    """Yield the run folders of the owner and of all visitors; never show this list to a person."""
    for parent in (root, *visible(root / VISITORS)):
        yield from visible(parent)


def visible(folder: Path) -> list[Path]:
    """Return the subfolders of `folder` that are not hidden; an empty list where it does not exist."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return []  # the folder does not exist yet, or was deleted meanwhile
