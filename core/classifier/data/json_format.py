"""JSON to tables: a row a line, a list of rows, columns as lists, tables within, a list for each part or class."""

import json
from collections.abc import Iterator
from typing import Any

from core.classifier.data.formats import cell
from core.classifier.data.table import (
    LABEL_NAMES,
    MAX_CELLS,
    TEXT_NAMES,
    Header,
    Table,
    check_cells,
    check_size_of_table,
    plain_name,
    shaped,
)
from core.errors import UserError
from core.i18n import N_, _
from core.well_formed import well_formed

MAX_CONTAINERS = 6_000_000  # lists and objects; each costs 60 bytes and more where the text has two
MAX_VALUES = 3 * MAX_CELLS
MAX_KEYS = 500
MAX_DEPTH = 3  # of objects in which the table is looked for, and whose keys become columns


def from_json(name: str, text: str, header: Header = "auto") -> list[tuple[str, Table]]:
    """The tables of a JSON file with their names, "" where it is the only one. Raises UserError."""
    _check_counts(name, text)
    if (rows := _by_line(name, text)) is None:
        whole = _whole(name, text)
        found = list(_tables(whole, "", 0))
        if not found:
            raise UserError(
                _("“{name}” holds no rows: a list of objects with a text and a label is needed.").format(name=name)
            )
        return [(title, _table(name, rows, header)) for title, rows in found]
    return [("", _table(name, rows, header))]


Rows = list[tuple[int, Any]]  # the rows' places in the file, and their objects or lists


def _check_counts(name: str, text: str) -> None:
    """What the decoder would build is told by marks; those inside texts count too, and leave room."""
    if text.count("{") + text.count("[") > MAX_CONTAINERS or text.count(",") > MAX_VALUES:
        raise UserError(
            _("“{name}” holds more values than a table of text needs: bring a part of it.").format(name=name)
        )


def _by_line(name: str, text: str) -> Rows | None:
    """A row a line; None where the first line alone is no whole value, or is all."""
    decoder, items, number = json.JSONDecoder(), Rows(), 0
    try:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                items.append((number, decoder.decode(line)))
                check_size_of_table(name, len(items), 1)
    except (ValueError, RecursionError):
        if not items or text.lstrip()[:1] not in ("{", "["):
            return None
        raise _not_valid(name, number) from None
    return items if len(items) > 1 or (isinstance(items[0][1], dict) and _is_row(items[0][1])) else None


def _is_row(item: dict[str, Any]) -> bool:
    return not any(isinstance(value, list | dict) for value in item.values())


def _whole(name: str, text: str) -> Any:
    """One value, or objects one after the other that have several lines each."""
    decoder, place, items = json.JSONDecoder(), 0, list[Any]()
    try:
        while (rest := len(text) - len(text[place:].lstrip())) < len(text):
            item, place = decoder.raw_decode(text, rest)
            items.append(item)
            if place < len(text) and text[place] == ",":
                place += 1
            if len(items) > 1000:
                raise ValueError
    except (ValueError, RecursionError) as error:
        raise _not_valid(name, int(getattr(error, "lineno", 1))) from None
    return items[0] if len(items) == 1 else items


def _not_valid(name: str, line: int) -> UserError:
    text = _("Line {line} of “{name}” is not valid JSON: each line must be one whole object.")
    return UserError(text.format(line=line, name=name))


def _tables(value: Any, title: str, depth: int) -> Iterator[tuple[str, Rows]]:
    """Lists of rows within a value, with the keys that lead to them."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict | list) for item in value[:100]):
            yield title, list(enumerate(value, 1))
        return
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return
    if (rows := _columns(value)) is not None:
        yield title, rows
        return
    for key, item in value.items():
        yield from _tables(item, f"{title}.{key}" if title else str(key), depth + 1)


def _columns(value: dict[str, Any]) -> Rows | None:
    """Rows of an object that holds columns, as pandas writes them, or a list of texts for each class."""
    if isinstance(value.get("columns"), list) and isinstance(value.get("data"), list):
        return list(enumerate([value["columns"], *value["data"]], 0))
    lists = {key: item for key, item in value.items() if isinstance(item, list) and not _holds_rows(item)}
    if len(lists) > 1 and len(lists) == len(value):
        if len({len(item) for item in lists.values()}) == 1 and _are_columns(lists):
            rows = zip(*lists.values(), strict=True)
            return [(place, dict(zip(lists, row, strict=True))) for place, row in enumerate(rows, 1)]
        if all(isinstance(text, str) for item in lists.values() for text in item[:100]):
            by_class = ({"text": text, "label": key} for key, item in lists.items() for text in item)
            return list(enumerate(by_class, 1))
    records = {key: item for key, item in value.items() if isinstance(item, dict)}
    if len(records) < 2 or len(records) < len(value) or any(not item or not _is_row(item) for item in records.values()):
        return None
    keys = list(next(iter(records.values())))
    if len(keys) < len(records) or len(records) > MAX_KEYS:
        return list(enumerate(records.values(), 1))
    return [(place, {name: item.get(key) for name, item in records.items()}) for place, key in enumerate(keys, 1)]


def _are_columns(lists: dict[str, list[Any]]) -> bool:
    """Whether lists of one length are columns and no classes: by a name, or because one holds values that return."""
    if {plain_name(key) for key in lists} & (LABEL_NAMES | TEXT_NAMES):
        return True
    return any(2 * len(set(map(str, item))) <= len(item) for item in lists.values())


def _holds_rows(value: list[Any]) -> bool:
    return bool(value) and isinstance(value[0], dict | list)


def _table(name: str, items: Rows, header: Header) -> Table:
    if all(isinstance(item, list) for _number, item in items):
        widest = max(len(item) for _number, item in items)
        if widest > MAX_KEYS:
            raise _too_many_keys(name)
        check_size_of_table(name, len(items), widest)
        lists = [[cell(value) for value in item] for _number, item in items]
        numbers = [number for number, _item in items]
        check_cells(name, lists, numbers)
        table = shaped(name, lists, numbers, "yes" if items[0][0] == 0 else header)
    else:
        table = _of_objects(name, items)
    table.found[N_("format")] = "JSON"
    return table


def _too_many_keys(name: str) -> UserError:
    return UserError(_("The rows of “{name}” have more than 500 different keys.").format(name=name))


def _of_objects(name: str, items: Rows) -> Table:
    flat, columns = list[tuple[int, dict[str, Any]]](), dict[str, int]()
    for number, item in items:
        if not isinstance(item, dict):
            raise UserError(
                _("Row {row} of “{name}” is not an object with a text and a label.").format(row=number, name=name)
            )
        row = dict(_flat(item, "", 0))
        for key in row:
            columns.setdefault(key, len(columns))  # as it is; the name of its column is made well formed below
        if len(columns) > MAX_KEYS:
            raise _too_many_keys(name)
        flat.append((number, row))
    check_size_of_table(name, len(items), len(columns))
    rows = [[cell(item.get(key)) for key in columns] for _number, item in flat]
    numbers = [number for number, _item in flat]
    check_cells(name, rows, numbers)
    return shaped(name, [list(map(well_formed, columns)), *rows], [0, *numbers], "yes")


def _flat(item: dict[str, Any], above: str, depth: int) -> Iterator[tuple[str, Any]]:
    """The values of objects within objects, under keys such as “review.text”."""
    for key, value in item.items():
        if isinstance(value, dict) and value and depth < MAX_DEPTH:
            yield from _flat(value, f"{above}{key}.", depth + 1)
        else:
            yield above + key, value
