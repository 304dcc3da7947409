"""Token attributions of a prediction by three methods, and a deletion test that compares their faithfulness.

All scores are in log-odds, log(p / (1 - p)), of the class that is explained.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.backend import keras, tf
from core.classifier.data.tokenizer import GATHER, UNKNOWN
from core.classifier.inference.classify import Classifier, Token
from core.classifier.training.metrics import softmax
from core.classifier.training.model import attention, pair_numbers
from core.errors import UserError
from core.i18n import _

STEPS = 32
MAX_REMOVED = 400  # maximum tokens scored by leave-one-out
DRAWS = 8


@dataclass(frozen=True)
class Attribution:
    """One score per token: evidence for (above 0) or against the class.

    missing: the completeness error of integrated gradients, the log-odds difference minus the sum of the scores.
    """

    name: str
    tokens: list[Token]
    values: np.ndarray
    missing: float = 0.0


def log_odds(logits: np.ndarray, target: int, temperature: float = 1.0) -> np.ndarray:
    """(B,): log(p / (1 - p)) of class `target` for logits (B, C)."""
    p = softmax(logits, temperature)
    rest = np.delete(p, target, axis=1).sum(1)
    return np.log(np.maximum(p[:, target], 1e-12)) - np.log(np.maximum(rest, 1e-12))


class Explainer:
    """Compute attributions for a classifier. text: one text; target: number of the class to explain."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier, model = classifier, classifier.model
        names = ["token_embedding", *(["pair_embedding"] if classifier.config.bigram_buckets else [])]
        embeddings = [model.get_layer(name) for name in names]
        self._tables = [layer.embeddings for layer in embeddings]
        self._from_embeddings = keras.Model([model.input, *(layer.output for layer in embeddings)], model.output)
        vectors = tf.TensorSpec((None, None, classifier.config.width), tf.float32)
        self._gradient = tf.function(
            self._log_odds_gradient,
            input_signature=[
                tf.TensorSpec((None, None), tf.int32),
                [vectors] * len(names),
                tf.TensorSpec((), tf.int32),
            ],
        )

    def read(self, text: str) -> tuple[np.ndarray, list[Token]]:
        """Token numbers (T,) and the tokens they represent, without the leading GATHER token.

        Raises UserError for a text without tokens.
        """
        numbers = self.classifier.encode([text])[0]
        tokens = [token for token in self.classifier.tokens(text) if token.read]
        if not tokens:
            raise UserError(_("The text has no word or sign: there is nothing to explain."))
        return numbers, tokens

    @property
    def _first(self) -> int:
        return int(self.classifier.config.pooling == "first")

    def scores(self, text: str, target: int) -> list[Attribution]:
        """Attributions by every method: integrated gradients, leave-one-out, attention."""
        return [self.integrated_gradients(text, target), self.leave_one_out(text, target), self.mean_attention(text)]

    def integrated_gradients(self, text: str, target: int, steps: int = STEPS) -> Attribution:
        """Integrated gradients from a baseline of unknown tokens (Sundararajan, Taly and Yan 2017).

        The scores sum to the change of the log-odds, up to `missing`. The unknown token is a suitable baseline because
        the network has seen it in word dropout.
        """
        numbers, tokens = self.read(text)
        start = self._embedded(np.where(numbers == GATHER, GATHER, UNKNOWN))
        end = self._embedded(numbers)  # (1 or 2, T, D)
        # Gauss-Legendre quadrature needs far fewer steps than evenly spaced points.
        places, weights = np.polynomial.legendre.leggauss(steps)
        path = start[:, None] + ((places + 1) / 2)[:, None, None] * (end - start)[:, None]
        slopes = self._gradient(np.tile(numbers, (steps, 1)), list(path.astype(np.float32)), target)
        parts = [
            (np.tensordot(weights / 2, slope.numpy(), 1) * step).sum(1)
            for slope, step in zip(slopes, end - start, strict=True)
        ]
        each = parts[0]
        for pair in parts[1:]:  # split a bigram's score between its two tokens; the first token has no predecessor
            half = np.where(np.arange(len(pair)) > self._first, pair / 2, 0.0)
            each = each + pair - half + np.append(half[1:], 0.0)
        edges = self._from_embeddings([np.tile(numbers, (2, 1)), *np.stack([start, end], axis=1)], training=False)
        before, after = log_odds(np.asarray(edges), target, self.classifier.temperature)
        return Attribution("integrated_gradients", tokens, each[self._first :], float(after - before - each.sum()))

    def _embedded(self, numbers: np.ndarray) -> np.ndarray:
        """Embeddings (1 or 2, T, D) of tokens (T,), and of their bigrams where the network uses them."""
        pairs = self.classifier.config.bigram_buckets
        rows = [numbers, *([pair_numbers(numbers, pairs)] if pairs else [])]
        return np.stack([np.asarray(table)[row] for table, row in zip(self._tables, rows, strict=True)])

    def _log_odds_gradient(self, tokens, embedded, target):  # type: ignore[no-untyped-def]
        with tf.GradientTape() as tape:
            tape.watch(embedded)
            logits = self._from_embeddings([tokens, *embedded], training=False) / self.classifier.temperature
            chosen = tf.one_hot(target, tf.shape(logits)[1], on_value=True, off_value=False, dtype=tf.bool)
            rest = tf.reduce_logsumexp(tf.where(chosen, -np.inf, logits), 1)
            odds = tf.reduce_sum(logits[:, target]) - tf.reduce_sum(rest)
        return tape.gradient(odds, embedded)

    def leave_one_out(self, text: str, target: int) -> Attribution:
        """Decrease of the log-odds when a token is removed."""
        numbers, tokens = self.read(text)
        count = min(len(tokens), MAX_REMOVED)
        shorter = [self.remove_tokens(numbers, [place]) for place in range(count)]
        odds = self._log_odds([numbers, *shorter], target)
        values = np.zeros(len(tokens))
        values[:count] = odds[0] - odds[1:]
        return Attribution("leave_one_out", tokens, values)

    def remove_tokens(self, numbers: np.ndarray, places: Sequence[int] | np.ndarray) -> np.ndarray:
        """Token numbers without the tokens at `places`; one unknown token where none is left."""
        left = np.delete(numbers, np.asarray(places, int) + self._first)
        return left if len(left) > self._first else np.append(left, np.int32(UNKNOWN))

    def _log_odds(self, encoded: Sequence[np.ndarray], target: int) -> np.ndarray:
        return log_odds(self.classifier.logits(encoded), target, self.classifier.temperature)

    def attention(self, text: str) -> np.ndarray:
        """Attention weights (blocks, heads, T, T): row t attends to column s."""
        numbers, _tokens = self.read(text)
        return np.stack([block[0] for block in attention(self.classifier.model, numbers[None])])

    def mean_attention(self, text: str) -> Attribution:
        """Mean attention to each token over blocks, heads and queries.

        Not an explanation: it has no class and no sign, and need not reflect the decision (Jain and Wallace 2019).
        """
        _numbers, tokens = self.read(text)
        return Attribution("attention", tokens, self.attention(text).mean((0, 1, 2))[self._first :])


