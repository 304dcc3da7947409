"""Prepare a table for training: read and clean rows, split them, and report what was found."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data.cleaning import SHOWN_ROWS, Cleaner, Finding
from core.classifier.data.language import language
from core.classifier.data.rows import Rows, check_classes, read_rows, spelling, split
from core.classifier.data.table import MAX_BYTES, shown_column
from core.classifier.data.tokenizer import Tokenizer, Unit, choose_unit
from core.errors import UserError
from core.i18n import _
from core.sources import Source

__all__ = ["MAX_BYTES", "Finding", "Prepared", "Report", "prepare", "sizes"]

MAX_ROWS = 500_000
QUANTILES = (0.5, 0.8, 0.9, 0.95, 0.99, 1.0)
SAMPLE = 5000
COUNTED_CHARACTERS = 6_000_000  # up to which tokens are counted before training, at a second or so
COUNTED_TIMES = 5  # a rarer token's `min_count` is looked up up to this; above it the count is a bound


@dataclass
class Report:
    """What was found before training. `counts` are class → rows in each of PARTS; `lengths` quantile → tokens."""

    rows: int
    used: int
    columns: list[str]
    text_column: str
    label_column: str
    found: dict[str, str]
    unit: Unit
    language: str
    counts: dict[str, list[int]]
    lengths: dict[float, int]
    findings: list[Finding]
    preview: list[tuple[str, str]]

    def keeps(self, share: float) -> int:
        """How many tokens keep the whole text of `share` of the rows (one of QUANTILES)."""
        return self.lengths[share]


@dataclass
class Prepared:
    """Texts and class numbers of the rows that are used, and the places of each part's rows in them."""

    texts: list[str]
    labels: np.ndarray
    classes: list[str]
    names: list[str]
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    tokenizer: Tokenizer
    report: Report

    def part(self, name: str) -> tuple[list[str], np.ndarray]:
        """Texts and class numbers of "train", "validation" or "test"."""
        places = getattr(self, name)
        return [self.texts[place] for place in places], self.labels[places]


