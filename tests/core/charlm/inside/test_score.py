import math

import keras
import numpy as np
import pytest

from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inside import passage
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.score import (
    WHICH_UNKNOWN,
    TextScore,
    fit_ngrams,
    rank_runs,
    score_with_network,
    score_with_ngram,
)
from core.errors import UserError
from tests.core.charlm.inside.conftest import LETTERS, trained

TEXT = "abc abd\n" * 30


def read(text, vocabulary=LETTERS, seed=1):
    model, _config = trained(seed=seed)
    return model, passage.read(NumpyNetwork.from_keras(model, "lstm"), vocabulary, text)


def test_bits_per_character_are_the_cross_entropy_in_bits():
    model, found = read(TEXT)
    ids = LETTERS.encode("\n" + TEXT)
    loss = float(keras.losses.sparse_categorical_crossentropy(ids[None, 1:], model(ids[None, :-1]))[0].numpy().mean())
    assert score_with_network("a", found).per_character == pytest.approx(loss / math.log(2), abs=1e-5)


def test_the_unigram_baseline_is_the_entropy_of_the_letters():
    training = LETTERS.encode("aab" * 4000)
    _model, found = read("aabaab")
    score = score_with_ngram("letters", found, fit_ngrams(training, len(LETTERS))[1])
    assert score.bits == pytest.approx(-np.log2([2 / 3, 2 / 3, 1 / 3] * 2), abs=0.01)


def test_the_table_of_five_knows_a_text_that_it_was_counted_on():
    _model, found = read(TEXT)
    tables = fit_ngrams(LETTERS.encode(TEXT * 20), len(LETTERS))
    assert (
        score_with_ngram("5", found, tables[5]).per_character
        < 0.3
        < score_with_ngram("1", found, tables[1]).per_character
    )


def test_an_unknown_character_pays_for_which_one_it_is():
    _model, found = read("abXa")
    score = score_with_network("a", found)
    assert score.unknown == 1
    assert score.bits[2] == pytest.approx(found.bits[2] + WHICH_UNKNOWN)
    assert score.total == pytest.approx(found.bits.sum() + WHICH_UNKNOWN)


def test_a_symbol_of_several_code_points_counts_as_that_many_characters():
    vocabulary = Vocabulary(("\ufffd", "\n", "a", "e\u0301", *"bcdefghij"))
    _model, found = read("ae\u0301a", vocabulary)
    score = score_with_network("a", found)
    assert len(found.ids) == 3
    assert len(score.bits) == 4
    assert score.bits[2] == 0


def test_the_run_with_fewest_bits_explains_the_text_best_and_clearly():
    rng = np.random.default_rng(0)
    good = TextScore("good", rng.uniform(1, 3, 400), 0)
    bad = TextScore("bad", good.bits + rng.normal(0.3, 0.5, 400), 0)
    verdict = rank_runs([bad, good])
    assert [one.name for one in verdict.scores] == ["good", "bad"]
    assert verdict.margin == pytest.approx(bad.total - good.total)
    assert verdict.clear


def test_two_runs_that_differ_by_noise_only_are_too_close_to_call():
    rng = np.random.default_rng(1)
    base = rng.uniform(1, 3, 400)
    verdict = rank_runs([TextScore("a", base, 0), TextScore("b", base + rng.normal(0, 0.5, 400), 0)])
    assert not verdict.clear
    assert verdict.certainty is not None


def test_a_short_text_and_one_run_alone_decide_nothing():
    ones = np.ones(159)
    assert rank_runs([TextScore("a", ones, 0), TextScore("b", ones * 3, 0)]).certainty is None
    assert rank_runs([TextScore("a", ones, 0), TextScore("b", np.ones(160), 0)]).certainty is None
    with pytest.raises(UserError, match="at least two"):
        rank_runs([TextScore("a", ones, 0)])