@dataclass(frozen=True)
class Deletion:
    """p: probability of the class after removing the first 0, 1, … tokens in a method's order; area: its mean.

    A smaller area means a more faithful attribution.
    """

    name: str
    p: np.ndarray
    area: float


def deletion_test(explainer: Explainer, text: str, target: int, seed: int = 0) -> list[Deletion]:
    """Remove tokens in the order of each method, and at random (mean over DRAWS orders), and record p.

    Tokens with the highest score go first. All orders stop at half of the tokens.
    """
    numbers, tokens = explainer.read(text)
    most = max(1, len(tokens) // 2)
    rng = np.random.default_rng(seed)
    orders = {scores.name: [np.argsort(-scores.values, kind="stable")] for scores in explainer.scores(text, target)}
    orders["random"] = [rng.permutation(len(tokens)) for _draw in range(DRAWS)]
    flat = [
        explainer.remove_tokens(numbers, order[:many])
        for several in orders.values()
        for order in several
        for many in range(most + 1)
    ]
    classifier = explainer.classifier
    p = softmax(classifier.logits(flat), classifier.temperature)[:, target].reshape(-1, most + 1)
    found, at = [], 0
    for name, several in orders.items():
        mean = p[at : at + len(several)].mean(0)
        at += len(several)
        found.append(Deletion(name, mean, float(mean.mean())))
    return found
