"""Majority and linear baselines on the same split, fitted within seconds, for comparison with the network."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.i18n import N_
from core.scikit import CountVectorizer, LogisticRegression, TfidfTransformer, TfidfVectorizer

PENALTY = 2.0  # scikit-learn's C, the inverse of the L2 penalty
MAX_FEATURES = 400_000
MAX_LETTERS = 4_000_000  # characters of training text up to which n-grams of letters are counted
MAX_WEIGHTED_CLASSES = 20
TFIDF = {
    True: N_("TF-IDF of characters + logistic regression"),
    False: N_("TF-IDF of words + logistic regression"),
}
WEIGHTED = {
    True: N_("naive-Bayes-weighted characters + logistic regression"),
    False: N_("naive-Bayes-weighted words + logistic regression"),
}

Tokens = Sequence[Sequence[str]]
Texts = Sequence[str]


@dataclass(frozen=True)
class Baseline:
    """A baseline model. predict(texts, tokens) → (B, C) probabilities; linear: it can act as distillation teacher.

    label: an untranslated message, since it is stored in the run; translate it for display.
    """

    name: str
    label: str
    predict: Callable[[Texts, Tokens], np.ndarray]
    linear: bool
    seconds: float


def fit_baselines(
    texts: Texts,
    tokens: Tokens,
    y: np.ndarray,
    C: int,
    characters: bool,
    weights: np.ndarray | None = None,
    quick: bool = False,
) -> list[Baseline]:
    """The majority class and linear models on n-grams, fitted on the training part.

    texts: as written, tokens: the same cut up, y: (B,) class numbers below C, characters: whether a token is a
    character, so that n-grams of three are taken instead of two; weights: (B,) how much each row counts; quick: stop
    after TF-IDF.
    """
    shares = np.bincount(y, minlength=C) / len(y)
    found = [
        Baseline("majority", N_("Majority class"), lambda texts, tokens: np.tile(shares, (len(texts), 1)), False, 0)
    ]

    def add(name: str, label: str, began: float, predict: Callable[[Texts, Tokens], np.ndarray]) -> None:
        found.append(Baseline(name, label, predict, True, time.perf_counter() - began))

    began = time.perf_counter()
    counter = CountVectorizer(
        analyzer=_grams(3 if characters else 2), min_df=2, max_features=MAX_FEATURES, dtype=np.float32
    )
    try:
        X = counter.fit_transform(tokens)
    except ValueError:  # no n-gram occurs twice: there is nothing to count
        return found
    tfidf = TfidfTransformer(sublinear_tf=True).fit(X)
    model = _regression(C).fit(tfidf.transform(X), y, sample_weight=weights)
    label = TFIDF[characters]
    add("tfidf", label, began, lambda _texts, tokens: model.predict_proba(tfidf.transform(counter.transform(tokens))))
    if quick:
        return found
    if C <= MAX_WEIGHTED_CLASSES:
        began = time.perf_counter()
        weighted = NaiveBayesWeighted(C).fit(X, y, weights)
        label = WEIGHTED[characters]
        add("naive_bayes", label, began, lambda _texts, tokens: weighted.predict(counter.transform(tokens)))
    if not characters and sum(map(len, texts)) <= MAX_LETTERS:
        began = time.perf_counter()
        letters = TfidfVectorizer(
            analyzer="char",
            ngram_range=(1, 5),
            sublinear_tf=True,
            min_df=2,
            max_features=MAX_FEATURES,
            dtype=np.float32,
        )
        letter_model = _regression(C).fit(letters.fit_transform(texts), y, sample_weight=weights)
        label = N_("TF-IDF of letters + logistic regression")
        add("letters", label, began, lambda texts, _tokens: letter_model.predict_proba(letters.transform(texts)))
    return found


class NaiveBayesWeighted:
    """One-vs-rest logistic regression on n-grams weighted by naive-Bayes log-count ratios (NBSVM of Wang and Manning
    2012, with a logistic instead of a hinge loss)."""

    def __init__(self, C: int) -> None:
        self.C = C
        self.parts: list[tuple[np.ndarray, LogisticRegression]] = []

    def fit(self, X: Any, y: np.ndarray, weights: np.ndarray | None = None) -> "NaiveBayesWeighted":
        """X: (B, F) counts, y: (B,) class numbers, weights: (B,)."""
        for number in range(1, 2) if self.C == 2 else range(self.C):
            ratio = log_count_ratio(X, y == number)
            model = _regression(2, 0.1 * PENALTY).fit(_scaled(X, ratio), y == number, sample_weight=weights)
            self.parts.append((ratio, model))
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(B, C) probabilities."""
        found = np.stack([model.predict_proba(_scaled(X, ratio))[:, 1] for ratio, model in self.parts], axis=1)
        if self.C == 2:
            return np.concatenate([1 - found, found], axis=1)
        return found / np.maximum(found.sum(1, keepdims=True), 1e-12)


def log_count_ratio(X: Any, positive: np.ndarray) -> np.ndarray:
    """Log ratio (F,) of the frequencies of nonzero X (B, F) in and outside `positive` (B,), with add-one smoothing."""
    there = X > 0
    inside = 1.0 + np.asarray(there[positive].sum(0)).ravel()
    outside = 1.0 + np.asarray(there[~positive].sum(0)).ravel()
    return np.log(inside / inside.sum()) - np.log(outside / outside.sum())


def _scaled(X: Any, ratio: np.ndarray) -> Any:
    return (X > 0).multiply(ratio.astype(np.float32)).tocsr()


def _regression(C: int, penalty: float = PENALTY) -> LogisticRegression:
    return LogisticRegression(C=penalty, solver="liblinear" if C == 2 else "lbfgs", max_iter=200)


def _grams(longest: int) -> Callable[[Sequence[str]], list[str]]:
    """Analyzer of token n-grams up to `longest`, joined by a separator that no token contains."""

    def grams(tokens: Sequence[str]) -> list[str]:
        found = list(tokens)
        for size in range(2, longest + 1):
            found += ["\x1f".join(tokens[at : at + size]) for at in range(len(tokens) - size + 1)]
        return found

    return grams
