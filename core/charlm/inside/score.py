"""Score a text in bits per character by a network and by n-gram baselines, and rank several runs on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.charlm.data.ngram import NGram
from core.charlm.data.report import BASELINE_LIMIT, NGRAM_ORDER
from core.charlm.inside.passage import Passage
from core.errors import UserError
from core.i18n import _

# Extra bits of an unknown symbol, for naming one of Unicode's about 150,000 characters: this makes runs with different
# vocabularies comparable.
WHICH_UNKNOWN = math.log2(150_000)
BLOCK, BLOCKS = (
    20,
    8,
)  # characters per observation of the difference, and minimum number of observations for a standard error
CLEAR = 3.0  # standard errors


@dataclass(frozen=True)
class TextScore:
    """bits (N,): −log2 P per code point of the preprocessed text; a symbol of several code points has its bits on the
    first. unknown: number of out-of-vocabulary symbols."""

    name: str
    bits: np.ndarray
    unknown: int

    @property
    def total(self) -> float:
        return float(self.bits.sum())

    @property
    def per_character(self) -> float:
        return self.total / len(self.bits)


def score_with_network(name: str, passage: Passage) -> TextScore:
    return _scored(name, passage, passage.bits)


def score_with_ngram(name: str, passage: Passage, table: NGram) -> TextScore:
    """Score the same symbols with an n-gram model, also starting after a line feed."""
    lead = passage.vocabulary.encode("\n")
    nats = -table.log_prob(np.concatenate([lead, passage.ids]))[1:]
    return _scored(name, passage, nats / math.log(2))


def fit_ngrams(training: np.ndarray, V: int) -> dict[int, NGram]:
    """Fit a unigram and an n-gram model to the end of `training` (T,); keys are the orders."""
    return {order: NGram.fit(training[-BASELINE_LIMIT:], order, V) for order in (1, NGRAM_ORDER)}


def _scored(name: str, passage: Passage, bits: np.ndarray) -> TextScore:
    unknown = passage.ids == 0
    lengths = np.array([len(symbol) for symbol in passage.symbols])
    spread = np.zeros(lengths.sum())
    spread[np.cumsum(lengths) - lengths] = bits + WHICH_UNKNOWN * unknown
    return TextScore(name, spread, int(unknown.sum()))


@dataclass(frozen=True)
class Ranking:
    """scores: sorted by total bits, best first. margin: difference of the first two in bits over the whole text;
    certainty: that margin in standard errors, estimated from blocks; None where the text is too short or the runs
    split it differently."""

    scores: list[TextScore]
    margin: float
    certainty: float | None

    @property
    def clear(self) -> bool:
        return self.certainty is not None and self.certainty >= CLEAR


def rank_runs(scored: Sequence[TextScore]) -> Ranking:
    """Rank runs by total bits. Raises UserError for fewer than two."""
    if len(scored) < 2:
        raise UserError(_("One run alone explains nothing best: choose at least two."))
    ranking = sorted(scored, key=lambda one: one.total)
    first, second = ranking[:2]
    certainty = None
    if len(first.bits) == len(second.bits) >= BLOCK * BLOCKS:
        lead = second.bits - first.bits
        blocks = lead[: len(lead) // BLOCK * BLOCK].reshape(-1, BLOCK).sum(axis=1)
        error = float(blocks.std(ddof=1)) / math.sqrt(len(blocks))
        certainty = float(blocks.mean()) / error if error > 0 else None
    return Ranking(ranking, second.total - first.total, certainty)