def sizes(sources: Sequence[Source], config: ClassifierConfig) -> dict[str, Any]:
    """What preset() and cost() want to know: training rows, median of their tokens, classes, are these characters?

    Where the texts are short enough, also the longest and how many different tokens occur at least once, twice, …,
    of which a network is made. Raises UserError for bad data.
    """
    rows = _spelled(_labelled(_read(tuple(sources), config)), config)
    classes = check_classes(rows, config.drop_small)
    texts = [text for text, role in zip(rows.texts, rows.roles, strict=True) if role == 0 and text]
    tokenizer = _tokenizer(texts, config)
    lengths = [len(tokenizer(text)) for text in texts[:: max(1, len(texts) // 1000)]]
    counted = _counted(texts, tokenizer) if sum(map(len, texts)) <= COUNTED_CHARACTERS else {}
    return counted | {
        "rows": len(texts),
        "median_tokens": int(np.median(lengths)) if lengths else 0,
        "classes": len(classes),
        "characters": tokenizer.unit == "characters",
    }


def preview(sources: Sequence[Source], config: ClassifierConfig) -> list[str]:
    """What was guessed about the table, to be looked at before training: columns, form, sheet, classes."""
    rows = _spelled(_labelled(_read(tuple(sources), config)), config)
    found = ", ".join(f"{_(name)}: {_(value)}" for name, value in rows.found.items())
    classes = check_classes(rows, config.drop_small)
    names = ", ".join(f"“{label}”" for label in classes[:10]) + (" …" if len(classes) > 10 else "")
    return [
        _("Texts from “{text}”, labels from “{label}” ({found}).").format(
            text=shown_column(rows.text_column), label=shown_column(rows.label_column), found=found
        ),
        _("{count} classes: {names}.").format(count=len(classes), names=names),
    ]


def prepare(sources: Sequence[Source], config: ClassifierConfig) -> Prepared:
    """Read, clean and split the data of a run. Raises UserError where it cannot be trained on.

    A remedy takes rows from the training part, or from all where the parts are still to be drawn, but never from a
    validation or test part that the person brought: only rows without label or text leave those.
    """
    rows = _read(tuple(sources), config)
    read = len(rows)
    labelled = _labelled(rows)
    cleaner = Cleaner(_spelled(labelled, config), config)
    cleaner.spelling(labelled.labels)
    if read > len(cleaner.rows):
        cleaner.note("unlabelled", "warning", read - len(cleaner.rows), _("Rows without a label are left out: {n}."))
    if rows.ragged:
        text = _("Rows with more cells than there are columns, whose last cells are ignored: {n}.")
        cleaner.note("ragged", "warning", len(rows.ragged), text, where=rows.ragged)
    for place, note in enumerate(rows.notes):
        cleaner.note(f"reading_{place}", "warning", note.count, str(note), where=note.rows)
    rows, near = cleaner.clean()
    classes = check_classes(rows, drop_small=True)
    number = {label: place for place, label in enumerate(classes)}
    labels = np.array([number[label] for label in rows.labels], np.int32)
    train, validation, test = split(labels, near, rows.roles, config.validation, config.test, config.seed)
    for name, places in (("train", train), ("validation", validation), ("test", test)):
        if not len(places):
            raise UserError(
                _("No row is left for the {part} part: bring more rows of different texts.").format(part=_(name))
            )
    tokenizer = _tokenizer(rows.texts, config)
    lengths = _lengths(rows.texts, tokenizer)
    cleaner.judge(classes, labels[train], lengths)
    report = Report(
        rows=read,
        used=len(rows),
        columns=rows.columns,
        text_column=rows.text_column,
        label_column=rows.label_column,
        found=rows.found,
        unit=tokenizer.unit,
        language=language(rows.texts).name,
        counts={
            label: [int((labels[places] == place).sum()) for places in (train, validation, test)]
            for place, label in enumerate(classes)
        },
        lengths=lengths,
        findings=cleaner.findings,
        preview=[(text[:300], label) for text, label in zip(rows.texts[:SHOWN_ROWS], rows.labels, strict=False)],
    )
    return Prepared(rows.texts, labels, classes, rows.names, train, validation, test, tokenizer, report)


@functools.lru_cache(maxsize=2)
def _read_cached(sources: tuple[Source, ...], key: str) -> Rows:
    return read_rows(sources, ClassifierConfig.model_validate_json(key))


def _read(sources: tuple[Source, ...], config: ClassifierConfig) -> Rows:
    """Read rows from the files, cached so that changing an unrelated option does not reread them."""
    wanted = config.model_dump_json(include={"text_column", "label_column", "header", "sheet"})
    rows = _read_cached(sources, wanted)
    if len(rows) > MAX_ROWS:
        raise UserError(
            _("There are {count:,} rows, but at most {limit:,} can be used: bring a part of them.").format(
                count=len(rows), limit=MAX_ROWS
            )
        )
    return rows


def _counted(texts: Sequence[str], tokenizer: Tokenizer) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    longest = 0
    for text in texts:
        tokens = tokenizer(text)
        counts.update(tokens)
        longest = max(longest, len(tokens))
    often = Counter(min(count, COUNTED_TIMES) for count in counts.values())
    kinds = [sum(often[times] for times in range(least, COUNTED_TIMES + 1)) for least in range(1, COUNTED_TIMES + 1)]
    return {"longest_tokens": longest, "kinds": kinds}


def _labelled(rows: Rows) -> Rows:
    mask = np.array([bool(label) for label in rows.labels])
    if not any(text and label for text, label in zip(rows.texts, rows.labels, strict=True)):
        raise UserError(
            _("No row has both a text in “{text}” and a label in “{label}”.").format(
                text=rows.text_column, label=rows.label_column
            )
        )
    return rows if mask.all() else rows.keep(mask)


def _spelled(rows: Rows, config: ClassifierConfig) -> Rows:
    if config.merge_labels and (names := spelling(rows.labels)):
        rows = rows.keep(np.ones(len(rows), bool))
        rows.labels = [names.get(label, label) for label in rows.labels]
    return rows


def _tokenizer(texts: Sequence[str], config: ClassifierConfig) -> Tokenizer:
    return Tokenizer(choose_unit(texts) if config.tokens == "auto" else config.tokens, config.lowercase)


def _lengths(texts: Sequence[str], tokenizer: Tokenizer) -> dict[float, int]:
    counts = np.array([len(tokenizer(text)) for text in texts[:: max(1, len(texts) // SAMPLE)]])
    return {share: int(np.quantile(counts, share, method="higher")) for share in QUANTILES}
