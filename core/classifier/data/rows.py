"""Sources to rows of text and label: the columns found, parts the person split off, and what is done about bad rows."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data.columns import guess_columns
from core.classifier.data.reader import read_files, read_parts, read_table
from core.classifier.data.table import MAX_CLASSES, NO, Header, Note, Table
from core.errors import UserError
from core.i18n import _
from core.sources import Source

PARTS = ("train", "validation", "test")
MIN_CLASS = 3  # one row to learn from, one to choose by, one to test
INTEGER, WHOLE = re.compile(r"-?\d+"), re.compile(r"(-?\d+)\.0*")


@dataclass
class Rows:
    """Texts, labels as written, the part each came from (place in PARTS), and each row's name for people."""

    texts: list[str]
    labels: list[str]
    roles: np.ndarray
    names: list[str]
    text_column: str = ""
    label_column: str = ""
    columns: list[str] = field(default_factory=list)
    found: dict[str, str] = field(default_factory=dict)
    ragged: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def keep(self, mask: np.ndarray) -> "Rows":
        """Only the rows where `mask` (rows,) is True."""
        places = np.nonzero(mask)[0]
        return Rows(
            [self.texts[i] for i in places],
            [self.labels[i] for i in places],
            self.roles[places],
            [self.names[i] for i in places],
            self.text_column,
            self.label_column,
            self.columns,
            self.found,
            self.ragged,
            self.notes,
        )

    @property
    def own_parts(self) -> set[str]:
        """The parts besides "train" that the person brought."""
        return {PARTS[role] for role in np.unique(self.roles) if role}


def read_rows(sources: Sequence[Source], config: ClassifierConfig) -> Rows:
    """All rows of all sources; several files are read as those of a folder.

    Raises UserError where no table can be read, columns cannot be told, or a part is missing a column.
    """
    rows = Rows([], [], np.zeros(0, np.int8), [])
    roles: list[int] = []
    tables = [item for role in PARTS for item in read_role(sources, role, config.header, config.sheet)]
    names: tuple[str, str] | None = None
    for table, role in tables:
        rows.notes += table.notes
        if names is None:
            rows.columns, rows.found = table.columns, table.found
            names = rows.text_column, rows.label_column = guess_columns(table, config.text_column, config.label_column)
            text, label = map(table.place, names)
        elif len(table.columns) == len(rows.columns) and table.found.get("header") == NO:
            pass  # without names the places are the same as in the first table
        else:
            text, label = map(table.place, names)
        many = len(tables) > 1
        rows.texts += [row[text].strip() for row in table.rows]
        rows.labels += [row[label].strip() for row in table.rows]
        rows.names += [f"{table.name}:{number}" if many else str(number) for number in table.numbers]
        rows.ragged += [f"{table.name}:{number}" if many else str(number) for number in table.ragged]
        roles += [PARTS.index(role)] * len(table.rows)
    rows.roles = np.array(roles, np.int8)
    rows.labels = one_number(rows.labels, rows.labels)
    if not rows.texts or not (rows.roles == 0).any():
        raise UserError(_("There is no table to learn from: bring a CSV, JSON lines or Excel file, or a zip."))
    return rows


def read_role(sources: Sequence[Source], role: str, header: Header, sheet: str) -> list[tuple[Table, str]]:
    """The tables that are given for a part; those given to learn from may hold parts themselves."""
    mine = [source for source in sources if source.role == role]
    if not mine:
        return []
    if len(mine) == 1 and "/" not in mine[0].name:
        parts = read_parts(mine[0], header, sheet)
    else:
        folders = {source.name.split("/")[0] for source in mine if "/" in source.name}
        parts = read_files(folders.pop() if len(folders) == 1 else role, mine, header, sheet)
    if role != "train":
        return [(parts[0][1], role)]
    given = {source.role for source in sources}
    return [(table, part) for part, table in parts if part == "train" or part not in given]


def one_number(labels: Sequence[str], known: Iterable[str]) -> list[str]:
    """Labels with “1.0” as “1” where that is among the `known`: spreadsheets and pandas write whole numbers so."""
    whole = {label for label in known if INTEGER.fullmatch(label)}
    return [found[1] if (found := WHOLE.fullmatch(label)) and found[1] in whole else label for label in labels]


def spelling(labels: Sequence[str]) -> dict[str, str]:
    """For each label that differs from another only in case or spaces, the most frequent spelling of the two."""
    counts = Counter(labels)
    plain: dict[str, list[str]] = {}
    for label in counts:
        plain.setdefault("".join(label.split()).casefold(), []).append(label)
    return {
        label: max(alike, key=lambda one: counts[one]) for alike in plain.values() if len(alike) > 1 for label in alike
    }


