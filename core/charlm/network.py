"""The forward pass that training differentiates: the very variables of the Keras model, states in and out."""

from typing import Any

import keras
import tensorflow as tf

from core.charlm.cells import STEPS
from core.charlm.config import CharLMConfig
from core.charlm.model import recurrent, table_of

State = list[tuple[Any, ...]]


class Network:
    """ids (B, T), state → logits (B, T, V), state after the last step. Equal to the Keras model from a zero state."""

    def __init__(self, model: keras.Model, config: CharLMConfig) -> None:
        self.config = config
        self._table = table_of(model)
        self._layers = [list(layer.weights) for layer in recurrent(model)]
        self._output = list(model.get_layer("logits").weights)

    def __call__(self, ids: Any, state: State, dropout_seed: Any = None) -> tuple[Any, State]:
        """dropout_seed: two integers for this step's dropout; None leaves dropout out."""
        x, after = tf.gather(self._table, ids), []
        for number, (weights, before) in enumerate(zip(self._layers, state, strict=True)):
            if number:
                x = self._drop(x, dropout_seed, number)
            x, last = run_layer(self.config.cell, x, before, weights)
            after.append(last)
        x = self._drop(x, dropout_seed, len(self._layers))
        return tf.einsum("btu,uv->btv", x, self._output[0]) + self._output[1], after

    def _drop(self, x: Any, seed: Any, number: int) -> Any:
        if seed is None or not self.config.dropout:
            return x
        return tf.nn.experimental.stateless_dropout(x, self.config.dropout, tf.stack([seed[0] + number, seed[1]]))


def run_layer(cell: str, x: Any, state: tuple[Any, ...], weights: list[Any]) -> tuple[Any, tuple[Any, ...]]:
    """x (B, T, D) and the state before → the hidden values (B, T, U) and the state after."""
    T = tf.shape(x)[1]
    hidden = tf.TensorArray(tf.float32, T, element_shape=(None, weights[1].shape[0]))
    columns = tf.transpose(x, (1, 0, 2))
    for t in tf.range(T):
        h, state = STEPS[cell](columns[t], state, weights)
        hidden = hidden.write(t, h)
    return tf.transpose(hidden.stack(), (1, 0, 2)), state
