import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from core.classifier.data.tokenizer import Tokenizer
from core.classifier.training.baselines import fit_baselines, log_count_ratio
from tests.core.classifier.reviews import chinese, sentences

ROWS = sentences(300)
TEXTS = [text for text, _label in ROWS]
Y = np.array([label == "pos" for _text, label in ROWS]).astype(int)
TOKENS = [Tokenizer("words")(text) for text in TEXTS]


def fitted(C=2, y=Y, characters=False, **more):
    return {item.name: item for item in fit_baselines(TEXTS, TOKENS, y, C, characters, **more)}


def test_tf_idf_is_that_of_scikit_learn():
    counter = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"\S+")
    X = counter.fit_transform(TEXTS)
    reference = LogisticRegression(C=2.0, solver="liblinear").fit(X, Y).predict_proba(X)
    np.testing.assert_allclose(fitted()["tfidf"].predict(TEXTS, TOKENS), reference, atol=1e-3)


def test_the_ratio_of_counts_by_hand():
    X = sparse.csr_matrix(np.array([[2, 0], [1, 1], [0, 1]], np.float32))
    inside, outside = np.array([3, 2]), np.array([1, 2])  # rows that hold it, plus one
    expected = np.log(inside / 5) - np.log(outside / 3)
    np.testing.assert_allclose(log_count_ratio(X, np.array([True, True, False])), expected)


@pytest.mark.parametrize("name", ["tfidf", "naive_bayes", "letters"])
def test_telling_words_are_found_by_every_linear_model(name):
    fresh = sentences(100, seed=9)
    texts = [text for text, _label in fresh]
    p = fitted()[name].predict(texts, [Tokenizer("words")(text) for text in texts])
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    assert np.mean(p.argmax(1) == [label == "pos" for _text, label in fresh]) > 0.97


def test_the_majority_class_knows_only_the_shares():
    p = fitted(y=np.array([0] * 200 + [1] * 100))["majority"].predict(["x"], [["x"]])
    np.testing.assert_allclose(p, [[2 / 3, 1 / 3]])


def test_many_classes_sum_to_one():
    y = np.arange(300) % 5
    for item in fitted(C=5, y=y).values():
        p = item.predict(TEXTS[:20], TOKENS[:20])
        assert p.shape == (20, 5)
        np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)


def test_chinese_is_counted_by_characters():
    rows = chinese(200)
    texts, y = [text for text, _label in rows], np.array([label == "好" for _text, label in rows]).astype(int)
    tokens = [Tokenizer("characters")(text) for text in texts]
    found = {item.name: item for item in fit_baselines(texts[:150], tokens[:150], y[:150], 2, True)}
    assert "letters" not in found
    assert np.mean(found["tfidf"].predict(texts[150:], tokens[150:]).argmax(1) == y[150:]) > 0.95


def test_texts_that_share_nothing_leave_only_the_majority():
    texts = [f"x{n}" for n in range(10)]
    found = fit_baselines(texts, [[text] for text in texts], np.arange(10) % 2, 2, True)
    assert [item.name for item in found] == ["majority"]


def test_class_weights_move_the_answer_to_the_rare_class():
    y = (np.arange(300) % 10 == 0).astype(int)
    weights = np.where(y, 10.0, 1.0)
    plain, weighted = fitted(y=y)["tfidf"], fitted(y=y, weights=weights)["tfidf"]
    assert weighted.predict(TEXTS, TOKENS)[:, 1].mean() > plain.predict(TEXTS, TOKENS)[:, 1].mean() + 0.1
