"""Sample the next character from logits, with operations that XLA can compile inside a loop."""

from typing import Any

from core.backend import tf

NEVER = -1e9


def sample_by_cdf(weights: Any, chance: Any) -> Any:
    """Inverse-CDF sampling: the first index (B,) whose cumulative sum of weights (B, V) ≥ 0 exceeds chance · total.

    chance: (B,) uniform numbers in [0, 1). The cumulative sum is two small matrix products over √V × √V blocks,
    which is faster than tf.cumsum under XLA.
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
    # Rounding can make the last sums differ slightly: choose only indices with a positive weight, and always one.
    reached = (running > chance[:, None] * running[:, -1:]) & (weights > 0)
    return tf.argmax(tf.where(reached, 2.0, tf.where(weights >= 1, 1.0, 0.0)), -1, tf.int32)


def filter_top_k_top_p(logits: Any, top_k: Any, top_p: Any) -> Any:
    """Set logits (B, V) outside the top k and outside the top-p nucleus (Holtzman et al. 2020) to NEVER.

    The likeliest always stays: a top_p under 1e-38 is 0 in float32 and would leave nothing.
    """
    ranked = tf.sort(logits, direction="DESCENDING")
    mass = tf.cumsum(tf.nn.softmax(ranked), axis=-1, exclusive=True)
    rank = tf.range(ranked.shape[-1])
    inside = ((mass < top_p) & (rank < top_k)) | (rank == 0)
    lowest = tf.reduce_min(tf.where(inside, ranked, -NEVER), axis=-1, keepdims=True)
    return tf.where(logits >= lowest, logits, NEVER)
