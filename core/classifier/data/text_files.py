"""Texts in files to tables: a text a file, whose class its folder is, or a file a class with a text a line."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from core.classifier.data.decoding import decode
from core.classifier.data.parts import Parts
from core.classifier.data.table import MAX_CLASSES, NO, Note, Table, check_cells, check_size_of_table
from core.errors import UserError
from core.file_names import Placed, folder_of, placed
from core.i18n import N_, _
from core.sources import Source

MIN_LINES = 3  # of a file that is a class


def from_text_files(name: str, files: Sequence[Source]) -> Parts:
    """A table for each part. Raises UserError where the files tell no classes, or none can be read as text."""
    contents: dict[str, str] = {}
    unread = list[str]()
    for file in files:
        try:
            text = decode(file.name, file.data).text.strip() if file.data else ""
        except UserError:
            text = ""
        if text:
            contents[file.name] = text
        else:
            unread.append(file.name)
    inside, beside = placed(list(contents))
    if not inside:
        raise UserError(
            _("“{name}” holds no table and no texts: one table, or a folder of .txt files a class, is needed.").format(
                name=name
            )
        )
    if any(item.label for item in inside):
        tables = _a_text_a_file(name, inside, contents)
    elif _are_classes(inside, contents):
        tables = _a_file_a_class(name, inside, contents)
    else:
        inside = [Placed(item.name, folder_of(item.name), "") for item in inside]
        if loose := next((item for item in inside if not item.label), None):
            raise UserError(
                _("“{file}” in “{name}” lies in no folder: put the texts of each class in a folder of its own.").format(
                    file=loose.name, name=name
                )
            )
        tables = _a_text_a_file(name, inside, contents)
    tables.sort(key=lambda item: ("train", "validation", "test").index(item[0]))
    for left, message in (
        (beside, N_("Files beside the classes left out: {count:,} ({names}).")),
        (unread, N_("Empty files, and files that are no text, left out: {count:,} ({names}).")),
    ):
        if left:
            names = ", ".join(f"“{file}”" for file in left[:5])
            tables[0][1].notes.append(Note(message, len(left), {"names": names}))
    return tables


def _a_text_a_file(name: str, places: Sequence[Placed], contents: dict[str, str]) -> Parts:
    parts: dict[str, Table] = {}
    for number, item in enumerate(places, 1):
        found = {N_("format"): N_("a folder a class"), N_("header"): NO}
        table = parts.setdefault(item.part or "train", Table(name, ["text", "label"], [], [], found))
        table.rows.append([contents[item.name], item.label])
        table.numbers.append(number)
    for table in parts.values():
        check_cells(name, table.rows, table.numbers)
    return list(parts.items())


def _are_classes(places: Sequence[Placed], contents: dict[str, str]) -> bool:
    """Whether a few files without numbers in their names have several lines each, as “pos.txt” and “neg.txt”."""
    stems = {_stem(item.name) for item in places}
    few = 2 <= len(stems) <= MAX_CLASSES and not any(char.isdigit() for stem in stems for char in stem)
    return few and all(contents[item.name].count("\n") >= MIN_LINES - 1 for item in places)


def _a_file_a_class(name: str, places: Sequence[Placed], contents: dict[str, str]) -> Parts:
    parts: dict[str, Table] = {}
    rows = 0
    for item in places:
        found = {N_("format"): N_("a file a class, a text a line"), N_("header"): NO}
        table = parts.setdefault(item.part or "train", Table(name, ["text", "label"], [], [], found))
        for line in contents[item.name].splitlines():
            if line.strip():
                rows += 1
                check_size_of_table(name, rows, 2)
                table.rows.append([line.strip(), _stem(item.name)])
                table.numbers.append(rows)
    for table in parts.values():
        check_cells(name, table.rows, table.numbers)
    return list(parts.items())


def _stem(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem
