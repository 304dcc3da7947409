"""The report on a text before training: character statistics and n-gram baselines."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from core.charlm.data.ngram import NGram
from core.charlm.data.prepare import Text, TextOptions, prepare
from core.charlm.data.vocabulary import UNKNOWN
from core.i18n import _
from core.sources import Source

NGRAM_ORDER = 5
BASELINE_LIMIT = 5_000_000  # symbols an n-gram is counted on: 3 s and 300 MB; four times as many gain 0.03 nats
SHOWN = 20
PREVIEW = 600
CONTROLS = {"\n": "LINE FEED", "\t": "TABULATION"}


@dataclass(frozen=True)
class CharacterCount:
    """One character with its Unicode name, how often it occurs, and its share of the text in [0, 1]."""

    symbol: str
    name: str
    count: int
    share: float


@dataclass(frozen=True)
class Folded:
    """The characters mapped to the unknown symbol: number of kinds, occurrences, and the most frequent ones."""

    min_count: int
    kinds: int
    count: int
    examples: tuple[CharacterCount, ...]


@dataclass(frozen=True)
class Baseline:
    """Validation loss of an n-gram model of `order`, fitted to `trained_on` training symbols."""

    order: int
    nats: float
    trained_on: int


@dataclass(frozen=True)
class TextReport:
    """Everything the page and `--json` say about a text. Shares are in [0, 1], losses in nats per character."""

    characters: int
    training: int
    validation: int
    distinct: int
    combined: int
    vocabulary: int
    most_frequent: tuple[CharacterCount, ...]
    least_frequent: tuple[CharacterCount, ...]
    folded: Folded
    repeated_lines: float
    encodings: tuple[tuple[str, str], ...]
    baselines: tuple[Baseline, ...]
    preview: str
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(
    sources: Sequence[Source], options: TextOptions, limit: int = BASELINE_LIMIT
) -> tuple[TextReport, dict[str, int]]:
    """The report on a text, and the arguments of preset(). Raises UserError where it cannot be trained on.

    limit: symbols that the baselines are counted on.
    """
    text = prepare(sources, options)
    return report(text, limit), {"characters": len(text.ids), "vocabulary": len(text.vocabulary)}


def report(text: Text, limit: int = BASELINE_LIMIT) -> TextReport:
    """Count, compare and baseline a prepared text. Takes about 0.5 s for 1 MB and 6 s for 20 MB."""
    total = len(text.ids)
    kept = set(text.vocabulary.symbols[1:])
    known = [symbol for symbol in text.counts if symbol in kept]
    folded = [symbol for symbol in text.counts if symbol not in kept]

    def describe(symbols: list[str]) -> tuple[CharacterCount, ...]:
        return tuple(
            CharacterCount(symbol, unicode_name(symbol), text.counts[symbol], text.counts[symbol] / total)
            for symbol in symbols[:SHOWN]
        )

    notes = list(text.notes)
    combined = sum(len(symbol) > 1 for symbol in known)
    if combined:
        message = _("Kinds of combined character (emoji of several parts, letters with marks) kept whole: {count}.")
        notes.append(message.format(count=combined))
    training, validation = text.split()
    if len(training) > limit:
        message = _("The baselines were counted on the last {count} characters of the training part only.")
        notes.append(message.format(count=f"{limit:,}"))
    return TextReport(
        characters=total,
        training=len(training),
        validation=len(validation),
        distinct=len(text.counts) - (UNKNOWN in text.counts),
        combined=combined,
        vocabulary=len(text.vocabulary),
        most_frequent=describe(known),
        least_frequent=describe(known[::-1]),
        folded=Folded(text.min_count, len(folded), sum(text.counts[symbol] for symbol in folded), describe(folded)),
        repeated_lines=repeated_lines(text.text),
        encodings=tuple((part.name, part.encoding) for part in text.parts),
        baselines=tuple(
            baseline(training, validation, order, len(text.vocabulary), limit) for order in (1, NGRAM_ORDER)
        ),
        preview=text.text[:PREVIEW],
        notes=tuple(notes),
    )


def baseline(training: np.ndarray, validation: np.ndarray, order: int, V: int, limit: int = BASELINE_LIMIT) -> Baseline:
    """Mean loss on `validation`, (v,), of an n-gram model of the last `limit` of `training`, (T,)."""
    training = training[-limit:]
    nats = -NGram.fit(training, order, V).log_prob(validation).mean()
    return Baseline(order, float(nats), len(training))


def repeated_lines(text: str) -> float:
    """Share of the lines with words that stood in the text before."""
    lines = Counter(line for line in map(str.strip, text.split("\n")) if line)
    return 1 - len(lines) / lines.total() if lines else 0.0


def unicode_name(symbol: str) -> str:
    """The Unicode name of a symbol's code points, "U+…" where one has none."""
    return " + ".join(CONTROLS.get(char, unicodedata.name(char, f"U+{ord(char):04X}")) for char in symbol)
