import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charlm.inside import copying as module
from core.charlm.inside.copying import LONGEST, SHORTEST, Span, find_copies


def by_hand(written: list[int], source: list[int], min_length: int):
    """Novelty, the lengths of the maximal spans by their starts, and the longest length, the slow way."""

    def stands(piece: list[int]) -> bool:
        return any(source[p : p + len(piece)] == piece for p in range(len(source) - len(piece) + 1))

    n = len(written)
    longest = [max((k for k in range(1, n - i + 1) if stands(written[i : i + k])), default=0) for i in range(n)]
    novelty = {
        k: sum(longest[i] < k for i in range(n - k + 1)) / (n - k + 1) for k in range(SHORTEST, LONGEST + 1) if k <= n
    }
    spans, end = [], 0
    for i, length in enumerate(longest):
        if length >= min_length and i + length > end:
            spans.append((i, length))
            end = i + length
    return novelty, spans, max((length for length in longest if length >= SHORTEST), default=0)


texts = st.integers(1, 4).flatmap(lambda size: st.lists(st.integers(0, size), min_size=0, max_size=70))


@settings(max_examples=150, deadline=None)
@given(texts, texts, st.integers(4, 14), st.integers(0, 60))
def test_it_finds_what_a_search_by_hand_finds(written, source, min_length, copied):
    written = written + source[:copied]
    novelty, spans, longest = by_hand(written, source, min_length)
    found = find_copies(np.array(written, np.int32), np.array(source, np.int32), min_length)
    assert found.novelty == pytest.approx(novelty)
    assert [(span.start, span.length) for span in found.spans] == spans
    assert (found.longest.length if found.longest else 0) == longest
    for span in found.spans:
        assert written[span.start : span.start + span.length] == source[span.source : span.source + span.length]


def test_stretches_that_lie_across_two_blocks_are_found(monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 50)
    rng = np.random.default_rng(0)
    source = rng.integers(0, 30, 400)
    written = np.concatenate([rng.integers(30, 60, 10), source[40:160], rng.integers(30, 60, 5), source[195:205]])
    found = find_copies(written, source, 8)
    assert found.spans == (Span(10, 120, 40), Span(135, 10, 195))
    assert found.longest == Span(10, 120, 40)
    assert found.novelty[4] == pytest.approx((10 + 3 + 5 + 0) / (len(written) - 3))


def test_a_whole_copy_is_one_span_and_has_nothing_new():
    source = np.random.default_rng(1).integers(0, 60, 30_000)
    found = find_copies(source[7000:27_000], source)
    assert found.spans == (Span(0, 20_000, 7000),)
    assert set(found.novelty.values()) == {0.0}


def test_of_two_places_the_one_that_runs_on_longer_counts():
    rng = np.random.default_rng(2)
    long = rng.integers(0, 50, 60)
    source = np.concatenate([long[:25], rng.integers(50, 60, 30), long[:58], rng.integers(50, 60, 30), long[:40]])
    assert find_copies(long, source).longest == Span(0, 58, 55)


def test_of_equal_places_the_first_is_named():
    rng = np.random.default_rng(3)
    short, long = rng.integers(0, 50, 14), rng.integers(0, 50, 40)
    gap = np.arange(50, 60)
    source = np.concatenate([gap, short, gap, long, gap, short, gap, long, gap, long])
    found = find_copies(np.concatenate([short, gap + 50, long]), source)
    assert found.spans == (Span(0, 14, 10), Span(24, 40, 34))


def test_a_text_that_only_repeats_itself_ends_quickly_and_is_followed_to_its_end(monkeypatch):
    monkeypatch.setattr(module, "PAIRS", 5000)
    found = find_copies(np.tile([1, 2], 500), np.tile([1, 2], 5000))
    assert found.longest.length == 1000


def test_equal_hashes_alone_are_no_match(monkeypatch):
    monkeypatch.setattr(module._WindowHashes, "of", lambda self, k, at=None: np.zeros(self.size - k + 1, np.uint64)[
        slice(None) if at is None else at
    ])  # fmt: skip
    found = find_copies(np.arange(30), np.arange(100, 150))
    assert found.spans == ()
    assert set(found.novelty.values()) == {1.0}
    assert found.longest is None


@pytest.mark.parametrize(("n", "m"), [(0, 0), (0, 50), (3, 50), (50, 0), (50, 3)])
def test_nothing_is_found_in_texts_too_short_to_copy(n, m):
    found = find_copies(np.zeros(n, np.int32), np.zeros(m, np.int32))
    assert found.spans == ()
    assert found.longest is None
    assert all(share == 1.0 for share in found.novelty.values())
