"""A label and a text a line, with no separator but a space: fastText's form, or numbers or capitals before it."""

import itertools
import re
from collections import Counter

from core.classifier.data.table import NO, Note, Table, check_cells, check_size_of_table
from core.errors import UserError
from core.i18n import N_, _

SAMPLE_LINES = 2000
MAX_LABELS = 200
MARK = re.compile(r"\s*__label__(\S+)[ \t]*(.*)")
BEFORE = re.compile(r"([+-]?\d{1,3}|[A-Z]{2,}(?::\w+)?)[ ]+(\S.*)")
SEVERAL = re.compile(r"[ \t]*__label__\S")


def from_labelled_lines(name: str, text: str) -> Table | None:
    """The table, or None where the lines are not of this form. Raises UserError for lines of several labels."""
    sample = [line for line in itertools.islice(text.splitlines(), SAMPLE_LINES) if line.strip()]
    form = _form(sample)
    if not form:
        return None
    rows, numbers, odd = list[list[str]](), list[int](), list[int]()
    for number, line in enumerate(text.splitlines(), 1):
        found = form.match(line)
        if found and SEVERAL.match(found[2]):
            raise UserError(
                _("Line {line} of “{name}” has several labels, but a text can have one.").format(line=number, name=name)
            )
        if found:
            check_size_of_table(name, len(rows) + 1, 2)
            rows.append([found[2].strip(), found[1]])
            numbers.append(number)
        elif line.strip():
            odd.append(number)
    if len(odd) > max(3, len(rows) // 33):
        raise UserError(
            _("Line {line} of “{name}” does not begin with a label, as {count:,} of its lines do.").format(
                line=odd[0], name=name, count=len(rows)
            )
        )
    check_cells(name, rows, numbers)
    found_as = {N_("format"): N_("a label and a text a line"), N_("header"): NO}
    table = Table(name, ["text", "label"], rows, numbers, found_as)
    if odd:
        message = N_("Lines without a label before the text left out: {count:,}.")
        table.notes.append(Note(message, len(odd), rows=tuple(map(str, odd[:20]))))
    return table


def _form(sample: list[str]) -> re.Pattern[str] | None:
    """Nearly all lines with fastText's mark tell it; all lines with a number or capitals of which few return."""
    if sum(bool(MARK.match(line)) for line in sample) * 10 >= len(sample) * 9 and sample:
        return MARK
    found = [BEFORE.fullmatch(line.rstrip()) for line in sample]
    if len(found) < 6 or not all(found) or any("\t" in line for line in sample):
        return None
    labels = Counter(item[1] for item in found if item)
    return BEFORE if 2 <= len(labels) <= MAX_LABELS and len(labels) * 3 <= len(found) else None
