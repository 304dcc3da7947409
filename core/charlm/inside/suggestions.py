"""What may come next while a person writes: characters, and short continuations, with their probabilities."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from core.charlm.data.prepare import clean
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import COLDEST
from core.charlm.inside.numpy_network import NumpyNetwork, State

KEPT = 64  # texts whose state is remembered, so that undo and branches cost nothing
BEAM, LONGEST = 24, 16  # continuations followed at once, and the most characters of one
CANDIDATES = 8  # characters that a continuation may go on with


class Suggestion(NamedTuple):
    """A text that could come next, and its probability at the temperature asked for."""

    text: str
    probability: float


class _Beam(NamedTuple):
    """Characters that could come next, their probability, and which of the beams before they go on from."""

    chance: float
    numbers: tuple[int, ...]
    row: int


class Suggestions:
    """Offers for a text that grows; it reads only what is new since a text that it knows."""

    def __init__(
        self, network: NumpyNetwork, vocabulary: Vocabulary, *, lowercase: bool = False, nfkc: bool = False
    ) -> None:
        self.network, self.vocabulary, self._reading = network, vocabulary, (lowercase, nfkc)
        self._known: OrderedDict[str, tuple[State, np.ndarray]] = OrderedDict()

    def characters(self, text: str, temperature: float, count: int = 6) -> list[Suggestion]:
        """The likeliest next characters, best first."""
        _state, log_probs = self._state_after(text)
        chances = apply_temperature(log_probs[None], temperature)[0]
        best = np.argsort(-chances)[:count]
        return [
            Suggestion(self.vocabulary.symbols[number], float(chances[number]))
            for number in best
            if chances[number] > 0
        ]

    def continuations(self, text: str, temperature: float, count: int = 5) -> list[Suggestion]:
        """The likeliest ways to the end of this word or the next, by beam search; best first."""
        state, log_probs = self._state_after(text)
        log_probs = log_probs[None]
        beams, done = [_Beam(1.0, (), 0)], list[_Beam]()
        for length in range(1, LONGEST + 1):
            chances = apply_temperature(log_probs, temperature)
            likeliest = np.argsort(-chances, axis=1)[:, :CANDIDATES].tolist()
            grown = [
                _Beam(beam.chance * float(chances[row, number]), (*beam.numbers, number), row)
                for row, beam in enumerate(beams)
                for number in likeliest[row]
                if chances[row, number] > 0
            ]
            grown = sorted(grown, key=lambda beam: -beam.chance)[:BEAM]
            ended = [length == LONGEST or self._is_complete(beam.numbers) for beam in grown]
            done += [beam for beam, end in zip(grown, ended, strict=True) if end]
            done = sorted(done, key=lambda beam: -beam.chance)[:count]
            beams = [beam for beam, end in zip(grown, ended, strict=True) if not end]
            # A longer text is never likelier than its beginning: what is open cannot overtake a full list any more.
            if not beams or (len(done) == count and beams[0].chance <= done[-1].chance):
                break
            rows = [beam.row for beam in beams]
            state = [tuple(part[rows] for part in layer) for layer in state]
            reading = self.network.read(np.array([[beam.numbers[-1]] for beam in beams]), state)
            state, log_probs = reading.state, self._log_probs(reading.top[:, -1])
        return [Suggestion(self.vocabulary.decode(np.array(beam.numbers)), beam.chance) for beam in done]

    def _is_complete(self, numbers: tuple[int, ...]) -> bool:
        """A continuation ends with the word: before or after its first space, or with a mark or line end."""
        last, rest = self.vocabulary.symbols[numbers[-1]], numbers[:-1]
        if last.isalnum():
            return False
        return last != " " or any(self.vocabulary.symbols[number] != " " for number in rest)

    def _state_after(self, text: str) -> tuple[State, np.ndarray]:
        text = clean(text, *self._reading)[0] or "\n"  # without a text it begins as a line does
        if text not in self._known:
            start = max((known for known in self._known if text.startswith(known)), key=len, default="")
            state = self._known[start][0] if start else None
            # A symbol of several code points may reach over the seam.
            ids, rest = self.vocabulary.encode(text), len(self.vocabulary.encode(start)) if start else 0
            if start and not np.array_equal(ids[:rest], self.vocabulary.encode(start)):
                state, rest = None, 0
            reading = self.network.read(ids[None, rest:], state)
            self._known[text] = reading.state, self._log_probs(reading.top[0, -1])
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(text)
        return self._known[text]

    def _log_probs(self, top: np.ndarray) -> np.ndarray:
        """ "Unknown" stands for many characters: it can be read, never written."""
        log_probs = self.network.log_probs(top)
        log_probs[..., 0] = -np.inf
        return log_probs


def apply_temperature(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    """(B, V) → probabilities; below COLDEST all of it on the likeliest."""
    if temperature < COLDEST:
        return np.eye(log_probs.shape[1])[log_probs.argmax(axis=1)]
    scaled = (log_probs - log_probs.max(axis=1, keepdims=True)) / temperature
    chances = np.exp(scaled)
    return chances / chances.sum(axis=1, keepdims=True)
