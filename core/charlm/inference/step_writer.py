"""One character after another under XLA, the state carried: what reading a prompt, a long text and writing share."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Self, cast

from core.backend import tf
from core.charlm.config import CharLMConfig
from core.charlm.inference.sampling import NEVER, filter_top_k_top_p, sample_by_cdf
from core.charlm.training.cells import CELLS, State, biases

CHUNK = 256  # characters that a compiled call reads or writes at most
TABLE = 1 << 22  # up to so many numbers the first layer's products with every character are kept

Intervene = Callable[[int, int, Any], Any]


class StepWriter:
    """Takes the trainable weights of a model in its order, once, by prepare().

    A stepper knows the shape of a network, not its weights. What XLA has compiled is never given back, so a process
    that opens many networks takes their steppers from shared(): of few shapes there are few.
    """

    def __init__(self, config: CharLMConfig, width: int) -> None:
        """width: V, or more; then V is filled up with characters that never come."""
        self.config, self.width = config, width
        self._cell = CELLS[config.cell]
        self._precomputed = width * self._cell.gates * config.units <= TABLE

    @classmethod
    def shared(cls, config: CharLMConfig, V: int) -> Self:
        """The one stepper for all networks of this shape with about this many characters."""
        shape = (config.cell, config.layers, config.units, bool(config.embedding), padded_width(V))
        return cast(Self, _shared_step_writer(cls, *shape))  # type: ignore[arg-type]

    def initial_logits(self, B: int, V: int) -> Any:
        """Logits (B, width) where nothing was read yet."""
        return tf.pad(tf.zeros((B, V)), [[0, 0], [0, self.width - V]], constant_values=NEVER)

    def zero_state(self, B: int) -> list[State]:
        """For each layer (h, c) of an LSTM or (h,) of the others, (B, U)."""
        zeros = tf.zeros((B, self.config.units))
        return [(zeros,) * self._cell.states for _ in range(self.config.layers)]

    def prepare(self, weights: Sequence[Any]) -> list[Any]:
        """The weights as step() takes them: the first two hold a row for each character, and what it goes through."""
        first, *rest = (tf.convert_to_tensor(weight) for weight in weights)
        more = self.width - first.shape[0]
        first = tf.pad(first, [[0, more], [0, 0]])
        table, kernel = (first, rest.pop(0)) if self.config.embedding else (tf.eye(self.width), first)
        recurrent, bias, *between, output, last = rest
        inner, _outer = biases(self.config.cell, bias)
        if self._precomputed:
            table, kernel = tf.linalg.matmul(table, kernel) + inner, tf.zeros(())
        output, last = tf.pad(output, [[0, 0], [0, more]]), tf.pad(last, [[0, more]], constant_values=NEVER)
        return [table, kernel, recurrent, bias, *between, output, last]

    def step(self, prepared: Sequence[Any], ids: Any, state: Sequence[State]) -> tuple[Any, list[State]]:
        """ids (B,), the characters that came → logits (B, width) of the next, and the state."""
        return self._step(prepared, ids, state, lambda layer, gate, value: value)

    def _step(
        self, prepared: Sequence[Any], ids: Any, state: Sequence[State], intervene: Intervene
    ) -> tuple[Any, list[State]]:
        """hold(layer, gate, value): what a gate's value (B, U) is replaced by; see Cell for the gates' numbers."""
        table, kernel, recurrent, bias, *rest = prepared
        x, after = tf.gather(table, ids), []
        for number, before in enumerate(state):
            inner, outer = biases(self.config.cell, bias)
            if number or not self._precomputed:
                x = tf.linalg.matmul(x, kernel) + inner
            r = tf.linalg.matmul(before[0], recurrent) + outer
            new, _kept = self._cell.forward(x, r, before, lambda gate, value, at=number: intervene(at, gate, value))
            x = new[0]
            after.append(new)
            if number + 1 < self.config.layers:
                kernel, recurrent, bias, *rest = rest
        output, bias = rest
        return tf.linalg.matmul(x, output) + bias, after

    @tf.function(jit_compile=True, autograph=False)
    def read(
        self, prepared: Sequence[Any], ids: Any, count: Any, state: Sequence[State], logits: Any
    ) -> tuple[Any, Any, list[State]]:
        """Read the first `count` of ids (T, B) after `logits` (B, width).

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

    @tf.function(jit_compile=True, autograph=False)
    def write(
        self, prepared: Any, chances: Any, count: Any, state: Any, logits: Any, sampling: Any, restricted: bool
    ) -> Any:
        """`count` characters, each by its chance (CHUNK, B) in [0, 1).

        knobs: temperature, top k, top p; the latter two are heeded where `restricted`. Returns the characters and their
        probabilities, (CHUNK, B), then the logits and the state after them.
        """
        (temperature, top_k, top_p), (T, B) = sampling, chances.shape
        # "Unknown" stands for many characters: it can be read, never written.
        without_unknown = tf.one_hot(0, self.width) * NEVER

        def body(t: Any, written: Any, probabilities: Any, logits: Any, state: Any) -> Any:
            cold = logits + without_unknown
            cold -= tf.reduce_max(cold, -1, keepdims=True)
            warm = cold / temperature
            chosen = sample_by_cdf(tf.exp(filter_top_k_top_p(warm, top_k, top_p) if restricted else warm), chances[t])
            weights = tf.exp(cold)
            probability = tf.gather(weights, chosen, batch_dims=1) / tf.reduce_sum(weights, -1)
            logits, state = self.step(prepared, chosen, state)
            return t + 1, written.write(t, chosen), probabilities.write(t, probability), logits, state

        rows = [tf.TensorArray(dtype, T, element_shape=(B,)) for dtype in (tf.int32, tf.float32)]
        _t, written, probabilities, logits, state = tf.while_loop(
            lambda t, *_: t < count, body, (tf.constant(0), *rows, logits, state), maximum_iterations=T
        )
        return written.stack(), probabilities.stack(), logits, state


def padded_width(V: int) -> int:
    """V rounded up to one of few widths, by at most 63 or an eighth."""
    coarse = max(64, 1 << max(0, V.bit_length() - 4))
    return -(-V // coarse) * coarse


@cache
def _shared_step_writer(
    kind: type[StepWriter], cell: str, layers: int, units: int, embedded: bool, width: int
) -> StepWriter:
    return kind(CharLMConfig(cell=cell, layers=layers, units=units, embedding=int(embedded)), width)  # type: ignore[arg-type]
