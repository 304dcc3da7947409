"""Cross-entropy of a text in nats per character: over windows from a zero state, or over one stateful pass."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from core.backend import tf
from core.charlm.config import CharLMConfig
from core.charlm.inference.step_writer import StepWriter
from core.charlm.training.forward import TrainingForward
from core.training.devices import shard_sizes

BLOCK = 8192  # characters at once in windows
PIECE, WARM = 200_000, 2_000  # a longer text is split into pieces read in parallel, each warmed up by WARM characters
READ = 1024


class Evaluator:
    """Evaluate in float32 whatever precision training uses, since the saved model is float32."""

    def __init__(self, config: CharLMConfig, V: int, shards: int) -> None:
        self._network, self._step_writer, self._shards = TrainingForward(config), StepWriter(config, V), shards

    def window_loss(self, weights: Sequence[Any], ids: np.ndarray, T: int, limit: int | None = None) -> float:
        """Mean loss over consecutive windows of T targets of `ids` (N,), each from a zero state.

        The last window may be shorter. `limit` restricts evaluation to about that many characters, in windows spread
        evenly over the text.
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
        """Mean loss over `ids` (N,) in one stateful pass that starts from a zero state.

        A text longer than PIECE is split into parallel pieces; each starts WARM characters early to warm up its state.
        """
        pieces = -(-(len(ids) - 1) // PIECE)
        size = -(-(len(ids) - 1) // pieces)
        warm = WARM if pieces > 1 else 0
        # Column p starts with the warm-up p·size − warm … p·size, which is not counted, and then covers p·size + 1 ….
        places = np.arange(-warm, size + 1)[:, None] + np.arange(pieces) * size
        block = ids[np.clip(places, 0, len(ids) - 1)]
        counted = (np.arange(-warm, size + 1)[:, None] > 0) & (places < len(ids))
        prepared = self._step_writer.prepare([tf.convert_to_tensor(weight) for weight in weights])
        state = self._step_writer.zero_state(pieces)
        logits, total = tf.zeros((pieces, self._step_writer.width)), 0.0
        for begin, end in _read_ranges(warm, len(block)):
            if begin == warm:  # the first piece has no warm-up: reset its state
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
        """Sum of the loss of block (T + 1, B) over the targets where counted (T, B) is 1."""
        weights = [tf.convert_to_tensor(weight) for weight in weights]
        rows = shard_sizes(block.shape[1], self._shards)
        losses = []
        for part, count in zip(tf.split(block, rows, 1), tf.split(counted, rows, 1), strict=True):
            logits, _state = self._network(weights, part[:-1], self._network.zero_state(part.shape[1]))
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(part[1:], [-1]), logits)
            losses.append(tf.reduce_sum(nats * tf.reshape(count, [-1])))
        return tf.add_n(losses)


def _read_ranges(warm: int, total: int) -> list[tuple[int, int]]:
    """Ranges of at most READ steps, with one boundary at the end of the warm-up."""
    cuts = [*range(0, warm, READ), *range(warm, total, READ), total]
    return list(pairwise(cuts))
