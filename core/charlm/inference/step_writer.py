"""XLA-compiled single-step recurrence, shared by reading a prompt, scoring a long text and generating."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Self, cast

from core.backend import tf
from core.charlm.config import CharLMConfig
from core.charlm.inference.sampling import NEVER, filter_top_k_top_p, sample_by_cdf
from core.charlm.training.cells import CELLS, State, biases

CHUNK = 256  # maximum characters per compiled call
TABLE = 1 << 22  # maximum size of the precomputed input projection of all characters, in numbers

Intervene = Callable[[int, int, Any], Any]


class StepWriter:
    """Run the recurrence for any weights of one network shape; prepare() converts a model's trainable weights.

    XLA never frees compiled code, so use shared() in a process that opens many networks: it compiles once per shape.
    """

    def __init__(self, config: CharLMConfig, width: int) -> None:
        """width: V, or more to share compiled code; the surplus columns have logit NEVER."""
        self.config, self.width = config, width
        self._cell = CELLS[config.cell]
        self._precomputed = width * self._cell.gates * config.units <= TABLE

    @classmethod
    def shared(cls, config: CharLMConfig, V: int) -> Self:
        """Return the cached StepWriter for this shape and padded vocabulary size."""
        shape = (config.cell, config.layers, config.units, bool(config.embedding), padded_width(V))
        return cast(Self, _shared_step_writer(cls, *shape))  # type: ignore[arg-type]

    def initial_logits(self, B: int, V: int) -> Any:
        """Uniform logits (B, width) before any character was read."""
        return tf.pad(tf.zeros((B, V)), [[0, 0], [0, self.width - V]], constant_values=NEVER)

    def zero_state(self, B: int) -> list[State]:
        """For each layer (h, c) of an LSTM or (h,) of the others, (B, U)."""
        zeros = tf.zeros((B, self.config.units))
        return [(zeros,) * self._cell.states for _ in range(self.config.layers)]

    def prepare(self, weights: Sequence[Any]) -> list[Any]:
        """Convert trainable weights, in the model's order, to the list that step() takes.

        The first two entries are the lookup table (one row per character) and the kernel applied to its rows.
        """
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
        """Feed ids (B,) and return the logits (B, width) of the next character and the new state."""
        return self._step(prepared, ids, state, lambda layer, gate, value: value)

    def _step(
        self, prepared: Sequence[Any], ids: Any, state: Sequence[State], intervene: Intervene
    ) -> tuple[Any, list[State]]:
        """intervene(layer, gate, value): replacement for a gate's value (B, U); see Cell for gate numbers."""
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

        Returns the negative log-likelihood of each in nats, (T, B), 0 after `count`; the last logits; the last state.
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
        """Generate `count` characters from uniform numbers `chances` (CHUNK, B) in [0, 1).

        sampling: temperature, top k, top p; the last two apply only where `restricted`. Returns the characters and
        their probabilities before temperature, (CHUNK, B) each, then the last logits and state.
        """
        (temperature, top_k, top_p), (T, B) = sampling, chances.shape
        # The "unknown" symbol stands for many characters: it is valid as input, never as output.
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
    """V rounded up by at most 63 or an eighth, so that only few widths are compiled."""
    coarse = max(64, 1 << max(0, V.bit_length() - 4))
    return -(-V // coarse) * coarse


@cache
def _shared_step_writer(
    kind: type[StepWriter], cell: str, layers: int, units: int, embedded: bool, width: int
) -> StepWriter:
    return kind(CharLMConfig(cell=cell, layers=layers, units=units, embedding=int(embedded)), width)  # type: ignore[arg-type]
