"""Writing: the state is carried from character to character, one compiled loop, many texts at once."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.charlm.cells import State
from core.charlm.config import CharLMConfig
from core.charlm.data import clean
from core.charlm.model import build
from core.charlm.network import trained
from core.charlm.settings import MAX_PROMPT, Settings
from core.charlm.stepper import Stepper
from core.charlm.vocabulary import Vocabulary
from core.errors import UserError
from core.i18n import _
from core.runs.run import Run
from core.training.weights import load_weights

CHUNK = 256  # characters that a compiled call reads or writes at most
CHUNK_SECONDS = 0.1  # a large network gets shorter chunks, so that something is seen of it
NEVER = -1e9
COLD = 1e-30  # at this temperature only the likeliest is left, and the first of equals


@dataclass(frozen=True)
class Chunk:
    """Some more characters of each text: symbols[b][t] and its probability under the network, before temperature."""

    symbols: list[list[str]]
    probabilities: np.ndarray


class Writer:
    """Writes with a trained model. The same prompt, settings and weights write the same text, in chunks of any size:
    which character is drawn is a function of the seed, the text's number and the character's place alone."""

    def __init__(
        self, model: keras.Model, config: CharLMConfig, vocabulary: Vocabulary, stepper: Stepper | None = None
    ) -> None:
        self.model, self.config, self.vocabulary = model, config, vocabulary
        self.stepper = stepper or Stepper(config, len(vocabulary))
        # "Unknown" stands for many characters: it can be read, never written.
        self._barred = tf.one_hot(0, len(vocabulary)) * NEVER

    def clean_prompt(self, prompt: str) -> str:
        """The prompt as the run's own text was read: line ends, control characters, case, form."""
        if len(prompt) > MAX_PROMPT:
            raise UserError(_("The prompt has more than {limit:,} characters.").format(limit=MAX_PROMPT))
        return clean(prompt, self.config.lowercase, self.config.nfkc)[0]

    def stream(self, prompt: str, settings: Settings, chunk: int | None = None) -> Iterator[Chunk]:
        """Yield the text in chunks as it is written, of `chunk` characters or as many as a moment gives.

        The prompt itself is not repeated.
        """
        # Without a prompt a text begins as a line does.
        ids = self.vocabulary.encode(self.clean_prompt(prompt) or "\n")
        B, V = settings.count, len(self.vocabulary)
        prepared = self.stepper.prepare([tf.convert_to_tensor(weight) for weight in trained(self.model)])
        logits, state = self._read(prepared, ids, B)
        chances = np.zeros((settings.length, B), np.float32) if settings.greedy else draws(settings)
        top_k = min(settings.top_k or V, V)
        knobs = (
            tf.constant(COLD if settings.greedy else settings.temperature, tf.float32),
            tf.constant(top_k),
            tf.constant(settings.top_p, tf.float32),
        )
        restricted = top_k < V or settings.top_p < 1
        done, count = 0, chunk or 16
        while done < settings.length:
            count = min(count, CHUNK, settings.length - done)
            block = np.zeros((CHUNK, B), np.float32)
            block[:count] = chances[done : done + count]
            began = time.perf_counter()
            written, probabilities, logits, state = self._write(
                prepared, block, tf.constant(count), state, logits, knobs, restricted
            )
            symbols = [[self.vocabulary.symbols[i] for i in row] for row in written.numpy()[:count].T]
            yield Chunk(symbols, probabilities.numpy()[:count].T)
            done += count
            count = chunk or (2 * count if time.perf_counter() - began < CHUNK_SECONDS else max(1, count // 2))

    def write(self, prompt: str, settings: Settings) -> list[str]:
        """`count` texts of `length` characters that go on from `prompt`."""
        parts: list[list[str]] = [[] for _ in range(settings.count)]
        for chunk in self.stream(prompt, settings):
            for part, row in zip(parts, chunk.symbols, strict=True):
                part.extend(row)
        return ["".join(part) for part in parts]

    def _read(self, prepared: Sequence[Any], ids: np.ndarray, B: int) -> tuple[Any, list[State]]:
        """The logits (B, V) after a prompt and the state, the same for all B texts."""
        logits, state = tf.zeros((1, len(self.vocabulary))), self.stepper.zero_state(1)
        for begin in range(0, len(ids), CHUNK):
            part = ids[begin : begin + CHUNK]
            padded = np.zeros((CHUNK, 1), np.int32)
            padded[: len(part), 0] = part
            _nats, logits, state = self.stepper.read(prepared, padded, tf.constant(len(part)), state, logits)
        return tf.repeat(logits, B, 0), [tuple(tf.repeat(part, B, 0) for part in layer) for layer in state]

    @tf.function(jit_compile=True, autograph=False)
    def _write(
        self, prepared: Any, chances: Any, count: Any, state: Any, logits: Any, knobs: Any, restricted: bool
    ) -> Any:
        """`count` characters, each by its chance (CHUNK, B) in [0, 1)."""
        (temperature, top_k, top_p), (T, B) = knobs, chances.shape

        def body(t: Any, written: Any, probabilities: Any, logits: Any, state: Any) -> Any:
            cold = logits + self._barred
            cold -= tf.reduce_max(cold, -1, keepdims=True)
            warm = cold / temperature
            chosen = choose(tf.exp(_restrict(warm, top_k, top_p) if restricted else warm), chances[t])
            weights = tf.exp(cold)
            probability = tf.gather(weights, chosen, batch_dims=1) / tf.reduce_sum(weights, -1)
            logits, state = self.stepper.step(prepared, chosen, state)
            return t + 1, written.write(t, chosen), probabilities.write(t, probability), logits, state

        rows = [tf.TensorArray(dtype, T, element_shape=(B,)) for dtype in (tf.int32, tf.float32)]
        _t, written, probabilities, logits, state = tf.while_loop(
            lambda t, *_: t < count, body, (tf.constant(0), *rows, logits, state), maximum_iterations=T
        )
        return written.stack(), probabilities.stack(), logits, state


def draws(settings: Settings) -> np.ndarray:
    """(length, B) numbers in [0, 1): one for each character of each text, the same whatever else is asked for."""
    columns = [
        np.random.Generator(np.random.Philox(key=[settings.seed, number])).random(settings.length, np.float32)
        for number in range(settings.count)
    ]
    return np.stack(columns, 1)


def choose(weights: Any, chance: Any) -> Any:
    """The first character (B,) at which the running sum of weights (B, V) ≥ 0 exceeds chance · their sum.

    The sum runs over rows of about √V and then inside them, as two small matrix products.
    """
    B, V = weights.shape
    n = 1
    while n * n < V:
        n += 1
    rows = tf.reshape(tf.pad(weights, [[0, 0], [0, n * n - V]]), (B, n, n))
    upto = tf.linalg.band_part(tf.ones((n, n)), 0, -1)
    before = tf.linalg.matmul(tf.reduce_sum(rows, -1), upto - tf.eye(n))
    running = tf.reshape(tf.linalg.matmul(tf.reshape(rows, (B * n, n)), upto), (B, n, n)) + before[:, :, None]
    running = tf.reshape(running, (B, n * n))[:, :V]
    # Rounding may leave the last sums a little apart: only what has a weight can be chosen, and something always is.
    reached = (running > chance[:, None] * running[:, -1:]) & (weights > 0)
    return tf.argmax(tf.where(reached, 2.0, tf.where(weights >= 1, 1.0, 0.0)), -1, tf.int32)


def _restrict(logits: Any, top_k: Any, top_p: Any) -> Any:
    """Push out what is not among the k likeliest or not in the nucleus that holds top_p (Holtzman et al. 2020)."""
    ranked = tf.sort(logits, direction="DESCENDING")
    mass = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    inside = (mass < top_p) & (tf.range(ranked.shape[-1]) < top_k)
    lowest = tf.reduce_min(tf.where(inside, ranked, -NEVER), axis=-1, keepdims=True)
    return tf.where(logits >= lowest, logits, NEVER)


def load_vocabulary(run: Run) -> Vocabulary:
    """The vocabulary of a run. Raises UserError where it is missing or no vocabulary."""
    return Vocabulary.from_json(run.read_json("vocabulary.json"))


def load_writer(run: Run) -> Writer:
    """The writer of a run's best weights. Raises UserError where there is no whole model yet."""
    config = run.options
    assert isinstance(config, CharLMConfig)
    vocabulary = load_vocabulary(run)
    model = build(config, len(vocabulary))
    load_weights(model, run.model_path)
    return Writer(model, config, vocabulary)
