"""The differentiable forward pass of training: it uses the Keras model's weights and is time-major."""

from collections.abc import Sequence
from typing import Any

from core.backend import keras, tf
from core.charlm.config import CharLMConfig
from core.charlm.training.bfloat16 import from_float32
from core.charlm.training.cells import CELLS, State
from core.charlm.training.dropout import Masks, PartMasks
from core.charlm.training.scan import scan

FEW_SYMBOLS = 512  # up to this vocabulary the lookup's gradient is faster as a product with one-hot rows


class TrainingForward:
    """Stateful forward pass; from a zero state it equals the Keras model up to float32 rounding."""

    def __init__(self, config: CharLMConfig) -> None:
        self.config = config
        begin = bool(config.embedding)
        self.biases = {begin + 3 * number + 2 for number in range(config.layers)} | {begin + 3 * config.layers + 1}

    def zero_state(self, B: int) -> list[State]:
        """Zero state: for each layer (h, c) of an LSTM or (h,) of the others, (B, U) each."""
        zeros = tf.zeros((B, self.config.units))
        return [(zeros,) * CELLS[self.config.cell].states for _ in range(self.config.layers)]

    @tf.function(jit_compile=True, autograph=False)
    def cast_matrices(self, weights: Sequence[Any]) -> list[Any]:
        """Cast all matrices to bfloat16, and with them the products; biases stay float32."""
        return [w if place in self.biases else from_float32(w, tf.bfloat16) for place, w in enumerate(weights)]

    def __call__(
        self, weights: Sequence[Any], ids: Any, state: Sequence[State], masks: Masks | PartMasks | None = None
    ) -> tuple[Any, list[State]]:
        """Map ids (T, B), static shape, to logits (T · B, V) float32 and the final state.

        weights: trainable weights in the model's order, possibly from cast_matrices(); their dtype is the products'.
        masks: those of the step for these rows of the batch; None disables dropout.
        """
        T, B = ids.shape
        dropout, weight_dropout = self.config.dropout, self.config.weight_dropout
        rest = list(weights)
        table = rest.pop(0) if self.config.embedding else None
        after = []
        hidden: Any = None
        for number, before in enumerate(state):
            kernel, recurrent, bias, *rest = rest
            if number:
                hidden = masks.rows(hidden, dropout, number) if masks else hidden
                x = tf.reshape(tf.linalg.matmul(_flat(hidden), kernel), (T, B, kernel.shape[1]))
            else:
                x = _project_inputs(table, kernel, ids)
            # DropConnect (Wan et al. 2013), as Merity et al. 2018 regularise an LSTM: one mask for all T steps.
            recurrent = masks.weights(recurrent, weight_dropout, number + 1) if masks else recurrent
            hidden, last = scan(self.config.cell, x, before, recurrent, bias)
            after.append(last)
        output, bias = rest
        hidden = masks.rows(hidden, dropout, self.config.layers) if masks else hidden
        logits = tf.linalg.matmul(_flat(hidden), output)
        return tf.cast(logits, tf.float32) + bias, after


def trainable_tensors(model: keras.Model) -> list[Any]:
    """The model's trainable variables as tf.Variable, in the order that TrainingForward expects."""
    return [variable.value for variable in model.trainable_variables]


def _project_inputs(table: Any, kernel: Any, ids: Any) -> Any:
    """The first layer's input projection (T, B, G): a lookup in E·K where that is cheaper than (E[ids])·K."""
    if table is None:
        return lookup(kernel, ids)
    if table.shape[0] <= ids.shape[0] * ids.shape[1]:
        return lookup(tf.linalg.matmul(table, kernel), ids)
    rows = tf.linalg.matmul(_flat(lookup(table, ids)), kernel)
    return tf.reshape(rows, (*ids.shape, kernel.shape[1]))


@tf.custom_gradient
def lookup(table: Any, ids: Any) -> Any:
    """Gather rows of `table` (V, D) for ids (T, B) → (T, B, D); the gradient is accumulated in float32."""

    def gradient(d_rows: Any) -> Any:
        flat, which = _flat(d_rows), tf.reshape(ids, [-1])
        if table.shape[0] <= FEW_SYMBOLS:
            return tf.linalg.matmul(tf.one_hot(which, table.shape[0], dtype=table.dtype), flat, transpose_a=True), None
        added = tf.math.unsorted_segment_sum(tf.cast(flat, tf.float32), which, table.shape[0])
        return tf.cast(added, table.dtype), None

    return tf.gather(table, ids), gradient


def _flat(x: Any) -> Any:
    """(T, B, U) → (T · B, U)"""
    return tf.reshape(x, (-1, x.shape[-1]))
