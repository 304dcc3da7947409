"""Which of several tables is learned from, and which are its validation and test parts: sheets, files, keys of JSON."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from core.classifier.data.columns import guess_columns
from core.classifier.data.table import NO, Note, Table
from core.errors import UserError
from core.file_names import part_of
from core.i18n import N_, _

Parts = list[tuple[str, Table]]  # "train", "validation" or "test", and a table; the first is to learn from


def choose(name: str, tables: Sequence[tuple[str, Table]], sheet: str = "") -> Parts:
    """The table called `sheet`, or those that are meant: with labels, called train, with the most rows.

    Tables of the same columns belong together: those called test or dev are parts, the others are learned from too.
    The rest is left aside with a note. Raises UserError where none is called `sheet`.
    """
    if sheet:
        found = [item for item in tables if _is_called(item[0], sheet)]
        if not found:
            raise UserError(
                _("“{name}” has no table “{sheet}”; there are: {known}.").format(
                    name=name, sheet=sheet, known=", ".join(f"“{title or name}”" for title, _table in tables[:20])
                )
            )
        return [("train", _named(*found[0], tables))]
    if len(tables) == 1:
        return [("train", tables[0][1])]
    filled = [item for item in tables if item[1].rows] or list(tables)
    labelled = [item for item in filled if is_labelled(item[1])] or filled
    ranked = sorted(labelled, key=lambda item: (-_rank(item[0]), -len(item[1].rows)))
    title, main = ranked[0]
    parts: Parts = [("train", _named(title, main, tables))]
    for other, table in labelled:
        if table is not main and _fits(main, table):
            parts.append((part_of(other) or "train", table))
    taken = {id(table) for _part, table in parts}
    aside = [other for other, table in tables if id(table) not in taken]
    if aside:
        names = ", ".join(f"“{other}”" for other in aside[:5])
        main.notes.append(Note(N_("Tables left aside: {count} ({names})."), len(aside), {"names": names}))
    return parts


def _rank(title: str) -> int:
    return {"train": 2, "": 1}.get(part_of(title), 0)


def _named(title: str, table: Table, tables: Sequence[tuple[str, Table]]) -> Table:
    if len(tables) > 1 and "sheet" not in table.found:
        table.found[N_("table")] = f"“{title}”"
    return table


def _is_called(title: str, sheet: str) -> bool:
    path = PurePosixPath(title.replace("\\", "/"))
    return sheet.strip().casefold() in {title.casefold(), path.name.casefold(), path.stem.casefold()}


def is_labelled(table: Table) -> bool:
    """Whether a text and a label column can be told."""
    try:
        return bool(table.rows) and bool(guess_columns(table))
    except UserError:
        return False


def _fits(main: Table, other: Table) -> bool:
    """Whether `other` has the text and label column of `main`, by name, or by place where neither has names."""
    try:
        names = guess_columns(main)
    except UserError:
        return main.columns == other.columns
    if main.found.get("header") == NO or other.found.get("header") == NO:
        return len(main.columns) == len(other.columns) and main.found.get("header") == other.found.get("header")
    return {column.casefold() for column in names} <= {column.casefold() for column in other.columns}
