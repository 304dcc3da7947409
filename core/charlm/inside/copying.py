"""Find the longest passages of a generated text that occur verbatim in the training text.

Both texts are symbol ids. Windows are hashed by a 64-bit polynomial hash (Karp and Rabin 1987), built by doubling: the
hash of any length combines two shorter ones by one multiplication and one addition. The source is read block by block,
and each written position searches only for matches longer than its best one so far, so that after the first block few
source positions are examined twice. Every reported match is verified symbol by symbol.
"""

from dataclasses import dataclass

import numpy as np

from core.charlm.data.prepare import Text, TextOptions, clean

SHORTEST, LONGEST = 4, 20  # k of the k-grams that are counted
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, bits well spread
TABLE_BITS = 18  # so that the table fits into the processor's cache
SHIFT = np.uint64(64 - TABLE_BITS)
BLOCK = 1 << 20  # source symbols per block; the fastest size for a 20 MB source
CLASSES = (4, 6, 8)  # lengths at which the search starts, by the length of the match known so far
PAIRS = 2_000_000  # maximum (start, place) pairs of LONGEST symbols that are extended; prose has a few thousand
EMPTY, COLLISION = -1, -2


@dataclass(frozen=True)
class Span:
    """written[start : start + length] equals training[source : source + length]."""

    start: int
    length: int
    source: int


@dataclass(frozen=True)
class Copying:
    """novelty[k]: share of written k-grams that the source lacks; spans: maximal copied passages of at least
    `min_length` symbols, in order, none inside another; longest: the longest match of at least SHORTEST symbols, or
    None."""

    novelty: dict[int, float]
    spans: tuple[Span, ...]
    longest: Span | None


def find_copies(written: np.ndarray, source: np.ndarray, min_length: int = 12) -> Copying:
    """Compare `written` (n,) with `source` (m,), both integer ids; report matches of at least `min_length` as spans.

    Exact unless matches of LONGEST symbols occur at more than PAIRS places in all; then only the first are extended.
    """
    written, source = np.ascontiguousarray(written), np.ascontiguousarray(source)
    n, m = len(written), len(source)
    novelty = {k: 1.0 for k in range(SHORTEST, LONGEST + 1) if k <= n}
    if min(n, m) < SHORTEST:
        return Copying(novelty, (), None)
    search = _MatchSearch(written)
    for begin in range(0, m, BLOCK):
        search.read(source[begin : begin + BLOCK + LONGEST - 1], begin)
    length, place = search.length, search.place
    _verify(written, source, length, place)
    novelty = {k: float(np.mean(length[: n - k + 1] < k)) for k in novelty}
    _join_on_diagonals(length, place, *search.places())
    spans = _maximal_spans(written, source, length, place, min_length)
    best = int(np.argmax(length))
    short = Span(best, _common_prefix_length(written[best:], source[place[best] :]), int(place[best]))
    longest = max([*spans, short], key=lambda span: span.length)
    return Copying(novelty, spans, longest if longest.length >= SHORTEST else None)


def compare(written: str, text: Text, options: TextOptions) -> Copying:
    """Find passages of `written` in the training part of `text`, both preprocessed as `options` say."""
    ids = text.vocabulary.encode(clean(written, options.lowercase, options.nfkc)[0])
    return find_copies(ids, text.split()[0])


