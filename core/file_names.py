"""Names of files in a folder or zip: which a system added unasked, their order, and part and class in a path."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

JUNK = ("__macosx", "thumbs.db", "desktop.ini")  # what systems add unasked, in small letters
PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
UNLABELLED = {"unsup", "unsupervised", "unlabeled", "unlabelled"}
WORD = re.compile(r"[^\W\d_]+")
DIGITS = re.compile(r"(\d+)")


def is_junk(name: str) -> bool:
    """Whether a system or tool put this file in unasked, or hides it or a folder above it."""
    return any(part in JUNK or (part.startswith(".") and part.strip(".")) for part in _segments(name.lower()))


def natural_key(name: str) -> list[tuple[bool, int, str]]:
    """Sort key that puts “2” before “10”."""
    return [
        (not part.isdecimal(), int(part) if part.isdecimal() and len(part) < 30 else 0, part)
        for part in DIGITS.split(name)
        if part
    ]


def part_of(name: str) -> str:
    """ "train", "validation" or "test" where a word of the file's own name says so, as in "reviews_test.csv"."""
    stem = _segments(name)[-1].split(".")[0] if name else ""
    found = {PARTS[word] for word in WORD.findall(stem.lower()) if word in PARTS}
    return found.pop() if len(found) == 1 else ""


def folder_of(name: str) -> str:
    """The innermost folder in a file's name, or ""."""
    return (_segments(name)[-2:-1] or ("",))[0]


@dataclass(frozen=True)
class Placed:
    """Where a file belongs. label: the path of folders below what all classes share; part: "" where no folder says."""

    name: str
    label: str
    part: str


def placed(names: Sequence[str]) -> tuple[list[Placed], list[str]]:
    """The class and the part of each file by its folders, and the names of files that lie beside the classes.

    Folders called train, test or dev are parts where train is among them and holds classes of its own. Files in no
    folder have the label "".
    """
    paths = [(name, _segments(name)[:-1]) for name in names]
    inside, beside = _below_the_root(paths)
    parts = {name: PARTS.get(folders[0].lower(), "") for name, folders in inside if folders}
    classes = {folders[1] for name, folders in inside if len(folders) > 1 and parts[name] == "train"}
    only_parts = all(parts.get(name) for name, _folders in inside) and len(set(parts.values())) > 1
    if "train" not in parts.values() or not (len(classes) > 1 or only_parts):
        return [Placed(name, "/".join(folders), "") for name, folders in inside], beside
    below = [
        (name, folders[1:])
        for name, folders in inside
        if parts.get(name) and not UNLABELLED & {folder.lower() for folder in folders}
    ]
    below, _loose = _below_the_root(below)
    found = [Placed(name, "/".join(folders), parts[name]) for name, folders in below]
    kept = {item.name for item in found}
    return found, [name for name in names if name not in kept]


def _below_the_root(paths: list[tuple[str, tuple[str, ...]]]) -> tuple[list[tuple[str, tuple[str, ...]]], list[str]]:
    """Paths without the folders that all share; and the files that lie beside or above the folders of the others."""
    beside: list[str] = []
    while paths:
        shared = 0
        shortest = min(len(folders) for _name, folders in paths)
        first = paths[0][1]
        while shared < shortest and all(folders[shared] == first[shared] for _name, folders in paths):
            shared += 1
        paths = [(name, folders[shared:]) for name, folders in paths]
        loose = [name for name, folders in paths if not folders]
        if not loose or len(loose) == len(paths):
            break
        beside += loose
        paths = [item for item in paths if item[1]]
    return paths, beside


def _segments(name: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[\\/]+", name) if part not in ("", "."))
