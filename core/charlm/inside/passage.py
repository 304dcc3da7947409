"""A text read by the network: the loss of each character, and the states and gates of any window.

One pass stores the losses and the state at every STRIDE-th character; a window is recomputed from the nearest stored
state, so that memory does not grow with text length × units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.charlm.data.prepare import clean
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inside.numpy_network import NumpyNetwork, State
from core.errors import UserError
from core.i18n import _

LONGEST = 20_000  # maximum characters of a text; the rest is ignored
STRIDE = 256


@dataclass(frozen=True)
class Passage:
    """symbols: the T symbols as written; ids (T,); bits (T,): −log2 P of each under the network.

    The first character is predicted from the state after a line feed, as in generation. cut: characters beyond LONGEST.
    """

    network: NumpyNetwork
    vocabulary: Vocabulary
    symbols: list[str]
    ids: np.ndarray
    bits: np.ndarray
    cut: int
    states: list[State]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def unknown(self) -> list[str]:
        """The distinct out-of-vocabulary characters, in order of appearance."""
        return list(dict.fromkeys(symbol for symbol, number in zip(self.symbols, self.ids, strict=True) if number == 0))

    def signals(self, begin: int, end: int, layer: int, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Signals `names` of a layer after each character of [begin, end), each (end − begin, U)."""
        start = begin // STRIDE
        ids = self.ids[None, start * STRIDE : end]
        reading = self.network.read(ids, self.states[start], layer, names)
        return {name: values[0, begin - start * STRIDE :] for name, values in reading.signals.items()}

    def log_probs(self, begin: int, end: int) -> np.ndarray:
        """ln P of every symbol at each place of [begin, end), (end − begin, V), given the characters before it."""
        start = max(begin - 1, 0) // STRIDE
        before = self.network.read(self.ids[None, start * STRIDE : end - 1], self.states[start])
        top = before.top[0]
        if begin == 0:
            top = np.concatenate([self.states[0][-1][0], top])
        return self.network.log_probs(top[len(top) - (end - begin) :])

    def state_before(self, place: int) -> State:
        """The network's state before the character at `place`."""
        start = place // STRIDE
        return self.network.read(self.ids[None, start * STRIDE : place], self.states[start]).state

    def top_predictions(self, begin: int, end: int, count: int = 5) -> list[list[tuple[str, float]]]:
        """For each place of [begin, end), the `count` most probable symbols with their probabilities, best first."""
        log_probs = self.log_probs(begin, end)
        count = min(count, log_probs.shape[1])
        best = np.argpartition(-log_probs, count - 1, axis=1)[:, :count]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(log_probs, best, 1), axis=1), 1)
        chances = np.exp(np.take_along_axis(log_probs, best, 1))
        return [
            [(self.vocabulary.symbols[number], float(chance)) for number, chance in zip(row, numbers, strict=True)]
            for row, numbers in zip(best.tolist(), chances, strict=True)
        ]


def read(
    network: NumpyNetwork, vocabulary: Vocabulary, text: str, *, lowercase: bool = False, nfkc: bool = False
) -> Passage:
    """Preprocess and read `text` as the run's training text. Raises UserError where it is empty."""
    cut = max(0, len(text) - LONGEST)
    text, _dropped = clean(text[:LONGEST], lowercase, nfkc)
    symbols, ids = vocabulary.split(text), vocabulary.encode(text)
    if not len(ids):
        raise UserError(_("There is no text to look at: write, choose or paste at least one character."))
    state = initial_state(network, vocabulary)
    states, bits = [state], np.empty(len(ids))
    top = state[-1][0]
    for start in range(0, len(ids), STRIDE):
        piece = ids[start : start + STRIDE]
        reading = network.read(piece[None], state)
        log_probs = network.log_probs(np.concatenate([top, reading.top[0, :-1]]))
        bits[start : start + len(piece)] = -np.take_along_axis(log_probs, piece[:, None].astype(np.int64), 1)[:, 0]
        state, top = reading.state, reading.top[0, -1:]
        states.append(state)
    return Passage(network, vocabulary, symbols, ids, bits / math.log(2), cut, states)


def initial_state(network: NumpyNetwork, vocabulary: Vocabulary) -> State:
    """The state before a text's first character: that after a line feed, as in generation without a prompt."""
    return network.read(vocabulary.encode("\n")[None]).state
