"""Suggest next characters and short continuations of a growing text, with their probabilities."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from core.charlm.data.prepare import clean
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import is_greedy
from core.charlm.inside.numpy_network import NumpyNetwork, State

KEPT = 64  # texts whose state is cached, so that undo and branches need no rereading
BEAM, LONGEST = 24, 16  # beam width, and maximum characters of a continuation
CANDIDATES = 8  # expansions per beam


class Suggestion(NamedTuple):
    """A possible continuation and its probability at the given temperature."""

    text: str
    probability: float


class _Beam(NamedTuple):
    """A partial continuation: its probability, its symbol ids, and the row of the beam that it extends."""

    chance: float
    numbers: tuple[int, ...]
    row: int


class Suggestions:
    """Suggestions for a growing text; only the characters after the longest cached prefix are read."""

    def __init__(
        self, network: NumpyNetwork, vocabulary: Vocabulary, *, lowercase: bool = False, nfkc: bool = False
    ) -> None:
        self.network, self.vocabulary, self._reading = network, vocabulary, (lowercase, nfkc)
        self._known: OrderedDict[str, tuple[State, np.ndarray]] = OrderedDict()

    def characters(self, text: str, temperature: float, count: int = 6) -> list[Suggestion]:
        """The most probable next characters, best first."""
        _state, log_probs = self._state_after(text)
        chances = apply_temperature(log_probs[None], temperature)[0]
        best = np.argsort(-chances)[:count]
        return [
            Suggestion(self.vocabulary.symbols[number], float(chances[number]))
            for number in best
            if chances[number] > 0
        ]

    def continuations(self, text: str, temperature: float, count: int = 5) -> list[Suggestion]:
        """The most probable continuations to the end of this word or the next, by beam search; best first."""
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
            # Probabilities only decrease with length: once the list is full and better, no open beam can enter it.
            if not beams or (len(done) == count and beams[0].chance <= done[-1].chance):
                break
            rows = [beam.row for beam in beams]
            state = [tuple(part[rows] for part in layer) for layer in state]
            reading = self.network.read(np.array([[beam.numbers[-1]] for beam in beams]), state)
            state, log_probs = reading.state, self._log_probs(reading.top[:, -1])
        return [Suggestion(self.vocabulary.decode(np.array(beam.numbers)), beam.chance) for beam in done]

    def _is_complete(self, numbers: tuple[int, ...]) -> bool:
        """Whether a continuation is complete: at the end of a word, a punctuation mark or a line end."""
        last, rest = self.vocabulary.symbols[numbers[-1]], numbers[:-1]
        if last.isalnum():
            return False
        return last != " " or any(self.vocabulary.symbols[number] != " " for number in rest)

    def _state_after(self, text: str) -> tuple[State, np.ndarray]:
        text = clean(text, *self._reading)[0] or "\n"  # condition on a line feed where there is no text
        if text not in self._known:
            start = max((known for known in self._known if text.startswith(known)), key=len, default="")
            state = self._known[start][0] if start else None
            # A symbol of several code points can span the end of the cached prefix.
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
        """Log-probabilities without the "unknown" symbol, which is valid as input, never as output."""
        log_probs = self.network.log_probs(top)
        log_probs[..., 0] = -np.inf
        return log_probs


def apply_temperature(log_probs: np.ndarray, temperature: float) -> np.ndarray:
    """Convert log-probabilities (B, V) to probabilities at a temperature; a greedy one gives one-hot at the argmax."""
    if is_greedy(temperature):
        return np.eye(log_probs.shape[1])[log_probs.argmax(axis=1)]
    scaled = (log_probs - log_probs.max(axis=1, keepdims=True)) / temperature
    chances = np.exp(scaled)
    return chances / chances.sum(axis=1, keepdims=True)
