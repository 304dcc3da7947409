"""Tokenize texts, map tokens to numbers and to their character spans."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import regex

from core.classifier.data.language import CHARACTER_SCRIPTS, language
from core.errors import UserError
from core.i18n import _
from core.text_normalization import normalize

Unit = Literal["words", "characters"]
Cut = Literal["end", "start", "middle"]

PAD, UNKNOWN, GATHER = range(3)  # GATHER stands first where pooling is "first"
SPECIALS = ("<pad>", "<unknown>", "<gather>")
CHARACTERS_FROM = 0.2  # share of letters in scripts without spaces from which a text is read as characters

_SPACELESS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]"
_SPACED = rf"[\p{{L}}--{_SPACELESS}]"
# \X keeps an emoji and its modifiers whole. Flags are matched before it: at every regional indicator \X looks back to
# the first of the run, which costs the square of the run's length.
_FLAG = r"\p{GCB=RI}{1,2}[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*"
_SIGN = rf"\p{{N}}+(?:[.,]\p{{N}}+)*|{_FLAG}|(?=[^\s\p{{Cc}}])\X"
_PATTERNS: dict[str, Any] = {
    "words": regex.compile(rf"\p{{L}}[\p{{L}}\p{{M}}\p{{N}}]*(?:['’][\p{{L}}\p{{M}}]+)*|{_SIGN}", regex.V1),
    "characters": regex.compile(
        rf"{_SPACELESS}\p{{M}}*|{_SPACED}[{_SPACED}\p{{M}}\p{{N}}]*(?:['’][{_SPACED}\p{{M}}]+)*|{_SIGN}", regex.V1
    ),
}
# The same tokens for plain ASCII, where both units agree, several times faster.
_ASCII = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:'[A-Za-z]+)*|[0-9]+(?:[.,][0-9]+)*|[^\s\x00-\x1f\x7f]")


def choose_unit(texts: Sequence[str]) -> Unit:
    """Characters where a good part of the letters is Chinese, Japanese or Thai, else words."""
    shares = language(texts).shares
    spaceless = sum(share for script, share in shares.items() if script in CHARACTER_SCRIPTS)
    return "characters" if spaceless >= CHARACTERS_FROM else "words"


@lru_cache(maxsize=1 << 17)
def _normal(token: str, lowercase: bool) -> str:
    token = normalize("NFKC", token).replace("’", "'")
    return token.lower() if lowercase else token


@dataclass(frozen=True)
class Tokenizer:
    """Split texts into words, or into characters with Latin words kept whole; each sign or emoji is one token."""

    unit: Unit
    lowercase: bool = True

    def __call__(self, text: str) -> list[str]:
        """The tokens, in one Unicode form and, where asked, in small letters."""
        if text.isascii():
            return _ASCII.findall(text.lower() if self.lowercase else text)
        return [_normal(token, self.lowercase) for token in _PATTERNS[self.unit].findall(text)]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Character span [begin, end) of each token in `text`."""
        pattern = _ASCII if text.isascii() else _PATTERNS[self.unit]
        return [match.span() for match in pattern.finditer(text)]


def kept(count: int, limit: int, cut: Cut) -> list[tuple[int, int]]:
    """Which of `count` tokens are read when only `limit` can be: one stretch, or the two around a cut middle."""
    if count <= limit:
        return [(0, count)]
    if cut == "end":
        return [(0, limit)]
    if cut == "start":
        return [(count - limit, count)]
    head = limit // 2
    return [(0, head), (count - (limit - head), count)]


class Vocabulary:
    """The known tokens by number. Those after SPECIALS are sorted by how often they occur, then by their characters.

    tokens: all of them, beginning with SPECIALS.
    """

    def __init__(self, tokens: Sequence[str], tokenizer: Tokenizer) -> None:
        self.tokens, self.tokenizer = list(tokens), tokenizer
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def encode(self, tokens: Iterable[str]) -> np.ndarray:
        """(T,) int32; tokens that are not known become UNKNOWN."""
        get = self.numbers.get
        return np.fromiter((get(token, UNKNOWN) for token in tokens), np.int32)

    def to_json(self) -> dict[str, Any]:
        """What vocabulary.json holds; `check` is read back by from_json."""
        probe = " ".join([*self.tokens[len(SPECIALS) : len(SPECIALS) + 20], "zyxq好?"])
        return {
            "schema": 1,
            "unit": self.tokenizer.unit,
            "lowercase": self.tokenizer.lowercase,
            "tokens": self.tokens[len(SPECIALS) :],
            "check": {"text": probe, "numbers": self.encode(self.tokenizer(probe)).tolist()},
        }

    @classmethod
    def from_json(cls, content: Any) -> "Vocabulary":
        """What to_json wrote. Raises UserError where it is damaged or reads its own check differently."""
        try:
            tokens, unit, lowercase = content["tokens"], content["unit"], content["lowercase"]
            check = content["check"]
            sound = (
                content["schema"] == 1
                and unit in _PATTERNS
                and isinstance(lowercase, bool)
                and isinstance(tokens, list)
                and all(isinstance(token, str) and token for token in tokens)
                and len(set(tokens)) == len(tokens)
                and not set(tokens) & set(SPECIALS)
            )
            if not sound:
                raise ValueError
            vocabulary = cls([*SPECIALS, *tokens], Tokenizer(unit, lowercase))
            if vocabulary.encode(vocabulary.tokenizer(check["text"])).tolist() != check["numbers"]:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError):
            raise UserError(
                _("The run's vocabulary.json is damaged or was changed by hand: train anew, or bring the run again.")
            ) from None
        return vocabulary


def learn_vocabulary(
    tokenized: Iterable[Sequence[str]], tokenizer: Tokenizer, size: int, min_count: int
) -> tuple[Vocabulary, float]:
    """The vocabulary of training texts, and the share of their tokens that it does not know."""
    counts: Counter[str] = Counter()
    for tokens in tokenized:
        counts.update(tokens)
    for special in SPECIALS:
        counts.pop(special, None)
    known = sorted((token for token, count in counts.items() if count >= min_count), key=lambda t: (-counts[t], t))
    known = known[:size]
    total = counts.total()
    share = 1 - sum(counts[token] for token in known) / total if total else 0.0
    return Vocabulary([*SPECIALS, *known], tokenizer), share
