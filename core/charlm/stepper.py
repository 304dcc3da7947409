"""One character after another under XLA, the state carried: what reading a prompt, a long text and writing share."""

from collections.abc import Sequence
from typing import Any

from core.backend import tf
from core.charlm.cells import CELLS, State, biases
from core.charlm.config import CharLMConfig

TABLE = 1 << 22  # up to so many numbers the first layer's products with every character are kept


class Stepper:
    """Takes the trainable weights of a model in its order, once, by prepare()."""

    def __init__(self, config: CharLMConfig, V: int) -> None:
        self.config, self.V = config, V
        self._cell = CELLS[config.cell]
        self._tabled = V * self._cell.gates * config.units <= TABLE

    def zero_state(self, B: int) -> list[State]:
        """For each layer (h, c) of an LSTM or (h,) of the others, (B, U)."""
        zeros = tf.zeros((B, self.config.units))
        return [(zeros,) * self._cell.states for _ in range(self.config.layers)]

    @tf.function(autograph=False)
    def prepare(self, weights: Sequence[Any]) -> list[Any]:
        """The weights as step() takes them: the first two hold a row for each character, and what it goes through."""
        rest = [tf.convert_to_tensor(weight) for weight in weights]
        table = rest.pop(0) if self.config.embedding else tf.eye(self.V)
        kernel, recurrent, bias, *rest = rest
        inner, _outer = biases(self.config.cell, bias)
        if self._tabled:
            table, kernel = tf.linalg.matmul(table, kernel) + inner, tf.zeros(())
        return [table, kernel, recurrent, bias, *rest]

    def step(self, prepared: Sequence[Any], ids: Any, state: Sequence[State]) -> tuple[Any, list[State]]:
        """ids (B,), the characters that came → logits (B, V) of the next, and the state."""
        table, kernel, recurrent, bias, *rest = prepared
        x, after = tf.gather(table, ids), []
        for number, before in enumerate(state):
            inner, outer = biases(self.config.cell, bias)
            if number or not self._tabled:
                x = tf.linalg.matmul(x, kernel) + inner
            r = tf.linalg.matmul(before[0], recurrent) + outer
            new, _kept = self._cell.forward(x, r, before, lambda gate, value, at=number: self.hold(at, gate, value))
            x = new[0]
            after.append(new)
            if number + 1 < self.config.layers:
                kernel, recurrent, bias, *rest = rest
        output, bias = rest
        return tf.linalg.matmul(x, output) + bias, after

    def hold(self, layer: int, gate: int, value: Any) -> Any:
        """What a gate's value (B, U) is replaced by at each step; see Cell for the gates' numbers."""
        return value

    @tf.function(jit_compile=True, autograph=False)
    def read(
        self, prepared: Sequence[Any], ids: Any, count: Any, state: Sequence[State], logits: Any
    ) -> tuple[Any, Any, list[State]]:
        """Read the first `count` of ids (T, B) after `logits` (B, V).

        Returns how surprising each was, (T, B) in nats, 0 after `count`; then the logits and the state after them.
        """
        T, B = ids.shape

        def body(t: Any, nats: Any, logits: Any, state: Any) -> Any:
            lost = tf.nn.sparse_softmax_cross_entropy_with_logits(ids[t], logits)
            logits, state = self.step(prepared, ids[t], state)
            return t + 1, nats.write(t, lost), logits, state

        start = (tf.constant(0), tf.TensorArray(tf.float32, T, element_shape=(B,)), logits, list(state))
        _t, nats, logits, state = tf.while_loop(
            lambda t, *_: t < count, body, start, parallel_iterations=1, maximum_iterations=T
        )
        return nats.stack(), logits, list(state)
