"""bfloat16 in and out of compiled code, as integers: XLA's own conversion costs more than the cell around it."""

from typing import Any

from core.backend import tf


def to_float32(x: Any) -> Any:
    """float32 of a bfloat16 tensor, exactly; a float32 tensor as it is."""
    if x.dtype != tf.bfloat16:
        return x
    bits = tf.cast(tf.bitcast(x, tf.uint16), tf.uint32)
    return tf.bitcast(tf.bitwise.left_shift(bits, tf.constant(16, tf.uint32)), tf.float32)


def from_float32(x: Any, dtype: Any) -> Any:
    """`x`, float32, as `dtype`: for bfloat16 rounded to the nearest, halves away from zero; infinity stays."""
    if dtype != tf.bfloat16:
        return x
    bits = tf.bitcast(x, tf.uint32) + tf.constant(0x8000, tf.uint32)
    bits = tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))
    return tf.bitcast(tf.cast(bits, tf.uint16), tf.bfloat16)
