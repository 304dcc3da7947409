"""Encode text as symbol ids and back. Frequent grapheme clusters are one symbol each."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import regex

from core.errors import UserError
from core.i18n import _

UNKNOWN = "\ufffd"  # what a decoder leaves where it could not read, so both mean the same to the network
MAX_SYMBOLS = 20_000
MAX_CLUSTER = 32  # code points in one symbol; nothing people write needs as many
FIRST_FLAG, LAST_FLAG = 0x1F1E6, 0x1F1FF  # regional indicators; two of them are a flag
FLAG_RUN = 64
MIN_CLUSTER_COUNT = 8  # a rarer combination is written as its parts
CODE_POINTS = 0x110000
BLOCK = 1 << 22

# A grapheme cluster of several code points holds at least one of these (UAX #29, rules GB6 to GB12; CR LF is gone).
JOINING = regex.compile(
    r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}\p{GCB=Prepend}\p{GCB=RI}\p{GCB=L}\p{GCB=V}\p{GCB=T}]"
)
CLUSTER = regex.compile(r"\X")


@dataclass(frozen=True)
class Vocabulary:
    """The symbols a network knows. symbols[0] is UNKNOWN, which every character outside the vocabulary becomes.

    A symbol is one code point, or a whole grapheme cluster (an emoji of several parts, a letter with its combining
    marks) that occurs often. A cluster that is not a symbol itself is read as its code points.
    """

    symbols: tuple[str, ...]

    @classmethod
    def build(cls, counts: dict[str, int], min_count: int) -> "Vocabulary":
        """Keep what occurs `min_count` times or more, at most the MAX_SYMBOLS most frequent, in code point order."""
        frequent = [symbol for symbol, count in counts.items() if count >= min_count and symbol != UNKNOWN]
        frequent.sort(key=lambda symbol: (-counts[symbol], symbol))
        return cls((UNKNOWN, *sorted(frequent[:MAX_SYMBOLS])))

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> np.ndarray:
        """Symbol numbers of `text`, (T,) int32; 0 where the vocabulary does not hold it."""
        ids, begins = self._read(text)
        return ids if begins is None else ids[begins]

    def decode(self, ids: np.ndarray) -> str:
        """The text of (T,) symbol numbers; 0 becomes “�”."""
        return "".join(map(self.symbols.__getitem__, np.asarray(ids).tolist()))

    def split(self, text: str) -> list[str]:
        """The pieces of `text` as written, one for every number that encode() gives."""
        _ids, begins = self._read(text)
        if begins is None:
            return list(text)
        return [text[start:end] for start, end in pairwise([*np.flatnonzero(begins).tolist(), len(text)])]

    def unknown(self, text: str) -> list[str]:
        """The distinct characters of `text` that the vocabulary does not hold, in order of appearance."""
        ids, begins = self._read(text)
        places = np.flatnonzero(ids == 0 if begins is None else (ids == 0) & begins)
        return list(dict.fromkeys(text[place] for place in places.tolist()))

    def to_json(self) -> dict[str, Any]:
        return {"version": 1, "symbols": list(self.symbols)}

    @classmethod
    def from_json(cls, value: Any) -> "Vocabulary":
        """Read what to_json() wrote. Raises UserError for anything else: the file may come from a stranger."""
        symbols = value.get("symbols") if isinstance(value, dict) and value.get("version") == 1 else None
        if (
            not isinstance(symbols, list)
            or not 2 <= len(symbols) <= MAX_SYMBOLS + 1
            or not all(isinstance(symbol, str) and 1 <= len(symbol) <= MAX_CLUSTER for symbol in symbols)
            or symbols[0] != UNKNOWN
            or len(set(symbols)) != len(symbols)
            or any("\ud800" <= char <= "\udfff" for symbol in symbols for char in symbol)
        ):
            raise UserError(_("The vocabulary of this run is damaged: restore vocabulary.json or train the run again."))
        return cls(tuple(symbols))

    @cached_property
    def _table(self) -> np.ndarray:
        table = np.zeros(CODE_POINTS, np.int32)
        for number, symbol in enumerate(self.symbols):
            if len(symbol) == 1:
                table[ord(symbol)] = number
        return table

    @cached_property
    def _clusters(self) -> dict[str, int]:
        return {symbol: number for number, symbol in enumerate(self.symbols) if len(symbol) > 1}

    def _read(self, text: str) -> tuple[np.ndarray, np.ndarray | None]:
        """The symbol at every code point, (N,) int32, and which of them begin a symbol, (N,) bool; None if all do."""
        ids = self._table[code_points(text)]
        starts, found = clusters(text) if self._clusters else (np.empty(0, np.int64), [])
        if not found:
            return ids, None
        numbers = np.array([self._clusters.get(cluster, 0) for cluster in found], np.int32)
        lengths = np.array([len(cluster) for cluster in found]) * (numbers > 0)
        ids[starts[numbers > 0]] = numbers[numbers > 0]
        begins = np.ones(len(ids), bool)
        for part in range(1, lengths.max()):
            begins[starts[lengths > part] + part] = False
        return ids, begins


def count_symbols(text: str, min_count: int) -> dict[str, int]:
    """How often each symbol would occur in `text` if none were folded, most frequent first.

    Clusters of several code points are whole where they occur max(min_count, MIN_CLUSTER_COUNT) times, else in parts.
    """
    counts = histogram(code_points(text))
    _starts, found = clusters(text)
    least = max(min_count, MIN_CLUSTER_COUNT)
    whole = {c: count for c, count in Counter(found).items() if count >= least and len(c) <= MAX_CLUSTER}
    for cluster, count in whole.items():
        for char in cluster:
            counts[ord(char)] -= count
    whole |= {chr(code): int(counts[code]) for code in np.flatnonzero(counts)}
    return dict(sorted(whole.items(), key=lambda item: (-item[1], item[0])))


def clusters(text: str) -> tuple[np.ndarray, list[str]]:
    """Where every grapheme cluster of several code points begins, (N,) int64, and the clusters.

    The same as matching \\X over the whole text, but only code points beside a joining one are looked at: two
    neighbours of which neither joins are always two clusters.
    """
    codes = code_points(text)
    joining = np.zeros(CODE_POINTS, bool)
    if not text.isascii():
        joining[[code for code in np.flatnonzero(histogram(codes)) if JOINING.match(chr(code))]] = True
    if not joining.any():
        return np.empty(0, np.int64), []
    near = joining[codes]
    near[:-1] |= near[1:].copy()
    near[1:] |= joining[codes[:-1]]
    places = np.flatnonzero(near)
    # The stretches are laid one after another with a line feed between, which never joins.
    apart = (np.diff(places, prepend=places[:1]) > 1) | _flag_cuts(codes[places])
    shifted = np.arange(len(places)) + np.cumsum(apart)
    stretches = np.full(shifted[-1] + 1, ord("\n"), "<u4")
    stretches[shifted] = codes[places]
    origin = np.zeros(len(stretches), np.int64)
    origin[shifted] = places
    found = CLUSTER.findall(stretches.tobytes().decode("utf-32-le"))
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    starts = np.cumsum(lengths) - lengths
    return origin[starts[lengths > 1]], [cluster for cluster in found if len(cluster) > 1]


def _flag_cuts(codes: np.ndarray) -> np.ndarray:
    """Where a run of regional indicators may be cut without parting a flag, (N,) bool: after every FLAG_RUN of them.

    At each of them \\X looks back to the first of its run, which costs the square of the run's length.
    """
    flag = (codes >= FIRST_FLAG) & (codes <= LAST_FLAG)
    places = np.arange(len(codes))
    first = np.maximum.accumulate(np.where(flag, -1, places)) + 1  # of the run that each place belongs to
    within = places - first
    return flag & (within > 0) & (within % FLAG_RUN == 0)


def code_points(text: str) -> np.ndarray:
    """(N,) code points of `text`, in one byte each where they fit."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def histogram(codes: np.ndarray) -> np.ndarray:
    """How often each code point occurs, (CODE_POINTS,) int64; block by block, for bincount widens what it counts."""
    total = np.zeros(CODE_POINTS, np.int64)
    for start in range(0, len(codes), BLOCK):
        part = np.bincount(codes[start : start + BLOCK])
        total[: len(part)] += part
    return total
