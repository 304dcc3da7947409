"""Which character comes: the draw from a network's logits, as part of a compiled loop."""

from typing import Any

from core.backend import tf

NEVER = -1e9


def sample_by_cdf(weights: Any, chance: Any) -> Any:
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


def filter_top_k_top_p(logits: Any, top_k: Any, top_p: Any) -> Any:
    """Push out what is not among the k likeliest or not in the nucleus that holds top_p (Holtzman et al. 2020)."""
    ranked = tf.sort(logits, direction="DESCENDING")
    mass = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    inside = (mass < top_p) & (tf.range(ranked.shape[-1]) < top_k)
    lowest = tf.reduce_min(tf.where(inside, ranked, -NEVER), axis=-1, keepdims=True)
    return tf.where(logits >= lowest, logits, NEVER)
