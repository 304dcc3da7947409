"""Dropout while training: one random byte a value, so that a rate is rounded to 1/256, drawn by Philox.

A mask is a function of the seed, the step, the place in the network and the row of the batch, so a batch is trained the
same whatever parts it is split into.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from core.backend import tf
from core.charlm.training.bfloat16 import from_float32, to_float32

BYTE = 256
BLOCK = 16  # bytes that Philox draws for one value of its counter
PLACES = 16  # at least twice the layers of any network: one before each layer and one on its recurrent weights
PHILOX = 1  # its number in TensorFlow's raw operations


@dataclass(frozen=True)
class Masks:
    """The masks of one step, for the rows of the batch from `first_row` on."""

    seed: int
    step: Any
    first_row: int = 0
    drawn: dict[int, Any] = field(default_factory=dict)  # masks of weights, which all parts of the batch share

    def rows(self, x: Any, rate: float, place: int) -> Any:
        """Dropout of x (T, B, U), with the mask of one place of the network; places are numbered from 1."""
        if not rate:
            return x
        T, B, U = x.shape
        blocks = -(-T * U // BLOCK)  # each row begins at a value of the counter, so any row can be drawn alone
        drawn = random_bytes(B * blocks * BLOCK, self._seed(place), self.first_row * blocks)
        return drop(x, tf.reshape(tf.reshape(drawn, (B, -1))[:, : T * U], (B, T, U)), rate, rows_first=True)

    def weights(self, matrix: Any, rate: float, place: int) -> Any:
        """Dropout of a matrix, the same for all rows of the batch."""
        if not rate:
            return matrix
        if place not in self.drawn:
            self.drawn[place] = random_bytes(matrix.shape.num_elements(), self._seed(PLACES - place))
        return drop(matrix, tf.reshape(self.drawn[place], matrix.shape), rate)

    def _seed(self, place: int) -> Any:
        return tf.stack([tf.constant(self.seed, tf.int64), tf.cast(self.step, tf.int64) * PLACES + place])

    def part(self, number: int, first_row: int) -> "Masks":
        """The masks of the part of the batch that begins at `first_row`."""
        return replace(self, first_row=first_row)


@dataclass(frozen=True)
class PartMasks:
    """The masks of runs that version 0.1.0 began: each part draws its own by its number, from 0."""

    seed: int
    step: Any
    number: int = 0

    def rows(self, x: Any, rate: float, place: int) -> Any:
        if not rate:
            return x
        key = tf.stack([self.seed + 1000 * (self.number + 1) + place, tf.cast(self.step, tf.int32)])
        return drop(x, tf.reshape(random_bytes(x.shape.num_elements(), key), x.shape), rate)

    def weights(self, matrix: Any, rate: float, place: int) -> Any:
        return self.rows(matrix, rate, -place)

    def part(self, number: int, first_row: int) -> "PartMasks":
        return replace(self, number=number)


KINDS = {"rows": Masks, "parts": PartMasks}  # by their name in facts.json, where a run says which are its own


def random_bytes(count: int, seed: Any, skip: int = 0) -> Any:
    """(count,) uint8 from seed (2,), the first `skip` blocks of BLOCK bytes left out."""
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    counter = counter + tf.constant([skip, 0], tf.uint64)  # the seed sets the upper half, the lower counts
    words = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=(-(-count // 4),), key=key, counter=counter, alg=PHILOX, dtype=tf.uint32
    )
    return tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:count]


def drop(x: Any, random: Any, rate: float, rows_first: bool = False) -> Any:
    """Drop the values of x whose random byte is below the rate, scale the others. rows_first: x is (T, B, U) and
    `random` (B, T, U); otherwise they have one shape."""
    limit = min(BYTE - 1, round(rate * BYTE))

    @tf.custom_gradient
    def run(x: Any) -> Any:
        return _masked(x, random, limit, rows_first), lambda d: _masked(d, random, limit, rows_first)

    return run(x)


@tf.function(jit_compile=True, autograph=False)
def _masked(x: Any, random: Any, limit: int, rows_first: bool) -> Any:
    random = tf.transpose(random, (1, 0, 2)) if rows_first else random
    kept = tf.cast(random, tf.int32) >= limit
    return from_float32(tf.where(kept, to_float32(x) * (BYTE / (BYTE - limit)), 0.0), x.dtype)
