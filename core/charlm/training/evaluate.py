"""The loss on a text, in nats per character: from a zero state in windows, or as one carried stream."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from core.backend import tf
from core.charlm.config import CharLMConfig
from core.charlm.inference.step_writer import StepWriter
from core.charlm.training.forward import TrainingForward

BLOCK = 8192  # characters at once in windows
PIECE, WARM = 200_000, 2_000  # a longer stream is read in pieces at once, each after the characters before it
READ = 1024


class Evaluator:
    """In float32 whatever training multiplies in, so that the figures are those of the model as it is kept."""

    def __init__(self, config: CharLMConfig, V: int, shards: int) -> None:
        self._network, self._step_writer, self._shards = TrainingForward(config), StepWriter(config, V), shards

    def window_loss(self, weights: Sequence[Any], ids: np.ndarray, T: int, limit: int | None = None) -> float:
        """Mean loss over windows of T targets that cover `ids` (N,), the state zero at the start of each.

        The last window holds what is left. With `limit`, only windows of about so many characters are read, evenly
        spread over the text.
        """
        T = min(T, len(ids) - 1)
        starts = np.arange(0, len(ids) - 1, T)
        if limit and len(ids) > limit:
            starts = starts[np.linspace(0, len(starts) - 1, max(1, limit // T)).astype(int)]
        places = starts[:, None] + np.arange(T + 1)
        counts = (places[:, 1:] < len(ids)).astype(np.float32)
        blocks = ids[np.minimum(places, len(ids) - 1)]
        B = max(1, min(len(starts), BLOCK // T))
        total = 0.0
        for begin in range(0, len(starts), B):
            chosen = np.resize(np.arange(begin, min(begin + B, len(starts))), B)  # the last block repeats itself
            counted = counts[chosen] * (np.arange(B) < len(starts) - begin)[:, None]
            total += float(self._loss(list(weights), blocks[chosen].T, counted.T))
        return total / float(counts.sum())

    def stream_loss(self, weights: Sequence[Any], ids: np.ndarray) -> float:
        """Mean loss over `ids` (N,) read once from a zero state to the end, all targets counted.

        Over PIECE characters, pieces are read side by side, each beginning WARM characters earlier than it counts.
        """
        pieces = -(-(len(ids) - 1) // PIECE)
        size = -(-(len(ids) - 1) // pieces)
        warm = WARM if pieces > 1 else 0
        # Column p holds the characters p·size − warm … p·size, whose loss is another's, and p·size + 1 …, which count.
        places = np.arange(-warm, size + 1)[:, None] + np.arange(pieces) * size
        block = ids[np.clip(places, 0, len(ids) - 1)]
        counted = (np.arange(-warm, size + 1)[:, None] > 0) & (places < len(ids))
        prepared = self._step_writer.prepare([tf.convert_to_tensor(weight) for weight in weights])
        state = self._step_writer.zero_state(pieces)
        logits, total = tf.zeros((pieces, self._step_writer.width)), 0.0
        for begin, end in _read_ranges(warm, len(block)):
            if begin == warm:  # nothing stands before the first piece
                state = [
                    tuple(part * (np.arange(pieces) > 0).astype(np.float32)[:, None] for part in layer)
                    for layer in state
                ]
            padded = np.zeros((READ, pieces), np.int32)
            padded[: end - begin] = block[begin:end]
            nats, logits, state = self._step_writer.read(prepared, padded, tf.constant(end - begin), state, logits)
            total += float((nats.numpy()[: end - begin] * counted[begin:end]).sum(dtype=np.float64))
        return total / float(counted.sum())

    @tf.function(autograph=False)
    def _loss(self, weights: Any, block: Any, counted: Any) -> Any:
        """block (T + 1, B) → the sum over the counted (T, B) targets."""
        weights = [tf.convert_to_tensor(weight) for weight in weights]
        rows = [len(part) for part in np.array_split(np.arange(block.shape[1]), min(self._shards, block.shape[1]))]
        losses = []
        for part, count in zip(tf.split(block, rows, 1), tf.split(counted, rows, 1), strict=True):
            logits, _state = self._network(weights, part[:-1], self._network.zero_state(part.shape[1]))
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(part[1:], [-1]), logits)
            losses.append(tf.reduce_sum(nats * tf.reshape(count, [-1])))
        return tf.add_n(losses)


def _read_ranges(warm: int, total: int) -> list[tuple[int, int]]:
    """Stretches of at most READ that end where the warming does."""
    cuts = [*range(0, warm, READ), *range(warm, total, READ), total]
    return list(pairwise(cuts))
