"""Does it copy? The longest stretches of a written text that stand word for word in the training text.

Both texts are symbol ids. A window's hash is polynomial over 64 bits (Karp and Rabin 1987), built by doubling, so that
the hash of any length is one multiplication and one addition of two shorter ones; every hit is then compared
symbol by symbol. Positions of the source that do not match at length k cannot match at k + 1 and are left behind,
which is what keeps 20 million symbols quick.
"""

from dataclasses import dataclass

import numpy as np

SHORTEST, LONGEST = 4, 20  # k of the k-grams that are counted
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread
TABLE_BITS = 20  # the table stays in the processor's cache
SHIFT = np.uint64(64 - TABLE_BITS)
BLOCK, REACH = 1 << 19, 1 << 10  # source symbols at a time, for the same reason, and how far a match may reach over
NOBODY, SEVERAL = -1, -2


@dataclass(frozen=True)
class Span:
    """`length` symbols from `start` of the written text stand at `source` of the training text."""

    start: int
    length: int
    source: int


@dataclass(frozen=True)
class Copying:
    """novelty[k]: share of the written k-grams that the source does not have; spans: the maximal copied stretches of
    at least `least` symbols, in order, none inside another; longest: the longest of them, or None."""

    novelty: dict[int, float]
    spans: tuple[Span, ...]
    longest: Span | None


def copying(written: np.ndarray, source: np.ndarray, least: int = 12) -> Copying:
    """Compare `written` (n,) with `source` (m,), both integer ids; stretches of at least `least` symbols are spans."""
    written, source = np.ascontiguousarray(written), np.ascontiguousarray(source)
    n, m = len(written), len(source)
    novelty = {k: 1.0 for k in range(SHORTEST, LONGEST + 1) if k <= n}
    if min(n, m) < SHORTEST:
        return Copying(novelty, (), None)
    mine = _Hashes(written)
    tables: dict[int, _Table] = {}
    known = {k: np.zeros(n - k + 1, bool) for k in novelty}
    length = np.zeros(n, np.int64)  # of the longest match that begins here
    place = np.zeros(n, np.int64)  # where in the source
    for begin in range(0, m, BLOCK):
        block = source[begin : begin + BLOCK + REACH]
        theirs = _Hashes(block)
        candidates: np.ndarray | None = None  # positions in the block that still match something
        k = SHORTEST
        while k <= min(n, len(block)):
            table = tables.setdefault(k, _Table(mine.of(k, None)))
            candidates, where = table.match(theirs, k, candidates)
            starts = _equal(written, block, where, k)
            if not len(starts):
                break
            if k in known:
                known[k][starts] = True
            longer = starts[length[starts] < k]
            length[longer], place[longer] = k, begin + where[longer]
            k += 1 if k < LONGEST else k // 4
    _extend(written, source, length, place)
    novelty = {k: 1.0 - float(hits.mean()) for k, hits in known.items()}
    spans = _maximal(length, place, least)
    return Copying(novelty, spans, max(spans, key=lambda span: span.length, default=None))


class _Hashes:
    """Hashes of all windows of a length, from those of the powers of two."""

    def __init__(self, ids: np.ndarray) -> None:
        mixed = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
        self._powers = [mixed ^ (mixed >> np.uint64(29))]
        self.size = len(ids)

    def of(self, k: int, at: np.ndarray | None) -> np.ndarray:
        """(size − k + 1,) hashes of all windows of length k, or those at the positions `at`."""
        result: np.ndarray | None = None
        offset = 0
        for bit in reversed(range(k.bit_length())):
            if not k >> bit & 1:
                continue
            part = self._power(bit)
            stop = self.size - k + 1
            piece = part[offset : offset + stop] if at is None else part[at + offset]
            if result is None:
                result = piece
            else:
                factor = np.uint64(pow(int(BASE), 1 << bit, 1 << 64))
                result = result * factor + piece
            offset += 1 << bit
        assert result is not None
        return result

    def _power(self, bit: int) -> np.ndarray:
        while len(self._powers) <= bit:
            half = 1 << (len(self._powers) - 1)
            factor = np.uint64(pow(int(BASE), half, 1 << 64))
            last = self._powers[-1]
            self._powers.append(last[:-half] * factor + last[half:])
        return self._powers[bit]


class _Table:
    """The written windows of one length, found by the first bits of their hash; only windows that share those bits
    need a search."""

    def __init__(self, hashes: np.ndarray) -> None:
        self._ranked, self._group = np.unique(hashes, return_inverse=True)
        bits = (self._ranked >> SHIFT).astype(np.int64)
        self._slots = np.full(1 << TABLE_BITS, NOBODY, np.int32)
        self._slots[bits] = np.arange(len(bits))
        self._slots[bits[1:][bits[1:] == bits[:-1]]] = SEVERAL

    def match(self, theirs: _Hashes, k: int, candidates: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The source positions whose window of length k is one of these, and for each written window one of them or
        −1."""
        if candidates is not None:
            candidates = candidates[: np.searchsorted(candidates, theirs.size - k, side="right")]
        found = theirs.of(k, candidates)
        slot = self._slots[found >> SHIFT]
        kept = np.flatnonzero(slot != NOBODY)
        slot, found = slot[kept], found[kept]
        several = np.flatnonzero(slot == SEVERAL)
        slot[several] = np.minimum(np.searchsorted(self._ranked, found[several]), len(self._ranked) - 1)
        same = self._ranked[slot] == found
        kept, slot = kept[same], slot[same]
        positions = kept if candidates is None else candidates[kept]
        first = np.full(len(self._ranked), -1, np.int64)
        first[slot] = positions
        return positions, first[self._group]


def _equal(written: np.ndarray, source: np.ndarray, where: np.ndarray, k: int) -> np.ndarray:
    """The written windows that do stand at `where`, compared symbol by symbol: a hash alone proves nothing."""
    starts = np.flatnonzero(where >= 0)
    for offset in range(k):
        starts = starts[written[starts + offset] == source[where[starts] + offset]]
    return starts


def _extend(written: np.ndarray, source: np.ndarray, length: np.ndarray, place: np.ndarray) -> None:
    """Let each match run on as far as it does: lengths grew in strides after LONGEST."""
    growing = np.flatnonzero(length >= LONGEST)
    while len(growing):
        mine, theirs = growing + length[growing], place[growing] + length[growing]
        inside = (mine < len(written)) & (theirs < len(source))
        growing, mine, theirs = growing[inside], mine[inside], theirs[inside]
        growing = growing[written[mine] == source[theirs]]
        length[growing] += 1


def _maximal(length: np.ndarray, place: np.ndarray, least: int) -> tuple[Span, ...]:
    """The matches that are not the tail of one that begins earlier."""
    spans, end = [], 0
    for start in np.flatnonzero(length >= least):
        stop = int(start + length[start])
        if stop > end:
            spans.append(Span(int(start), int(length[start]), int(place[start])))
            end = stop
    return tuple(spans)
