"""Rows with more cells than the header, because the separator stands in an unquoted text: their texts made whole."""

from collections import Counter

from core.classifier.data.table import Header, has_header_row

MAX_VALUES = 200  # of a label


def join_texts(records: list[list[str]], separator: str, header: Header) -> list[list[str]]:
    """Join the cells of a text that holds the separator, where the other columns then fit those of the other rows.

    Which column the text stands in is told by the labels: joined at the right place they are few and return.
    """
    width = _width(records, header)
    longer = [place for place, row in enumerate(records) if len(row) > width and any(row[width:])]
    if width < 2 or not longer:
        return records
    chosen: tuple[int, int] | None = None
    for column in {width - 1, 0}:
        if (found := _labels(records, longer, width, column)) and (not chosen or found < chosen[0]):
            chosen = (found, column)
    if not chosen:
        return records
    joined = list(records)
    for place in longer:
        joined[place] = _joined(records[place], width, chosen[1], separator)
    return joined


def _width(records: list[list[str]], header: Header) -> int:
    """Cells of the header; without one those of the shortest rows, which are the ones without the separator in them."""
    if len(records) < 2:
        return 0
    if header == "yes" or (header == "auto" and has_header_row(records)):
        return len(records[0])
    widths = Counter(map(len, records))
    return min((width for width, count in widths.items() if width > 1 and count * 50 > len(records)), default=0)


def _labels(records: list[list[str]], longer: list[int], width: int, column: int) -> int:
    """How many different labels stand beside texts joined at `column`; 0 where they are none that return."""
    found = 0
    for other in range(width):
        if other == column:
            continue
        at = other if other < column else other - width
        places = set(longer)
        plain = Counter(
            row[at].strip() for place, row in enumerate(records) if len(row) == width and place not in places
        )
        joined = Counter(records[place][at].strip() for place in longer)
        values = plain + joined
        if not 2 <= len(values) <= MAX_VALUES or values.total() < 1.5 * len(values):
            continue
        fits = sum(count for value, count in joined.items() if plain[value] or count > 1 + len(longer) // 20)
        if plain.total() * 2 > len(records):  # then all labels stand in whole rows too
            fits = sum(count for value, count in joined.items() if plain[value])
        if fits * 20 >= len(longer) * 19 and (not found or len(values) < found):
            found = len(values)
    return found


def _joined(row: list[str], width: int, column: int, separator: str) -> list[str]:
    after = width - 1 - column
    return [*row[:column], separator.join(row[column : len(row) - after]), *row[len(row) - after :]]
