"""Compute the batch of any training step from the seed and the step number alone, so that a run can be resumed."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from core.backend import tf
from core.charlm.config import CharLMConfig
from core.i18n import _


@dataclass(frozen=True)
class BatchPlan:
    """Batch dimensions: B streams or windows of T characters."""

    B: int
    T: int
    stream: int  # characters in one stream
    steps_per_epoch: int


def plan_batches(config: CharLMConfig, characters: int) -> BatchPlan:
    """Reduce window and batch size where a training part of `characters` is too short for them."""
    T = min(config.window, max(2, characters // 2), characters - 1)
    B = max(1, min(config.batch_size, characters // T))
    return BatchPlan(B, T, characters // B, max(1, characters // B // T))


def reductions(config: CharLMConfig, plan: BatchPlan) -> list[str]:
    """Return a sentence for each size that plan_batches() reduced."""
    notes = []
    if config.window > plan.T:
        notes.append(
            _("The text is short: windows of {T} characters instead of {asked}.").format(T=plan.T, asked=config.window)
        )
    if config.batch_size > plan.B:
        notes.append(
            _("The text is short: {B} streams at once instead of {asked}.").format(B=plan.B, asked=config.batch_size)
        )
    return notes


class Batches:
    """Compiled batches of the training part, ids (N,) int32.

    In "streams" mode the text is treated as circular and each epoch starts at a random offset, so that batch borders
    differ between epochs. The only artefact is one transition per epoch, from the last character to the first.
    """

    def __init__(self, config: CharLMConfig, ids: np.ndarray) -> None:
        self.plan = plan_batches(config, len(ids))
        self._ids = tf.constant(ids)
        self._config = config

    def __call__(self, step: tf.Tensor) -> tuple[Any, Any, Any]:
        """Return inputs (T, B), targets (T, B) and carry (B, 1) of `step` (int64); carry 0 resets the state to zero."""
        plan, seed, N = self.plan, self._config.seed, self._ids.shape[0]
        if self._config.batching == "streams":
            epoch, place = step // plan.steps_per_epoch, step % plan.steps_per_epoch
            shift = tf.random.stateless_uniform((), [seed, epoch], 0, N, tf.int64)
            starts = shift + tf.range(plan.B, dtype=tf.int64) * plan.stream + place * plan.T
            kept = tf.random.stateless_uniform((plan.B, 1), [seed + 1, step]) >= self._config.reset
            carry = tf.cast(kept & (place > 0), tf.float32)
        else:
            starts = tf.random.stateless_uniform((plan.B,), [seed, step], 0, N - plan.T, tf.int64)
            carry = tf.zeros((plan.B, 1))
        places = starts[None] + tf.range(plan.T + 1, dtype=tf.int64)[:, None]
        windows = tf.ensure_shape(tf.gather(self._ids, places % N), (plan.T + 1, plan.B))
        return windows[:-1], windows[1:], carry
