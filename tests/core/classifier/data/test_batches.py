import numpy as np
import pytest

from core.classifier.data.batches import Batches, by_length, padded

RNG = np.random.default_rng(0)
TEXTS = [RNG.integers(1, 99, length) for length in RNG.integers(1, 80, 203)]


def test_an_epoch_reads_every_text_once_and_fills_its_last_batch():
    batches = Batches(TEXTS, 16, seed=0)
    assert batches.per_epoch == 13
    for epoch in (0, 1):
        rows = batches.rows(13 * epoch, 13).ravel()
        assert set(rows) == set(range(203))
        assert len(rows) == 208


def test_what_a_step_reads_depends_on_its_number_alone():
    one, other = Batches(TEXTS, 16, seed=3), Batches(TEXTS, 16, seed=3)
    whole = one.rows(0, 40)
    np.testing.assert_array_equal(np.concatenate([other.rows(at, 5) for at in range(0, 40, 5)]), whole)
    np.testing.assert_array_equal(Batches(TEXTS, 16, seed=3).rows(27, 3), whole[27:30])
    assert not (Batches(TEXTS, 16, seed=4).rows(0, 40) == whole).all()


def test_texts_of_a_batch_are_of_similar_length():
    texts = [np.ones(length, int) for length in RNG.integers(1, 200, 2000)]
    batches = Batches(texts, 16, seed=0)
    spread = np.mean([np.ptp(batches.lengths[row]) for row in batches.rows(0, batches.per_epoch)])
    assert spread < 25


def test_fewer_texts_than_a_batch_make_one_small_batch():
    batches = Batches(TEXTS[:5], 16, seed=0)
    assert (batches.size, batches.per_epoch) == (5, 1)
    assert sorted(batches.rows(7, 1)[0]) == [0, 1, 2, 3, 4]


def test_the_long_row_holds_every_text_at_its_place():
    batches = Batches(TEXTS, 16, seed=0)
    for text, start, length in zip(TEXTS, batches.starts, batches.lengths, strict=True):
        np.testing.assert_array_equal(batches.flat[start : start + length], text)


def test_groups_for_prediction_hold_every_text_once_within_the_limit():
    groups = by_length(TEXTS, 400)
    assert sorted(np.concatenate(groups)) == list(range(203))
    assert max(padded([TEXTS[at] for at in group]).size for group in groups) <= 400
    assert by_length([np.ones(1000, int)], 400)[0].tolist() == [0]


@pytest.mark.parametrize("texts", [[], [np.array([5])]])
def test_padding_by_hand(texts):
    assert padded(texts).shape[0] == len(texts)
    assert padded([np.array([1, 2]), np.array([3])]).tolist() == [[1, 2], [3, 0]]
