"""The learning-rate schedule as Keras takes one, for the exported programs."""

from typing import Any

import numpy as np

from core.backend import keras, ops


class Rates(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of each step from a table (steps,) float32; after its end, the last one."""

    def __init__(self, rates: np.ndarray) -> None:
        self.rates = np.asarray(rates, np.float32)

    def __call__(self, step: Any) -> Any:
        return ops.take(self.rates, ops.minimum(step, len(self.rates) - 1))