def ordered(labels: Iterable[str]) -> list[str]:
    """Class names, numbers by value before names by letter."""

    def key(label: str) -> tuple[int, float, str]:
        try:
            return (0, float(label), label)
        except ValueError:
            return (1, 0.0, label)

    return sorted(set(labels), key=key)


def check_classes(rows: Rows, drop_small: bool = False) -> list[str]:
    """The class names. Raises UserError where there are not 2 to MAX_CLASSES of them with enough rows each."""
    train = Counter(label for label, role in zip(rows.labels, rows.roles, strict=True) if role == 0)
    column = rows.label_column
    if not train:
        raise UserError(
            _("No row has both a text in “{text}” and a label in “{label}”.").format(
                text=rows.text_column, label=column
            )
        )
    if len(train) == 1:
        raise UserError(
            _("All rows have the label “{label}” in “{column}”: two classes at least are needed to tell apart.").format(
                label=next(iter(train)), column=column
            )
        )
    if len(train) > MAX_CLASSES:
        raise UserError(
            _("“{column}” has {count:,} different labels, but at most {limit} classes can be told apart.").format(
                column=column, count=len(train), limit=MAX_CLASSES
            )
        )
    needed = MIN_CLASS - len(rows.own_parts)
    small = [label for label, count in train.items() if count < needed]
    if small and not drop_small:
        raise UserError(
            _(
                "The class “{label}” has {count} row(s), but each needs at least {needed}: add rows, or set “drop "
                "small” to leave such classes out."
            ).format(label=small[0], count=train[small[0]], needed=needed)
        )
    for role, part in enumerate(PARTS[1:], 1):
        own = {label for label, where in zip(rows.labels, rows.roles, strict=True) if where == role}
        if unknown := own - set(train):
            raise UserError(
                _("The {part} part has the label “{label}”, which no training row has.").format(
                    part=_(part), label=min(unknown)
                )
            )
    return ordered(train)


def split(
    labels: np.ndarray, groups: np.ndarray, roles: np.ndarray, validation: float, test: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of the training, validation and test rows: `validation` and `test` of each class, drawn by the seed.

    Rows of one group (the same text, or nearly) stay together, so that no part holds what another one teaches. A part
    that is in `roles` already is left as it is.
    """
    part = roles.astype(np.int8).copy()
    rng = np.random.default_rng(seed)
    free = roles == 0
    shares = [(2, 0.0 if (roles == 2).any() else test), (1, 0.0 if (roles == 1).any() else validation)]
    for label in np.unique(labels[free]):
        mine = np.nonzero(free & (labels == label))[0]
        # A group of duplicates is stratified by the class of its first row.
        mine = mine[labels[groups[mine]] == label] if len(mine) else mine
        heads, counts = np.unique(groups[mine], return_counts=True)
        order = rng.permutation(len(heads))
        place = 0
        for number, share in shares:
            # At least one row, but leave at least one for training.
            wanted = max(1, round(share * counts.sum())) if share else 0
            taken = 0
            while taken < wanted and place < len(heads) - 1:
                head, count = heads[order[place]], int(counts[order[place]])
                place += 1
                if count > max(1, wanted // 2) and len(heads) > 2 * place:
                    continue  # a group this large would dominate the part
                part[free & (groups == head)] = number
                taken += count
    return tuple(np.nonzero(part == number)[0] for number in range(3))  # type: ignore[return-value]


def labelled_texts(
    source: Source, text_column: str | None, label_column: str | None
) -> tuple[list[str], list[str], list[str]]:
    """Texts, labels and row names of a table to judge a trained run on; rows without a label are left out.

    The columns are those of the training table where this one has them. Raises UserError.
    """
    table = read_table(source, known=[name for name in (text_column, label_column) if name])
    text, label = (name if name in table.columns else "" for name in (text_column or "", label_column or ""))
    text, label = guess_columns(table, text, label)
    rows = [
        (row, number)
        for row, number in zip(zip(table.column(text), table.column(label), strict=True), table.numbers, strict=True)
        if row[1].strip()
    ]
    if not rows:
        raise UserError(_("“{name}” has no row with a label in “{label}”.").format(name=table.name, label=label))
    return [row[0].strip() for row, _n in rows], [row[1].strip() for row, _n in rows], [str(n) for _row, n in rows]
