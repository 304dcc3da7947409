"""Convert between float32 and bfloat16 by integer operations: on a CPU, XLA's own cast is slower than the cell."""

from typing import Any

from core.backend import tf


def to_float32(x: Any) -> Any:
    """Convert a bfloat16 tensor exactly to float32; return a float32 tensor unchanged."""
    if x.dtype != tf.bfloat16:
        return x
    bits = tf.cast(tf.bitcast(x, tf.uint16), tf.uint32)
    return tf.bitcast(tf.bitwise.left_shift(bits, tf.constant(16, tf.uint32)), tf.float32)


def from_float32(x: Any, dtype: Any) -> Any:
    """Convert float32 `x` to `dtype`; to bfloat16 rounding half away from zero and keeping infinity."""
    if dtype != tf.bfloat16:
        return x
    bits = tf.bitcast(x, tf.uint32) + tf.constant(0x8000, tf.uint32)
    bits = tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))
    return tf.bitcast(tf.cast(bits, tf.uint16), tf.bfloat16)
