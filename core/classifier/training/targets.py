"""What the network is taught: targets and weights of the training rows."""

from collections.abc import Sequence

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.training.metrics import softmax


def class_weights(config: ClassifierConfig, y: np.ndarray, C: int) -> np.ndarray:
    """Weight of each class (C,): inverse to its frequency among the labels y (B,), or 1."""
    return len(y) / (C * np.maximum(np.bincount(y, minlength=C), 1)) if config.class_weights else np.ones(C)


def soft_targets(config: ClassifierConfig, y: np.ndarray, C: int, teachers: Sequence[np.ndarray]) -> np.ndarray:
    """Training targets (B, C): smoothed labels mixed with the teachers' probabilities, (B, C) each.

    Knowledge distillation (Hinton, Vinyals and Dean 2015); the teacher is the normalised geometric mean of all.
    """
    hard = np.eye(C)[y] * (1 - config.label_smoothing) + config.label_smoothing / C
    if not config.distillation or not teachers:
        return hard
    soft = softmax(np.mean([np.log(np.maximum(probability, 1e-6)) for probability in teachers], axis=0))
    return (1 - config.distillation) * hard + config.distillation * soft
