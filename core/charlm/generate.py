"""Writing: the state is carried from character to character, one compiled loop, many texts at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.charlm.cells import STEPS
from core.charlm.config import CharLMConfig
from core.charlm.data import clean
from core.charlm.model import build, recurrent, table_of, zero_state
from core.charlm.settings import MAX_PROMPT, Settings
from core.charlm.vocabulary import Vocabulary
from core.errors import UserError
from core.i18n import _
from core.runs.run import Run

CHUNK = 64  # characters a compiled call writes
NEVER = -1e9


@dataclass(frozen=True)
class Chunk:
    """Some more characters of each text: symbols[b][t] and its probability under the network, before temperature."""

    symbols: list[list[str]]
    probabilities: np.ndarray


class Writer:
    """Writes with a trained model. The same prompt, settings and weights write the same text, in chunks of any size."""

    def __init__(self, model: keras.Model, config: CharLMConfig, vocabulary: Vocabulary) -> None:
        self.model, self.config, self.vocabulary = model, config, vocabulary
        self._table = table_of(model)
        self._layers = [list(layer.weights) for layer in recurrent(model)]
        self._output = list(model.get_layer("logits").weights)
        # "Unknown" stands for many characters: it can be read, never written.
        self._barred = tf.one_hot(0, len(vocabulary)) * NEVER
        self._read = tf.function(self._read_on)
        self._write = tf.function(self._write_on, jit_compile=True)

    def clean_prompt(self, prompt: str) -> str:
        """The prompt as the run's own text was read: line ends, control characters, case, form."""
        if len(prompt) > MAX_PROMPT:
            raise UserError(_("The prompt has more than {limit:,} characters.").format(limit=MAX_PROMPT))
        return clean(prompt, self.config.lowercase, self.config.nfkc)[0]

    def stream(self, prompt: str, settings: Settings) -> Iterator[Chunk]:
        """Yield the text in chunks as it is written; the prompt itself is not repeated."""
        # Without a prompt a text begins as a line does.
        ids = self.vocabulary.encode(self.clean_prompt(prompt) or "\n")
        B, V = settings.count, len(self.vocabulary)
        state, logits = self._read(_padded(ids), tf.constant(len(ids)), zero_state(self.config, B))
        top_k = min(settings.top_k or V, V)
        knobs = (
            tf.constant(1.0 if settings.greedy else settings.temperature),
            tf.constant(settings.greedy),
            tf.constant(top_k),
            tf.constant(settings.top_p),
        )
        done = 0
        logits = tf.ensure_shape(logits, (B, V))
        while done < settings.length:
            state, logits, written, probabilities = self._write(
                state, logits, tf.constant([settings.seed, done]), knobs
            )
            take = min(CHUNK, settings.length - done)
            symbols = [[self.vocabulary.symbols[i] for i in row] for row in written.numpy()[:, :take]]
            yield Chunk(symbols, probabilities.numpy()[:, :take])
            done += take

    def write(self, prompt: str, settings: Settings) -> list[str]:
        """`count` texts of `length` characters that go on from `prompt`."""
        texts = ["" for _ in range(settings.count)]
        for chunk in self.stream(prompt, settings):
            texts = [text + "".join(row) for text, row in zip(texts, chunk.symbols, strict=True)]
        return texts

    def step(self, ids: Any, state: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], Any]:
        """One character, ids (B,): the next state and the logits (B, V) of what follows."""
        x = tf.gather(self._table, ids)
        after = []
        for layer, weights in zip(state, self._layers, strict=True):
            x, new = STEPS[self.config.cell](x, layer, weights)
            after.append(new)
        return after, tf.matmul(x, self._output[0]) + self._output[1] + self._barred

    def _read_on(self, ids: Any, count: Any, state: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], Any]:
        """Carry the state through the first `count` of a prompt's ids, the same for all B texts."""
        B = state[0][0].shape[0]
        logits = tf.zeros((B, len(self.vocabulary)))
        for i in tf.range(count):
            state, logits = self.step(tf.fill([B], ids[i]), state)
        return state, logits

    def _write_on(self, state: Any, logits: Any, place: Any, knobs: Any) -> Any:
        """CHUNK characters; the chance of each comes from the seed and its number alone."""
        B, V = logits.shape
        temperature, greedy, top_k, top_p = knobs
        written = tf.TensorArray(tf.int32, CHUNK, element_shape=(B,))
        chances = tf.TensorArray(tf.float32, CHUNK, element_shape=(B,))
        for t in tf.range(CHUNK):
            noise = tf.random.stateless_uniform((B, V), tf.stack([place[0], place[1] + t]), 1e-20, 1.0)
            gumbel = -tf.math.log(-tf.math.log(noise))
            kept = _restrict(logits / temperature, top_k, top_p)
            chosen = tf.where(greedy, tf.argmax(logits, -1, tf.int32), tf.argmax(kept + gumbel, -1, tf.int32))
            written = written.write(t, chosen)
            chances = chances.write(t, tf.gather(tf.nn.softmax(logits), chosen, batch_dims=1))
            state, logits = self.step(chosen, state)
        return state, logits, tf.transpose(written.stack()), tf.transpose(chances.stack())


def _padded(ids: np.ndarray) -> Any:
    """`ids` filled up to a power of two, so that prompts of many lengths share a few compiled functions."""
    size = 1 << max(4, (len(ids) - 1).bit_length())
    return tf.constant(np.pad(ids, (0, size - len(ids))))


def _restrict(logits: Any, top_k: Any, top_p: Any) -> Any:
    """Push out what is not among the k likeliest or not in the nucleus that holds top_p (Holtzman et al. 2020)."""
    ranked = tf.sort(logits, direction="DESCENDING")
    mass = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    inside = (mass < top_p) & (tf.range(tf.shape(ranked)[-1]) < top_k)
    lowest = tf.reduce_min(tf.where(inside, ranked, tf.fill(tf.shape(ranked), -NEVER)), axis=-1, keepdims=True)
    return tf.where(logits >= lowest, logits, tf.fill(tf.shape(logits), NEVER))


def load_vocabulary(run: Run) -> Vocabulary:
    """The vocabulary of a run. Raises UserError where it is missing or no vocabulary."""
    return Vocabulary.from_json(run.read_json("vocabulary.json"))


def load_writer(run: Run) -> Writer:
    """The writer of a run's best weights. Raises UserError where there is no whole model yet."""
    config = run.options
    assert isinstance(config, CharLMConfig)
    vocabulary = load_vocabulary(run)
    model = build(config, len(vocabulary))
    from core.training.weights import load_weights

    load_weights(model, run.model_path)
    return Writer(model, config, vocabulary)
