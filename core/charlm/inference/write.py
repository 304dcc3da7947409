"""Generate text with a trained character model, several texts in parallel, in one compiled loop."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import clean
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import Prompt, Settings
from core.charlm.inference.step_writer import CHUNK, StepWriter
from core.charlm.training.cells import State
from core.charlm.training.forward import trainable_tensors
from core.charlm.training.model import build
from core.runs.run import Run
from core.training.weights import build_with_weights

CHUNK_SECONDS = 0.1  # target duration of a streamed chunk: slower networks get shorter chunks
COLD = 1e-30  # temperature used for greedy decoding: only the argmax keeps a weight


@dataclass(frozen=True)
class Chunk:
    """New characters of each text: symbols[b][t], and probabilities (B, t) at temperature 1."""

    symbols: list[list[str]]
    probabilities: np.ndarray


class TextWriter:
    """Generate text with a trained model.

    Reproducible: the random number of a character depends only on the seed, the index of the text and the position,
    so the same prompt, settings and weights give the same text whatever the chunk size.
    """

    def __init__(
        self, model: keras.Model, config: CharLMConfig, vocabulary: Vocabulary, step_writer: StepWriter | None = None
    ) -> None:
        self.model, self.config, self.vocabulary = model, config, vocabulary
        self.step_writer = step_writer or StepWriter.shared(config, len(vocabulary))

    def clean_prompt(self, prompt: str) -> str:
        """Apply the preprocessing of the training text: line ends, control characters, case, Unicode form.

        Raises UserError for a prompt that is too long.
        """
        return clean(Prompt(prompt=prompt).prompt, self.config.lowercase, self.config.nfkc)[0]

    def stream(
        self, prompt: str, settings: Settings, chunk: int | None = None, more: Sequence[Any] = ()
    ) -> Iterator[Chunk]:
        """Yield the generated text, without the prompt, in chunks of `chunk` characters or of about CHUNK_SECONDS.

        more: additional inputs of the step writer, after the weights.
        """
        # Without a prompt, condition on a line feed.
        ids = self.vocabulary.encode(self.clean_prompt(prompt) or "\n")
        B, V = settings.count, len(self.vocabulary)
        prepared = [
            *self.step_writer.prepare([tf.convert_to_tensor(weight) for weight in trainable_tensors(self.model)]),
            *more,
        ]
        logits, state = self._read(prepared, ids, B)
        if settings.greedy:
            temperature, chances = COLD, np.zeros((settings.length, B), np.float32)
        else:
            temperature, chances = settings.temperature, uniform_numbers(settings)
        top_k = min(settings.top_k or V, V)
        sampling = (
            tf.constant(temperature, tf.float32),
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
            written, probabilities, logits, state = self.step_writer.write(
                prepared, block, tf.constant(count), state, logits, sampling, restricted
            )
            symbols = [[self.vocabulary.symbols[i] for i in row] for row in written.numpy()[:count].T]
            yield Chunk(symbols, probabilities.numpy()[:count].T)
            done += count
            count = chunk or (2 * count if time.perf_counter() - began < CHUNK_SECONDS else max(1, count // 2))

    def write(self, prompt: str, settings: Settings, more: Sequence[Any] = ()) -> list[str]:
        """Return `count` continuations of `prompt` with `length` characters each; more: as for stream()."""
        parts: list[list[str]] = [[] for _ in range(settings.count)]
        for chunk in self.stream(prompt, settings, more=more):
            for part, row in zip(parts, chunk.symbols, strict=True):
                part.extend(row)
        return ["".join(part) for part in parts]

    def _read(self, prepared: Sequence[Any], ids: np.ndarray, B: int) -> tuple[Any, list[State]]:
        """Read the prompt once and repeat its logits (B, V) and state for all B texts."""
        logits, state = self.step_writer.initial_logits(1, len(self.vocabulary)), self.step_writer.zero_state(1)
        for begin in range(0, len(ids), CHUNK):
            part = ids[begin : begin + CHUNK]
            padded = np.zeros((CHUNK, 1), np.int32)
            padded[: len(part), 0] = part
            _nats, logits, state = self.step_writer.read(prepared, padded, tf.constant(len(part)), state, logits)
        return tf.repeat(logits, B, 0), [tuple(tf.repeat(part, B, 0) for part in layer) for layer in state]


def uniform_numbers(settings: Settings) -> np.ndarray:
    """Uniform numbers (length, B) in [0, 1), one per character and text; column b depends on seed and b alone."""
    columns = [
        np.random.Generator(np.random.Philox(key=[settings.seed, number])).random(settings.length, np.float32)
        for number in range(settings.count)
    ]
    return np.stack(columns, 1)


def load_vocabulary(run: Run) -> Vocabulary:
    """Read vocabulary.json of a run. Raises UserError where it is missing or malformed."""
    return Vocabulary.from_json(run.read_json("vocabulary.json"))


def load_writer(run: Run) -> TextWriter:
    """Build a TextWriter with a run's best weights. Raises UserError where the run has saved no model yet."""
    config = run.options
    assert isinstance(config, CharLMConfig)
    vocabulary = load_vocabulary(run)
    model = build_with_weights(lambda: build(config, len(vocabulary)), run.model_path)
    return TextWriter(model, config, vocabulary)