class _MatchSearch:
    """The longest match found so far at each written position: length, at most LONGEST, and place in the source."""

    def __init__(self, written: np.ndarray) -> None:
        hashes = _WindowHashes(written)
        self.length = np.zeros(len(written), np.int64)
        self.place = np.zeros(len(written), np.int64)
        self._tables = {k: _HashTable(hashes.of(k)) for k in range(SHORTEST, min(LONGEST, len(written)) + 1)}
        self._full: list[tuple[np.ndarray, np.ndarray]] = []

    def read(self, block: np.ndarray, begin: int) -> None:
        hashes = _WindowHashes(block)
        wanted = np.maximum(self.length + 1, SHORTEST)  # the shortest match that improves on the known one
        wanted[self.length == LONGEST] = LONGEST  # collect further places of full-length matches
        room = len(wanted) - np.arange(len(wanted))
        wanted[wanted > room] = 0
        for low, high in zip(CLASSES, (*CLASSES[1:], LONGEST + 1), strict=True):
            active = (wanted >= low) & (wanted < high)
            if active.any():
                self._extend_matches(hashes, begin, active, wanted)

    def _extend_matches(self, hashes: "_WindowHashes", begin: int, active: np.ndarray, wanted: np.ndarray) -> None:
        """Increase the length step by step, keeping the block positions that still match an `active` start."""
        k = max(low for low in CLASSES if low <= wanted[active].min())
        candidates: np.ndarray | None = None
        while k <= hashes.size:
            table = self._tables[k]
            starts = np.flatnonzero(active)
            candidates, names = table.match(hashes, k, candidates, starts)
            if not len(candidates):
                return
            first = np.full(table.count, -1, np.int64)
            first[names[::-1]] = candidates[::-1]
            found = first[table.group[starts]]
            news = (found >= 0) & (wanted[starts] <= k) & (self.length[starts] < k)
            self.length[starts[news]], self.place[starts[news]] = k, begin + found[news]
            active[starts[found < 0]] = False
            if k == LONGEST:
                self._full.append((begin + candidates, names))
                return
            # Starts matched at k continue with k + 1 where enough symbols follow; the others are done in this block.
            still = starts[(found >= 0) & (len(wanted) - starts > k)]
            active[starts] = False
            active[still] = True
            if not len(still):
                return
            k = max(k + 1, int(wanted[still].min()))

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """All pairs (start, place) of matches of LONGEST symbols."""
        if not self._full:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        positions, names = (np.concatenate(part) for part in zip(*self._full, strict=True))
        order = np.argsort(names, kind="stable")
        positions, names = positions[order], names[order]
        table = self._tables[LONGEST]
        begins = np.searchsorted(names, np.arange(table.count))
        counts = np.diff(begins, append=len(names))[table.group]
        if counts.sum() > PAIRS:
            counts = np.minimum(counts, max(1, PAIRS // int(np.count_nonzero(counts))))
        starts = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
        return starts, positions[begins[table.group[starts]] + within]


class _WindowHashes:
    """Hashes of all windows of any length, combined from the hashes of power-of-two lengths."""

    def __init__(self, ids: np.ndarray) -> None:
        mixed = (ids.astype(np.uint64) + np.uint64(1)) * np.uint64(0xC2B2AE3D27D4EB4F)
        self._powers = [mixed ^ (mixed >> np.uint64(29))]
        self.size = len(ids)

    def of(self, k: int, at: np.ndarray | None = None) -> np.ndarray:
        """(size − k + 1,) hashes of all windows of length k, or those at the positions `at`."""
        result: np.ndarray | None = None
        offset = 0
        for bit in reversed(range(k.bit_length())):
            if not k >> bit & 1:
                continue
            part = self._power(bit)
            piece = part[offset : offset + self.size - k + 1] if at is None else part[at + offset]
            result = piece if result is None else result * _factor(1 << bit) + piece
            offset += 1 << bit
        assert result is not None
        return result

    def _power(self, bit: int) -> np.ndarray:
        while len(self._powers) <= bit:
            half = 1 << (len(self._powers) - 1)
            last = self._powers[-1]
            self._powers.append(last[:-half] * _factor(half) + last[half:])
        return self._powers[bit]


def _factor(length: int) -> np.uint64:
    return np.uint64(pow(int(BASE), length, 1 << 64))


class _HashTable:
    """Hash table of the written windows of one length, addressed by the first hash bits; collisions are resolved by
    binary search. `group` is the number of the distinct window at each start."""

    def __init__(self, hashes: np.ndarray) -> None:
        self._ranked, self.group = np.unique(hashes, return_inverse=True)
        self.count = len(self._ranked)
        self._bits = (self._ranked >> SHIFT).astype(np.int64)
        self._slots = np.full(1 << TABLE_BITS, EMPTY, np.int32)
        self._slots[self._bits] = np.arange(self.count)
        self._slots[self._bits[1:][self._bits[1:] == self._bits[:-1]]] = COLLISION

    def match(
        self, theirs: _WindowHashes, k: int, candidates: np.ndarray | None, starts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions, among `candidates` or all, whose window of length k equals a start's, and that window's number."""
        wanted = np.zeros(self.count + 1, bool)
        wanted[self.group[starts]] = True
        if candidates is None:
            found = theirs.of(k)
            marks = np.zeros(1 << TABLE_BITS, bool)
            marks[self._bits[wanted[:-1]]] = True
            candidates = np.flatnonzero(marks[found >> SHIFT])
            found = found[candidates]
        else:
            candidates = candidates[: np.searchsorted(candidates, theirs.size - k, side="right")]
            found = theirs.of(k, candidates)
        names = self._slots[found >> SHIFT].astype(np.int64)
        several = np.flatnonzero(names == COLLISION)
        names[several] = np.minimum(np.searchsorted(self._ranked, found[several]), self.count - 1)
        same = (names >= 0) & (self._ranked[names] == found) & wanted[names]
        return candidates[same], names[same]


def _verify(written: np.ndarray, source: np.ndarray, length: np.ndarray, place: np.ndarray) -> None:
    """Truncate each match to the symbols that are really equal, since hashes can collide."""
    starts = np.flatnonzero(length)
    for offset in range(LONGEST):
        starts = starts[length[starts] > offset]
        differ = written[starts + offset] != source[place[starts] + offset]
        length[starts[differ]] = offset if offset >= SHORTEST else 0


def _join_on_diagonals(length: np.ndarray, place: np.ndarray, starts: np.ndarray, places: np.ndarray) -> None:
    """Merge consecutive matches of LONGEST symbols on one diagonal (place − start) into one longer match."""
    if not len(starts):
        return
    order = np.lexsort((starts, places - starts))
    starts, places = starts[order], places[order]
    diagonal = places - starts
    heads = np.flatnonzero(np.r_[True, (np.diff(diagonal) != 0) | (np.diff(starts) != 1)])
    ends = starts[heads] + np.diff(heads, append=len(starts)) + LONGEST - 1
    # Of several matches of one start the last write wins: sort by length, then by earlier place in the source.
    by_end = np.lexsort((-diagonal[heads], ends))
    reach, owner = np.zeros(len(length), np.int64), np.zeros(len(length), np.int64)
    reach[starts[heads][by_end]], owner[starts[heads][by_end]] = ends[by_end], heads[by_end]
    furthest = np.maximum.accumulate(reach)
    here = np.arange(len(length))
    since = np.maximum.accumulate(np.where(reach == furthest, here, 0))
    longer = np.flatnonzero(furthest - here > length)
    length[longer] = (furthest - here)[longer]
    place[longer] = longer + diagonal[owner[since[longer]]]


def _maximal_spans(
    written: np.ndarray, source: np.ndarray, length: np.ndarray, place: np.ndarray, min_length: int
) -> tuple[Span, ...]:
    """Extend each match to its end and drop those contained in an earlier one."""
    spans, end = [], 0
    for start in np.flatnonzero(length >= min_length).tolist():
        if start + length[start] <= end:
            continue
        found = Span(start, _common_prefix_length(written[start:], source[place[start] :]), int(place[start]))
        if found.length >= min_length and start + found.length > end:
            spans.append(found)
            end = start + found.length
    return tuple(spans)


def _common_prefix_length(a: np.ndarray, b: np.ndarray) -> int:
    """Length of the common prefix."""
    done, step = 0, 64
    while done < min(len(a), len(b)):
        first, second = a[done : done + step], b[done : done + step]
        size = min(len(first), len(second))
        differ = np.flatnonzero(first[:size] != second[:size])
        if len(differ):
            return done + int(differ[0])
        done, step = done + size, step * 2
    return done
