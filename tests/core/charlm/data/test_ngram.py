from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charlm.data.ngram import NGram

symbols = st.lists(st.integers(0, 4), max_size=80)


def reference(training: list[int], order: int, V: int):
    """P(w | h) by the textbook's recursion over dictionaries, written independently of the arrays."""
    grams = [
        Counter(tuple(training[t - k + 1 : t + 1]) for t in range(k - 1, len(training))) for k in range(1, order + 1)
    ]
    levels = []
    for k, counts in enumerate(grams, start=1):
        if k < order and k < len(training):
            before = defaultdict(set)
            for longer in grams[k]:
                before[longer[1:]].add(longer[0])
            counts = Counter({gram: len(before[gram]) for gram in counts if before[gram]})
        n1, n2, n3, n4 = (sum(c == n for c in counts.values()) for n in (1, 2, 3, 4))
        share = n1 / (n1 + 2 * n2) if n1 and n2 else 0.5
        D = {1: share, 2: share, 3: share}
        if n1 and n2 and n3 and n4:
            D = {c: c - (c + 1) * share * m / n for c, m, n in ((1, n2, n1), (2, n3, n2), (3, n4, n3))}
            D = {c: min(max(d, 0.05), c) for c, d in D.items()}
        levels.append((counts, D))

    def probability(history: list[int], w: int) -> float:
        p = 1 / V
        for k, (counts, D) in enumerate(levels, start=1):
            if k - 1 > len(history):
                break
            h = tuple(history[len(history) - k + 1 :])
            followers = {gram[-1]: c for gram, c in counts.items() if gram[:-1] == h}
            if not followers:
                continue
            discounts = {v: D[min(c, 3)] for v, c in followers.items()}
            seen = followers.get(w, 0) - discounts.get(w, 0)
            p = (seen + sum(discounts.values()) * p) / sum(followers.values())
        return p

    return probability


def test_probabilities_match_a_calculation_by_hand():
    # "abab": the pairs ab twice and ba once give D = 1/3; each of a and b has one predecessor, so D = 1/2 there.
    # P(a) = ½/2 + ½·⅓ = 5/12; P(b | a) = (2 − ⅓)/2 + ⅙ · 5/12 = 65/72; P(c | b) = ⅓ · P(c) = ⅓ · ⅙ = 1/18.
    model = NGram.fit(np.array([0, 1, 0, 1]), order=2, V=3)
    np.testing.assert_allclose(np.exp(model.log_prob(np.array([0, 1, 2]))), [5 / 12, 65 / 72, 1 / 18])


@settings(max_examples=60, deadline=None)
@given(symbols, symbols, st.integers(1, 5))
def test_every_probability_matches_the_textbook_recursion(training, text, order):
    got = np.exp(NGram.fit(np.array(training, int), order, V=6).log_prob(np.array(text, int)))
    probability = reference(training, order, V=6)
    want = [probability(text[:t], w) for t, w in enumerate(text)]
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_the_distribution_after_any_context_sums_to_one(order):
    random = np.random.default_rng(0)
    # Zipf-like counts, so that n1 to n4 are all there and the three discounts are in use.
    model = NGram.fit(random.zipf(1.5, 3000).clip(1, 40) % 40, order, V=41)
    for context in [[], [0], [1, 1, 1, 1], [40, 40], random.integers(0, 41, 6).tolist()]:
        total = sum(np.exp(model.log_prob(np.array([*context, w]))[-1]) for w in range(41))
        assert total == pytest.approx(1, abs=1e-12)


def test_a_symbol_never_seen_costs_much_but_never_everything():
    loss = -NGram.fit(np.zeros(1000, int), 5, V=100).log_prob(np.array([0, 0, 0, 0, 0, 99]))
    assert loss[4] < 0.01
    assert np.log(100) < loss[5] < 40


def test_without_any_training_every_symbol_is_as_likely_as_any_other():
    np.testing.assert_allclose(NGram.fit(np.array([], int), 5, V=8).log_prob(np.arange(8)), -np.log(8))


def test_higher_orders_predict_regular_text_better_and_random_text_little_worse_than_guessing():
    random = np.random.default_rng(0)
    regular = np.tile(np.array([0, 0, 1, 0, 2, 1]), 400)
    losses = [-NGram.fit(regular[:2000], order, 3).log_prob(regular[2000:]).mean() for order in (1, 2, 5)]
    assert losses[0] > losses[1] > losses[2]
    assert losses[2] < 0.05
    noise = random.integers(0, 20, 20_000)
    assert -NGram.fit(noise[:18_000], 5, 20).log_prob(noise[18_000:]).mean() == pytest.approx(np.log(20), abs=0.15)


def test_a_large_vocabulary_does_not_overflow():
    ids = np.random.default_rng(0).integers(0, 20_001, 5000)
    assert np.isfinite(NGram.fit(ids, 5, 20_001).log_prob(ids)).all()
