"""Initialise token embeddings with naive-Bayes log ratios of the classes."""

from collections.abc import Sequence

import numpy as np

from core.backend import keras
from core.classifier.data.tokenizer import SPECIALS

STRENGTH = 0.1  # scale of the log ratios; the other dimensions have standard deviation SIZE = 0.05


def class_log_ratios(encoded: Sequence[np.ndarray], y: np.ndarray, V: int, C: int) -> np.ndarray:
    """Log ratio (V, C) of a token's document frequency in a class to that in the other classes.

    With add-one smoothing; 0 for SPECIALS and unseen tokens. For two classes the columns differ in sign only.
    """
    there = np.zeros((C, V))
    for numbers, label in zip(encoded, y, strict=True):
        there[label, np.unique(numbers)] += 1
    inside, outside = there + 1.0, there.sum(0) - there + 1.0
    found = np.log(inside / inside.sum(1, keepdims=True)) - np.log(outside / outside.sum(1, keepdims=True))
    found[:, : len(SPECIALS)] = 0.0
    found[:, there.sum(0) == 0] = 0.0
    return found.T.astype(np.float32)


def initialize_embedding(model: keras.Model, found: np.ndarray, seed: int) -> None:
    """Write the log ratios (V, C), projected by random signs, to the first dimensions of the token embeddings."""
    table = model.get_layer("token_embedding").embeddings
    values = np.asarray(table).copy()
    C, D = found.shape[1], values.shape[1]
    columns = found[:, 1:] if C == 2 else found
    wide = min(D // 2, max(D // 16, 1) * (1 if C == 2 else C))
    signs = np.random.default_rng([seed, 7]).choice([-1.0, 1.0], (columns.shape[1], wide))
    values[:, :wide] = STRENGTH * columns @ signs / np.sqrt(columns.shape[1])
    table.assign(values)
