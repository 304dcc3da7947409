"""A recurrent layer over time with a custom gradient, several times faster than differentiating a Keras layer.

Whatever does not depend on the previous step is one large matrix product: the input projection before the loop and the
weight gradients after it. The loop contains only one small product and the compiled cell. Tensors are time-major, so
that the rows of a step are contiguous.
"""

from functools import lru_cache
from typing import Any

from core.backend import tf
from core.charlm.training.bfloat16 import from_float32, to_float32
from core.charlm.training.cells import CELLS, State, biases


@lru_cache
def _compiled_cell(cell: str, dtype: tf.DType) -> tuple[Any, Any]:
    """Compile the cell's forward and backward pass: products in `dtype`, states and sums in float32."""
    kind = CELLS[cell]

    def forward(x: Any, r: Any, bias: Any, before: State) -> Any:
        inner, outer = biases(cell, bias)
        after, kept = kind.forward(to_float32(x) + inner, to_float32(r) + outer, before)
        return after, from_float32(after[0], dtype), from_float32(kept, dtype)

    def backward(dh: Any, d_through: Any, d_after: State, before: State, kept: Any) -> Any:
        d_after = (to_float32(dh) + to_float32(d_through) + d_after[0], *d_after[1:])
        dx, dr, d_before = kind.backward(d_after, before, to_float32(kept))
        return [from_float32(part, dtype) for part in ([dx] if dr is dx else [dx, dr])], d_before

    return tuple(tf.function(part, jit_compile=True, autograph=False) for part in (forward, backward))


def scan(cell: str, x: Any, state: State, recurrent: Any, bias: Any) -> tuple[Any, State]:
    """Run a cell over x (T, B, G), the input projection without bias, with the recurrent kernel (U, G).

    x and recurrent share a dtype, float32 or bfloat16, in which products are computed. bias: as in the Keras layer,
    float32; state: (B, U) each, float32. Returns hidden values (T, B, U) in x's dtype and the state after step T.
    """
    dtype, U = x.dtype, recurrent.shape[0]
    T, B, G = x.shape
    two_biases = cell == "gru"
    forward, backward = _compiled_cell(cell, dtype)

    def rows(length: int, *shape: int, dtype: Any = dtype) -> tf.TensorArray:
        return tf.TensorArray(dtype, length, element_shape=shape, clear_after_read=False)

    @tf.custom_gradient
    def run(x: Any, recurrent: Any, bias: Any, *state: Any) -> Any:
        def forward_step(t: Any, h: Any, state: State, hidden: Any, kept: Any, before: Any) -> Any:
            before = tuple(row.write(t, part) for row, part in zip(before, state, strict=True))
            state, h, keep = forward(x[t], tf.linalg.matmul(h, recurrent), bias, state)
            return t + 1, h, state, hidden.write(t, h), kept.write(t, keep), before

        first = from_float32(state[0], dtype)
        start = (
            0,
            first,
            state,
            rows(T, B, U),
            rows(T, B, CELLS[cell].kept, U),
            tuple(rows(T, B, U, dtype=tf.float32) for _ in state),
        )
        _t, _h, after, hidden, kept, before = tf.while_loop(
            lambda t, *_: t < T, forward_step, start, parallel_iterations=1, maximum_iterations=T
        )
        outputs = hidden.stack()

        def gradient(d_outputs: Any, *d_after: Any) -> Any:
            recurrent_transposed = tf.transpose(recurrent)

            def backward_step(t: Any, through: Any, d_state: State, rows_back: Any) -> Any:
                then = tuple(row.read(t) for row in before)
                d_sums, d_state = backward(d_outputs[t], through, d_state, then, kept.read(t))
                written = [row.write(t, part) for row, part in zip(rows_back, d_sums, strict=True)]
                return t - 1, tf.linalg.matmul(d_sums[-1], recurrent_transposed), d_state, written

            nothing = tf.zeros((B, U), dtype)
            start = (T - 1, nothing, d_after, [rows(T, B, G) for _ in range(2 if two_biases else 1)])
            _t, through, d_state, rows_back = tf.while_loop(
                lambda t, *_: t >= 0, backward_step, start, parallel_iterations=1, maximum_iterations=T
            )
            d_state = (d_state[0] + tf.cast(through, tf.float32), *d_state[1:])
            dx, *dr = [row.stack() for row in rows_back]
            flat = [tf.reshape(part, (T * B, G)) for part in (dx, *dr)]
            entering = tf.reshape(tf.concat([first[None], outputs[:-1]], 0), (T * B, U))
            d_recurrent = tf.linalg.matmul(entering, flat[-1], transpose_a=True)
            ones = tf.ones((1, T * B), dtype)
            d_bias = tf.cast(tf.concat([tf.linalg.matmul(ones, part) for part in flat], 0), tf.float32)
            return dx, d_recurrent, tf.reshape(d_bias, bias.shape), *d_state

        return (outputs, *after), gradient

    outputs, *after = run(x, recurrent, bias, *state)
    return outputs, tuple(after)
