"""The loss on a text, in nats per character: from a zero state in windows, or as one carried stream."""

from typing import Any

import numpy as np
import tensorflow as tf

from core.charlm.model import zero_state

ROWS = 64  # windows or streams at once


def windows_loss(forward: Any, config: Any, ids: np.ndarray, T: int, limit: int | None = None) -> float:
    """Mean loss over all windows of T targets of `ids` (N,), the state zero at the start of each.

    forward(x (B, T), state) → (logits (B, T, V), state). With `limit`, at most about that many characters are read,
    evenly spread.
    """
    T = min(T, len(ids) - 1)
    count = (len(ids) - 1) // T
    starts = np.arange(count) * T
    if limit and count * T > limit:
        starts = starts[np.linspace(0, count - 1, max(1, limit // T)).astype(int)]
    total, seen = 0.0, 0
    for begin in range(0, len(starts), ROWS):
        rows = starts[begin : begin + ROWS]
        block = ids[rows[:, None] + np.arange(T + 1)]
        total += float(_loss_sum(forward, block, zero_state(config, len(rows)))[0])
        seen += len(rows) * T
    return total / seen


def stream_loss(forward: Any, config: Any, ids: np.ndarray, T: int = 256) -> float:
    """Mean loss over `ids` (N,) read as one stream whose state is carried from the first character to the last."""
    state = zero_state(config, 1)
    total, seen = 0.0, 0
    for begin in range(0, len(ids) - 1, T):
        block = ids[None, begin : begin + T + 1]
        loss, state = _loss_sum(forward, block, state)
        total += float(loss)
        seen += block.shape[1] - 1
    return total / seen


def _loss_sum(forward: Any, block: np.ndarray, state: Any) -> tuple[Any, Any]:
    logits, state = forward(tf.constant(block[:, :-1]), state)
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.constant(block[:, 1:]), logits)
    return tf.reduce_sum(loss), state
