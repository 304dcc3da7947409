"""A table beside pictures that says their classes, as labels.csv: one column names pictures, another their class."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from core.errors import UserError
from core.i18n import _

MAX_COLUMNS = 1000
MAX_ROWS = 1_000_000
PROBES = 300  # rows that tell which column names pictures
CLASSES = ("label", "labels", "class", "category", "target", "y", "breed", "species", "dx", "tag", "标签", "类别")


def classes_of(name: str, data: bytes, pictures: Sequence[str], notes: list[str]) -> dict[str, str] | None:
    """The class of each picture that the table `name` names; None where it names none of them.

    A picture is named by its path, its file name, or that without the extension. Raises UserError where it is not clear
    which column has the classes.
    """
    known = _known(pictures)
    rows = list(_rows(data, PROBES))
    width = max(map(len, rows), default=0)
    hits = [sum(len(row) > place and _key(row[place]) in known for row in rows) for place in range(width)]
    if not hits or 2 * max(hits) < len(rows):
        return None
    column = hits.index(max(hits))
    header = [cell.strip().lower() for cell in rows[0]] if _key(rows[0][column]) not in known else []
    others = [place for place in range(width) if place != column]
    named = [place for place in others if place < len(header) and header[place] in CLASSES]
    if len(named or others) != 1:
        raise UserError(
            _("“{table}” names pictures, but not which column is their class: call one of {columns} “label”.").format(
                table=name, columns=", ".join(f"“{cell}”" for cell in rows[0][:8])
            )
        )
    label = (named or others)[0]
    found: dict[str, str] = {}
    missing = 0
    for number, row in enumerate(_rows(data, MAX_ROWS)):
        if (header and not number) or len(row) <= max(column, label) or not row[label].strip():
            continue
        picture = known.get(_key(row[column]))
        missing += picture is None
        if picture:
            found[picture] = row[label].strip()
    notes.append(
        _("The classes of {count:,} pictures stand in “{table}”; it names {missing:,} that are not here.").format(
            count=len(found), table=name, missing=missing
        )
    )
    return found


def _known(pictures: Sequence[str]) -> dict[str, str | None]:
    """What may name a picture, with the picture; None where several share it."""
    known: dict[str, str | None] = {}
    for path in pictures:
        whole = _key(path)
        base = whole.rsplit("/", 1)[-1]
        for key in {whole, base, base.rsplit(".", 1)[0], whole.rsplit(".", 1)[0]}:
            known[key] = path if known.get(key, path) == path else None
    return known


def _key(cell: str) -> str:
    return cell.strip().replace("\\", "/").removeprefix("./").casefold()


def _rows(data: bytes, limit: int) -> Iterator[list[str]]:
    """At most `limit` rows that are not empty; a table that is no CSV ends early."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    head = text[:10_000].split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)
    try:
        for row in csv.reader(StringIO(text, newline=""), delimiter=delimiter):
            if len(row) > MAX_COLUMNS or limit <= 0:
                return
            if any(row):
                limit -= 1
                yield row
    except csv.Error:
        return
