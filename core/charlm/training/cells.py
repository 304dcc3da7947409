"""LSTM, GRU and simple RNN cells with hand-written derivatives, in Keras' weight layout.

Each cell takes finished matrix products: `x` (B, G) is the input projection with its bias, `r` (B, G) the recurrent
projection, G = gates · U. A state is a tuple of (B, U) tensors, h first. `kept` (B, n, U) are the activations that the
backward pass reuses.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from core.backend import tf

State = tuple[Any, ...]


class Cell(NamedTuple):
    """forward(x, r, before) → (after, kept) and backward(d_after, before, kept) → (dx, dr, d_before).

    d_before excludes the gradient through r, which the caller adds as one matrix product. forward also takes
    `intervene`(gate number, value), which returns the value to use: i, f, o of an LSTM, z, s of a GRU, h of an RNN.
    """

    gates: int
    states: int
    kept: int
    forward: Callable[..., tuple[State, Any]]
    backward: Callable[[State, State, Any], tuple[Any, Any, State]]


def sigmoid(x: Any) -> Any:
    """σ(x) = ½ + ½ tanh(x/2): half the cost of the logistic function on a CPU, and free of overflow."""
    return 0.5 + 0.5 * tf.tanh(0.5 * x)


def _unchanged(gate: int, value: Any) -> Any:
    return value


def _lstm(x: Any, r: Any, before: State, intervene: Any = _unchanged) -> tuple[State, Any]:
    """i, f, o = σ(W·[h, x] + b), c' = f⊙c + i⊙tanh(W·[h, x] + b), h' = o⊙tanh(c'); columns i, f, c̃, o.

    Hochreiter and Schmidhuber 1997; the forget gate by Gers et al. 2000. One tanh serves all four gates.
    """
    z = _split_gates(x + r, 4)
    half, shift = tf.constant([[[0.5], [0.5], [1.0], [0.5]]]), tf.constant([[[0.5], [0.5], [0.0], [0.5]]])
    kept = tf.tanh(z * half) * half + shift
    i, f, g, o = tf.unstack(kept, axis=1)
    c = intervene(1, f) * before[1] + intervene(0, i) * g
    return (intervene(2, o) * tf.tanh(c), c), kept


def _lstm_back(d_after: State, before: State, kept: Any) -> tuple[Any, Any, State]:
    dh, dc = d_after
    i, f, g, o = tf.unstack(kept, axis=1)
    tanh_c = tf.tanh(f * before[1] + i * g)
    dc = dc + dh * o * (1 - tanh_c * tanh_c)
    slope = tf.where(tf.constant([[[False], [False], [True], [False]]]), 1 - kept * kept, kept * (1 - kept))
    dz = _join_gates(tf.stack([dc * g, dc * before[1], dc * i, dh * tanh_c], axis=1) * slope)
    return dz, dz, (tf.zeros_like(dh), dc * f)


def _gru(x: Any, r: Any, before: State, intervene: Any = _unchanged) -> tuple[State, Any]:
    """z, s = σ(Wx + Uh + b), h̃ = tanh(Wx + b + s⊙(Uh + b)), h' = z⊙h + (1 − z)⊙h̃; columns z, s, h̃.

    Cho et al. 2014 in Keras' default form (`reset_after`), which cuDNN computes too: the reset gate s acts on the
    product.
    """
    (x_z, x_s, x_h), (r_z, r_s, r_h) = tf.split(x, 3, axis=-1), tf.split(r, 3, axis=-1)
    z, s = intervene(0, sigmoid(x_z + r_z)), intervene(1, sigmoid(x_s + r_s))
    candidate = tf.tanh(x_h + s * r_h)
    return (z * before[0] + (1 - z) * candidate,), tf.stack([z, s, candidate, r_h], axis=1)


def _gru_back(d_after: State, before: State, kept: Any) -> tuple[Any, Any, State]:
    (dh,) = d_after
    z, s, candidate, r_h = tf.unstack(kept, axis=1)
    d_candidate = dh * (1 - z) * (1 - candidate * candidate)
    dz = dh * (before[0] - candidate) * z * (1 - z)
    ds = d_candidate * r_h * s * (1 - s)
    dx, dr = (tf.stack([dz, ds, last], axis=1) for last in (d_candidate, d_candidate * s))
    return _join_gates(dx), _join_gates(dr), (dh * z,)


def _rnn(x: Any, r: Any, before: State, intervene: Any = _unchanged) -> tuple[State, Any]:
    """s_t = tanh(U·x_t + W·s_{t−1} + b) (Elman 1990)."""
    h = intervene(0, tf.tanh(x + r))
    return (h,), h[:, None]


def _rnn_back(d_after: State, before: State, kept: Any) -> tuple[Any, Any, State]:
    (dh,) = d_after
    dz = dh * (1 - kept[:, 0] * kept[:, 0])
    return dz, dz, (tf.zeros_like(dh),)


CELLS = {
    "lstm": Cell(4, 2, 4, _lstm, _lstm_back),
    "gru": Cell(3, 1, 4, _gru, _gru_back),
    "rnn": Cell(1, 1, 1, _rnn, _rnn_back),
}


def step(cell: str, x: Any, state: State, weights: Sequence[Any]) -> tuple[Any, State]:
    """Run one step from x (B, D) with Keras weights [kernel, recurrent kernel, bias]; return h (B, U) and the state."""
    kernel, recurrent, bias = weights
    inner, outer = biases(cell, bias)
    after, _kept = CELLS[cell].forward(
        tf.linalg.matmul(x, kernel) + inner, tf.linalg.matmul(state[0], recurrent) + outer, state
    )
    return after[0], after


def biases(cell: str, bias: Any) -> tuple[Any, Any]:
    """Split a Keras bias into input bias and recurrent bias; only a GRU has the latter."""
    return (bias[0], bias[1]) if cell == "gru" else (bias, 0.0)


def _split_gates(z: Any, gates: int) -> Any:
    """(B, gates · U) → (B, gates, U)"""
    return tf.reshape(z, (tf.shape(z)[0], gates, z.shape[1] // gates))


def _join_gates(z: Any) -> Any:
    """(B, gates, U) → (B, gates · U)"""
    return tf.reshape(z, (tf.shape(z)[0], z.shape[1] * z.shape[2]))
