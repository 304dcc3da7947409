"""Detect problems in the rows of a table (conflicts, duplicates, leaks, imbalance) and apply enabled remedies."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from core.classifier.config import MAX_TOKENS, ClassifierConfig
from core.classifier.data.duplicates import exact_key, groups, near_groups
from core.classifier.data.rows import MIN_CLASS, PARTS, Rows, check_classes, spelling
from core.i18n import _

MAX_NEAR = 200_000  # rows beyond which only exact duplicates are searched, not near ones
SHOWN_ROWS = 20
IMBALANCE = 4.0
FEW = 500

Kind = Literal["info", "warning", "bad"]


@dataclass(frozen=True)
class Finding:
    """A data problem or fact for the report.

    `changes` are options that mend it, `applied` tells whether this run has them; `rows` are the first places.
    """

    id: str
    kind: Kind
    count: int
    text: str
    changes: dict[str, Any] = field(default_factory=dict)
    applied: bool = False
    rows: tuple[str, ...] = ()


class Cleaner:
    """Detect problems of rows and apply the remedies that the options enable."""

    def __init__(self, rows: Rows, config: ClassifierConfig) -> None:
        self.rows, self.config = rows, config
        self.findings: list[Finding] = []

    def note(
        self,
        name: str,
        kind: Kind,
        count: int,
        text: str,
        changes: dict[str, Any] | None = None,
        where: Sequence[str] = (),
    ) -> bool:
        """Record a finding; return whether its remedy is on."""
        changes = changes or {}
        applied = bool(changes) and all(getattr(self.config, key) == value for key, value in changes.items())
        text = text.replace("{n}", f"{count:,}")
        self.findings.append(Finding(name, kind, count, text, changes, applied, tuple(where[:SHOWN_ROWS])))
        return applied

    def spelling(self, labels: Sequence[str]) -> None:
        """Look at the labels as they were before any were merged."""
        if names := spelling(labels):
            shown = ", ".join(f"“{label}”" for label in sorted(names)[:6])
            text = _("Labels that differ only in case or spaces: {shown}.").format(shown=shown)
            self.note("spelling", "warning", len(names), text, {"merge_labels": True})

    def clean(self) -> tuple[Rows, np.ndarray]:
        """The rows that remain, and (rows,) the place of the first of each group of nearly the same texts."""
        rows = self.rows
        empty = np.array([not text for text in rows.texts])
        if empty.any() and self._bad("empty", "warning", empty, _("Rows without text: {n}."), {"drop_empty": True}):
            rows = self.rows = rows.keep(~empty)
        exact = groups([exact_key(text) for text in rows.texts])
        near = near_groups(rows.texts) if len(rows) <= MAX_NEAR else groups([exact_key(t) for t in rows.texts])
        drop = np.zeros(len(rows), bool)
        mine = rows.roles == 0
        for mask, name, kind, text, changes in self._doubles(exact, near):
            if mask.any() and self._bad(name, kind, mask, text, changes):
                drop |= mask & mine
        if rows.own_parts:
            drop |= self._leaks(exact, near)
        small = self._small(~drop)
        drop |= small
        places = np.nonzero(~drop)[0]
        # A group is identified by its first row, which may have been removed.
        return rows.keep(~drop), groups([str(group) for group in near[places]])

    def _bad(self, name: str, kind: Any, mask: np.ndarray, text: str, changes: dict[str, Any]) -> bool:
        where = [self.rows.names[place] for place in np.nonzero(mask)[0][:SHOWN_ROWS]]
        return self.note(name, kind, int(mask.sum()), text, changes, where)

    def _doubles(self, exact: np.ndarray, near: np.ndarray) -> list[tuple[np.ndarray, str, Any, str, dict[str, Any]]]:
        """Masks over the rows: conflicting, repeated, nearly repeated."""
        labels = groups(self.rows.labels)
        order = np.arange(len(exact))
        pair = groups([f"{group} {label}" for group, label in zip(exact, labels, strict=True)])
        mixed = np.zeros(len(exact), bool)
        np.logical_or.at(mixed, exact, labels != labels[exact])
        conflicts = mixed[exact]
        repeated = (pair != order) & ~conflicts
        nearly = (near != order) & (exact == order) & ~conflicts
        return [
            (
                conflicts,
                "conflicts",
                "warning",
                _("Rows whose text also stands under another label: {n}. One of the labels must be wrong."),
                {"drop_conflicts": True},
            ),
            (
                repeated,
                "duplicates",
                "info",
                _("Rows that repeat the text and label of an earlier one: {n}. They always stay in one part."),
                {"drop_duplicates": True},
            ),
            (
                nearly,
                "near_duplicates",
                "info",
                _("Rows whose text is nearly that of an earlier one: {n}. They always stay in one part."),
                {"drop_near_duplicates": True},
            ),
        ]

    def _leaks(self, exact: np.ndarray, near: np.ndarray) -> np.ndarray:
        """(rows,) training (or validation) rows whose text a later part holds; reported for each part."""
        rows, drop = self.rows, np.zeros(len(self.rows), bool)
        for role, part in ((2, _("test")), (1, _("validation"))):
            theirs = rows.roles == role
            if not theirs.any():
                continue
            before = rows.roles < role if role == 2 else rows.roles == 0
            inside = np.isin(near, near[before]) & theirs
            same = np.isin(exact, exact[before]) & theirs
            if not inside.any():
                continue
            text = _(
                "{share:.1%} of the {part} rows ({count:,}, of them {same:,} word for word) also stand in a part that "
                "is learned from: figures on them say little."
            ).format(share=inside.sum() / theirs.sum(), part=part, count=int(inside.sum()), same=int(same.sum()))
            if self._bad(f"leaks_{PARTS[role]}", "bad", inside, text, {"drop_leaks": True}):
                drop |= before & np.isin(near, near[theirs])
        return drop

    def _small(self, kept: np.ndarray) -> np.ndarray:
        rows = self.rows
        counts = Counter(
            label for label, role, ok in zip(rows.labels, rows.roles, kept, strict=True) if ok and not role
        )
        needed = MIN_CLASS - len(rows.own_parts)
        small = {label for label in set(rows.labels) if counts[label] < needed}
        mask = np.array([label in small for label in rows.labels])
        trained = mask & (rows.roles == 0)
        if not trained.any():
            return np.zeros(len(rows), bool)
        text = _("Rows of classes that have fewer than {least} rows: {n}.").replace("{least}", str(needed))
        if self._bad("small", "warning", trained, text, {"drop_small": True}):
            return mask
        check_classes(rows.keep(kept))
        return np.zeros(len(rows), bool)

    def judge(self, classes: list[str], train: np.ndarray, lengths: dict[float, int]) -> None:
        """What the training part as a whole is like; train: (rows,) class numbers."""
        counts = np.bincount(train, minlength=len(classes))
        large, small = int(counts.argmax()), int(counts.argmin())
        if counts[large] >= IMBALANCE * max(1, counts[small]):
            text = _("“{large}” has {many:,} training rows and “{small}” {few:,}: accuracy alone will flatter.").format(
                large=classes[large], many=counts[large], small=classes[small], few=counts[small]
            )
            self.note("imbalance", "warning", int(counts[large]), text, {"class_weights": True})
        limit = self.config.max_tokens
        if lengths[0.95] > limit:
            text = _("More than 5 % of the texts are cut at {limit} tokens; {enough} tokens keep 95 % whole.").format(
                limit=limit, enough=lengths[0.95]
            )
            enough = min(MAX_TOKENS, max(limit, -(-lengths[0.95] // 16) * 16))
            self.note("long", "info", lengths[0.95], text, {"max_tokens": enough})
        if len(train) < FEW:
            text = _("{n} training rows are few: expect the linear baseline to be hard to beat.")
            self.note("few", "info", len(train), text)
