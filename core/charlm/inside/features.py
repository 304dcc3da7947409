"""Features of a text that a cell may track: one boolean or numeric value after each character."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.i18n import N_, _, translated_fields

QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」", "『": "』"}
BRACKETS = {"(": ")", "[": "]", "{": "}", "（": "）", "【": "】", "《": "》"}
SENTENCE_ENDS = frozenset(".!?…。！？")
VOWELS = frozenset("aeiouаеёиоуыэюяαεηιουω")

Values = np.ndarray


@translated_fields("title")
@dataclass(frozen=True)
class Feature:
    """compute maps T symbols to values (T,), from the symbols read so far (or, where the name says so, the next one);
    amount: the value is numeric, not boolean."""

    title: str
    compute: Callable[[Sequence[str]], Values]
    amount: bool = False


def inside_quotes(symbols: Sequence[str]) -> Values:
    """1 from an opening mark to just before its closing one; a blank line closes an unmatched mark."""
    result, closing = np.zeros(len(symbols)), ""
    for t, symbol in enumerate(symbols):
        if closing:
            if symbol == closing or _blank_line(symbols, t):
                closing = ""
        else:
            closing = QUOTES.get(symbol, "")
        result[t] = bool(closing)
    return result


def inside_brackets(symbols: Sequence[str]) -> Values:
    """Nesting depth of brackets; a blank line closes all."""
    result, open_ones = np.zeros(len(symbols)), list[str]()
    for t, symbol in enumerate(symbols):
        if symbol in BRACKETS:
            open_ones.append(BRACKETS[symbol])
        elif open_ones and symbol == open_ones[-1]:
            open_ones.pop()
        elif _blank_line(symbols, t):
            open_ones.clear()
        result[t] = len(open_ones)
    return result


def _blank_line(symbols: Sequence[str], t: int) -> bool:
    return symbols[t] == "\n" and t > 0 and symbols[t - 1] == "\n"


def _distance_since(begins: np.ndarray) -> Values:
    """Number of symbols since the last position where `begins` (T,) is true; 0 at that position."""
    here = np.arange(len(begins))
    return (here - np.maximum.accumulate(np.where(begins, here, 0))).astype(float)


def _current_symbol(test: Callable[[str], bool]) -> Callable[[Sequence[str]], Values]:
    return lambda symbols: np.array([test(symbol) for symbol in symbols], float)


def _next_symbol(test: Callable[[str], bool]) -> Callable[[Sequence[str]], Values]:
    return lambda symbols: np.array([test(symbol) for symbol in [*symbols[1:], ""]][: len(symbols)], float)


def _vowel(symbol: str) -> bool:
    return bool(symbol) and unicodedata.normalize("NFD", symbol.lower())[0] in VOWELS


def word_ends(symbols: Sequence[str]) -> Values:
    """1 at the last letter or digit of a word, which depends on the next symbol."""
    letters = np.array([*map(str.isalnum, symbols), False])
    return (letters[:-1] & ~letters[1:]).astype(float)


FEATURES = {
    "quotes": Feature(N_("inside quotation marks"), inside_quotes),
    "brackets": Feature(N_("depth inside brackets"), inside_brackets, amount=True),
    "line": Feature(
        N_("position in the line"),
        lambda symbols: _distance_since(_current_symbol(lambda s: s == "\n")(symbols) > 0),
        amount=True,
    ),
    "word": Feature(
        N_("position in the word"),
        lambda symbols: _distance_since(_current_symbol(str.isalnum)(symbols) == 0),
        amount=True,
    ),
    "capital": Feature(N_("a capital letter"), _current_symbol(lambda symbol: symbol != symbol.lower())),
    "digit": Feature(N_("a digit"), _current_symbol(str.isnumeric)),
    "sentence": Feature(N_("the end of a sentence"), _current_symbol(lambda symbol: symbol in SENTENCE_ENDS)),
    "space": Feature(N_("a space or line end"), _current_symbol(str.isspace)),
    "vowel-next": Feature(N_("a vowel comes next"), _next_symbol(_vowel)),
    "word-end": Feature(N_("the last letter of a word"), word_ends),
}


def words(symbols: Sequence[str], chosen: Sequence[str]) -> Values:
    """1 inside every case-insensitive occurrence of one of the `chosen` words.

    A word that starts or ends with a letter matches only at a word boundary there.
    """
    text = [symbol.lower() for symbol in symbols]
    line, begins = "".join(text), np.cumsum([0, *map(len, text)])
    result = np.zeros(len(symbols))
    for word in {word.strip().lower() for word in chosen} - {""}:
        at = line.find(word)
        while at >= 0:
            end = at + len(word)
            joined = (_joins(line[at - 1 : at], word[0])) or (_joins(word[-1], line[end : end + 1]))
            if not joined:
                result[np.searchsorted(begins, at, side="right") - 1 : np.searchsorted(begins, end)] = 1
            at = line.find(word, at + 1)
    return result


def _joins(left: str, right: str) -> bool:
    """Whether two adjacent characters belong to one word; always False for scripts without spaces."""
    return left.isalnum() and right.isalnum() and not (_spaceless(left) or _spaceless(right))


def _spaceless(char: str) -> bool:
    return unicodedata.category(char) == "Lo" and ord(char) >= 0x2E80


def compute_features(symbols: Sequence[str], chosen: Sequence[str] = ()) -> dict[str, Values]:
    """Values (T,) of every feature in FEATURES by name, plus "words" where words are chosen."""
    found = {name: feature.compute(symbols) for name, feature in FEATURES.items()}
    if any(word.strip() for word in chosen):
        found["words"] = words(symbols, chosen)
    return found


def title(name: str, chosen: Sequence[str] = ()) -> str:
    if name == "words":
        return _("inside the words {words}").format(words=", ".join(word.strip() for word in chosen if word.strip()))
    return FEATURES[name].title


def is_amount(name: str) -> bool:
    return name in FEATURES and FEATURES[name].amount
