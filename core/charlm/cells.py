"""One step of each recurrent cell, in the notes' formulas and Keras' weight layout; equal to Keras' layers."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

State = tuple[Any, ...]


def lstm_step(x: Any, state: State, weights: Sequence[Any]) -> tuple[Any, State]:
    """x (B, D), state (h, c) each (B, U), weights [kernel (D, 4U), recurrent (U, 4U), bias (4U,)], columns i, f, c, o.

    f, i, o = σ(W·[h, x] + b), c' = f⊙c + i⊙tanh(W·[h, x] + b), h' = o⊙tanh(c') (Hochreiter and Schmidhuber 1997;
    the forget gate by Gers et al. 2000). Returns h' and (h', c').
    """
    kernel, recurrent, bias = weights
    h, c = state
    z_i, z_f, z_c, z_o = tf.split(tf.matmul(x, kernel) + tf.matmul(h, recurrent) + bias, 4, axis=-1)
    c = tf.sigmoid(z_f) * c + tf.sigmoid(z_i) * tf.tanh(z_c)
    h = tf.sigmoid(z_o) * tf.tanh(c)
    return h, (h, c)


def gru_step(x: Any, state: State, weights: Sequence[Any]) -> tuple[Any, State]:
    """x (B, D), state (h,), weights [kernel (D, 3U), recurrent (U, 3U), bias (2, 3U)], columns z, r, h.

    Keras' default form with `reset_after`: the reset gate acts on the product, h̃ = tanh(Wx + r⊙(Uh + b)), and
    h' = z⊙h + (1 − z)⊙h̃ (Cho et al. 2014, in the variant that cuDNN computes).
    """
    kernel, recurrent, bias = weights
    (h,) = state
    x_z, x_r, x_h = tf.split(tf.matmul(x, kernel) + bias[0], 3, axis=-1)
    h_z, h_r, h_h = tf.split(tf.matmul(h, recurrent) + bias[1], 3, axis=-1)
    z = tf.sigmoid(x_z + h_z)
    h = z * h + (1 - z) * tf.tanh(x_h + tf.sigmoid(x_r + h_r) * h_h)
    return h, (h,)


def rnn_step(x: Any, state: State, weights: Sequence[Any]) -> tuple[Any, State]:
    """x (B, D), state (h,), weights [kernel (D, U), recurrent (U, U), bias (U,)]: s_t = tanh(U·x_t + W·s_{t−1} + b)."""
    kernel, recurrent, bias = weights
    h = tf.tanh(tf.matmul(x, kernel) + tf.matmul(state[0], recurrent) + bias)
    return h, (h,)


STEPS = {"lstm": lstm_step, "gru": gru_step, "rnn": rnn_step}
STATES = {"lstm": 2, "gru": 1, "rnn": 1}
