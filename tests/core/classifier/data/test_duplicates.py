import time

import numpy as np
import pytest

from core.classifier.data.duplicates import exact_key, near_groups


def test_white_space_does_not_make_a_text_different():
    assert exact_key(" a \n b ") == "a b"


def words(rng, count):
    return [f"w{number}" for number in rng.integers(0, 3000, count)]


@pytest.mark.parametrize(("changed", "same"), [(1, True), (2, True), (20, False)])
def test_texts_of_similar_words_are_one_group(changed, same):
    rng = np.random.default_rng(0)
    first = words(rng, 60)
    second = list(first)
    for place in range(changed):
        second[place * 3] = "other"
    found = near_groups([" ".join(words(rng, 60)), " ".join(first), " ".join(second)])
    assert found.tolist() == [0, 1, 1 if same else 2]


def test_nearly_all_near_duplicates_are_found_and_nothing_else():
    rng = np.random.default_rng(1)
    texts = []
    for _pair in range(300):
        one = words(rng, 40)
        other = list(one)
        other[int(rng.integers(40))] = "changed"
        texts += [" ".join(one), " ".join(other)]
    found = near_groups(texts)
    partner = np.arange(600) // 2 * 2
    assert np.mean(found == partner) > 0.99
    assert set(found.tolist()) >= set(range(0, 600, 2))


def test_chinese_texts_are_compared_by_characters():
    text = "今天的外卖送得很快味道也不错下次还会再来点这家店的菜"
    assert near_groups([text, text[:-1] + "饭", "完全不同的一句话没有相同的地方"]).tolist() == [0, 0, 2]


@pytest.mark.exhaustive
def test_fifty_thousand_rows_take_seconds():
    rng = np.random.default_rng(2)
    texts = [" ".join(words(rng, 15)) for _row in range(50_000)]
    began = time.process_time()
    near_groups(texts)
    assert time.process_time() - began < 60


def test_thousands_of_the_same_row_are_one_group():
    assert near_groups(["the same text again and again"] * 5000).tolist() == [0] * 5000
