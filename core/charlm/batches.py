"""Which characters a step reads: a function of the seed and the step's number alone."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from core.charlm.config import CharLMConfig
from core.i18n import _


@dataclass(frozen=True)
class Layout:
    """B streams or windows of T characters; `notes` say what was shrunk to fit the text."""

    B: int
    T: int
    steps_per_epoch: int
    stream: int  # characters in one stream
    notes: tuple[str, ...]


def layout(config: CharLMConfig, characters: int) -> Layout:
    """Fit window and batch to a training part of `characters`."""
    notes = []
    T = min(config.window, max(2, (characters - 1) // 2))
    if config.window > T:
        notes.append(
            _("The text is short: windows of {T} characters instead of {asked}.").format(T=T, asked=config.window)
        )
    B = max(1, min(config.batch_size, (characters - 1) // T))
    if config.batch_size > B:
        notes.append(
            _("The text is short: {B} streams at once instead of {asked}.").format(B=B, asked=config.batch_size)
        )
    stream = (characters - 1) // B
    # One window's worth is left free at the end, so that epochs can begin at different places.
    per_epoch = max(1, (stream - T) // T) if config.batching == "streams" else max(1, characters // (B * T))
    return Layout(B, T, per_epoch, stream, tuple(notes))


class Batches:
    """ids: (N,) int32 training part."""

    def __init__(self, config: CharLMConfig, ids: np.ndarray) -> None:
        self.layout = layout(config, len(ids))
        self._ids = tf.constant(ids)
        self._streams = config.batching == "streams"
        self._seed = config.seed

    def __call__(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """(inputs (B, T), targets (B, T), fresh) of `step` (int64); fresh says that the state begins anew."""
        at, T = self.layout, self.layout.T
        if self._streams:
            epoch, place = step // at.steps_per_epoch, step % at.steps_per_epoch
            free = max(1, at.stream - at.steps_per_epoch * T)
            shift = tf.random.stateless_uniform((), [self._seed, epoch], 0, free, tf.int64)
            starts = tf.range(at.B, dtype=tf.int64) * at.stream + shift + place * T
            fresh = tf.equal(place, 0)
        else:
            last = self._ids.shape[0] - T
            starts = tf.random.stateless_uniform((at.B,), [self._seed, step], 0, last, tf.int64)
            fresh = tf.constant(True)
        windows = tf.gather(self._ids, starts[:, None] + tf.range(T + 1, dtype=tf.int64)[None])
        return windows[:, :-1], windows[:, 1:], fresh
