"""Is it good? Bits for each character of any text, beside two baselines; and which of several runs explains it best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.charlm.data.ngram import NGram
from core.charlm.data.report import BASELINE_LIMIT, NGRAM_ORDER
from core.charlm.inside.passage import Passage
from core.errors import UserError
from core.i18n import _

# "Unknown" stands for any other character. Which one it was costs this much more, so that runs with different
# vocabularies pay for the same thing: Unicode has about 150,000 characters.
WHICH_UNKNOWN = math.log2(150_000)
BLOCK, BLOCKS = 20, 8  # characters whose difference counts as one observation, and how many of them make a judgement
CLEAR = 3.0  # standard errors


@dataclass(frozen=True)
class TextScore:
    """bits (N,): one number for each character (code point) of the text as the run reads it; a symbol of several has
    all its bits on the first of them. unknown: how many characters the network does not know."""

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
    """What an n-gram table makes of the same symbols, the text beginning after a line feed for it, too."""
    lead = passage.vocabulary.encode("\n")
    nats = -table.log_prob(np.concatenate([lead, passage.ids]))[1:]
    return _scored(name, passage, nats / math.log(2))


def fit_ngrams(training: np.ndarray, V: int) -> dict[int, NGram]:
    """Letter frequencies and the n-gram table of `training` (T,), by their order."""
    return {order: NGram.fit(training[-BASELINE_LIMIT:], order, V) for order in (1, NGRAM_ORDER)}


def _scored(name: str, passage: Passage, bits: np.ndarray) -> TextScore:
    unknown = passage.ids == 0
    lengths = np.array([len(symbol) for symbol in passage.symbols])
    spread = np.zeros(lengths.sum())
    spread[np.cumsum(lengths) - lengths] = bits + WHICH_UNKNOWN * unknown
    return TextScore(name, spread, int(unknown.sum()))


@dataclass(frozen=True)
class Ranking:
    """The runs by their total, best first. margin: bits by which the first leads the second over the whole text;
    certainty: that margin in standard errors, from the spread of its blocks; None where the text is too short for
    one or where two runs read it differently."""

    scores: list[TextScore]
    margin: float
    certainty: float | None

    @property
    def clear(self) -> bool:
        return self.certainty is not None and self.certainty >= CLEAR


def rank_runs(scored: Sequence[TextScore]) -> Ranking:
    """Which run explains the text best: the fewest bits in all. Raises UserError where there is nothing to compare."""
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
