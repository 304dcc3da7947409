"""Find exact and near duplicate texts by MinHash; 50,000 rows take seconds."""

import re
from collections.abc import Sequence

import numpy as np

from core.text_normalization import normalize

UNIT = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\W_\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")
SHINGLE = 3  # units per shingle
BANDS, ROWS = 6, 3  # a pair of Jaccard similarity 0.8 is found with 99 %, one of 0.9 with 99.96 %
SIMILAR = 0.8
PRIME = np.uint64((1 << 61) - 1)
CHUNK = 2_000_000  # shingles hashed at once


def exact_key(text: str) -> str:
    """The text without white space."""
    return " ".join(text.split())


def _units(text: str) -> list[str]:
    """Words in one form and case; in scripts without spaces each character."""
    return UNIT.findall(normalize("NFKC", text).casefold())


def groups(keys: Sequence[str]) -> np.ndarray:
    """(rows,) int64: the place of the first row with the same key."""
    first: dict[str, int] = {}
    return np.fromiter((first.setdefault(key, place) for place, key in enumerate(keys)), np.int64, len(keys))


def near_groups(texts: Sequence[str]) -> np.ndarray:
    """(rows,) int64: the place of the first of the texts that are nearly this one.

    Nearly the same are texts of the same loose key, and texts whose sets of SHINGLE neighbouring words (or Chinese
    characters) have a Jaccard similarity of SIMILAR or more. Candidates come from MinHash with banding (Broder 1997;
    Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) and are then compared exactly.
    """
    words = [_units(text) for text in texts]
    parent = groups(["".join(units) or exact_key(text) for units, text in zip(words, texts, strict=True)])
    heads = np.unique(parent)
    # In order of appearance and not as a set: what is found must not differ between two processes.
    distinct = dict.fromkeys(unit for place in heads for unit in words[place])
    ids = {unit: number for number, unit in enumerate(distinct)}
    units = [np.array([ids[unit] for unit in words[place]], np.uint64) for place in heads]
    long = [place for place, unit in enumerate(units) if len(unit) >= SHINGLE]
    if len(long) > 1:
        shingles = [_shingles(units[place]) for place in long]
        for one, other in _candidates(shingles):
            # Sets ignore repetition: also compare lengths, so that “no no” and “no no no no” are no near duplicates.
            short, long_one = sorted(len(units[long[place]]) for place in (one, other))
            if short >= SIMILAR * long_one and _jaccard(shingles[one], shingles[other]) >= SIMILAR:
                _union(parent, int(heads[long[one]]), int(heads[long[other]]))
    return np.array([_find(parent, place) for place in range(len(texts))], np.int64)


def _shingles(units: np.ndarray) -> np.ndarray:
    """The distinct runs of SHINGLE units, each as one number."""
    mixed = np.zeros(len(units) - SHINGLE + 1, np.uint64)
    for offset in range(SHINGLE):
        mixed = (mixed * np.uint64(1_000_003) + units[offset : offset + len(mixed)] + np.uint64(1)) % PRIME
    return np.unique(mixed)


def _candidates(shingles: list[np.ndarray]) -> set[tuple[int, int]]:
    """Pairs that agree in all ROWS smallest hashes of at least one band; each with the first of its bucket."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 1 << 63, BANDS * ROWS, dtype=np.uint64) | np.uint64(1)
    found: set[tuple[int, int]] = set()
    signatures = np.empty((len(shingles), BANDS * ROWS), np.uint64)
    start = 0
    while start < len(shingles):
        stop, size = start, 0
        while stop < len(shingles) and (size == 0 or size + len(shingles[stop]) <= CHUNK):
            size += len(shingles[stop])
            stop += 1
        flat = np.concatenate(shingles[start:stop])
        edges = np.cumsum([0, *(len(item) for item in shingles[start : stop - 1])])
        for column, factor in enumerate(factors):
            # Multiplicative hashing modulo 2⁶⁴: its high bits, which decide the minimum, are well mixed.
            signatures[start:stop, column] = np.minimum.reduceat(flat * factor, edges)
        start = stop
    for band in range(BANDS):
        keys = np.ascontiguousarray(signatures[:, band * ROWS : (band + 1) * ROWS])
        _values, inverse = np.unique(keys, axis=0, return_inverse=True)
        first: dict[int, int] = {}
        for place, bucket in enumerate(inverse.ravel().tolist()):
            head = first.setdefault(bucket, place)
            if head != place:
                found.add((head, place))
    return found


def _jaccard(a: np.ndarray, b: np.ndarray) -> float:
    common = len(np.intersect1d(a, b, assume_unique=True))
    return common / (len(a) + len(b) - common)


def _find(parent: np.ndarray, place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = int(parent[place])
    return place


def _union(parent: np.ndarray, one: int, other: int) -> None:
    low, high = sorted((_find(parent, one), _find(parent, other)))
    parent[high] = low
