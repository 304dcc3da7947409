"""The character model as a plain Functional Keras model of stock layers."""

from typing import Any

import numpy as np

from core.backend import keras
from core.charlm.config import CharLMConfig

LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}


def build(config: CharLMConfig, vocabulary: int, seed: int | None = None, batch: int | None = None) -> keras.Model:
    """ids (B, T) int32 → probabilities (B, T, V) of the next character at every step.

    Embedding (one-hot: a frozen identity embedding), `layers` recurrent layers with dropout before each but the first
    and before the output, dense layer, softmax. Each call starts from a zero state; with `batch` rows a call the layers
    are stateful, and begin where the call before ended.
    """
    seeds = np.random.default_rng(config.seed if seed is None else seed)

    def draw(kind: type, **more: Any) -> Any:
        return kind(seed=int(seeds.integers(2**31)), **more)

    ids = keras.Input((None,), batch, dtype="int32", name="characters")
    if config.embedding:
        table = keras.layers.Embedding(
            vocabulary,
            config.embedding,
            embeddings_initializer=draw(keras.initializers.RandomUniform),
            name="embedding",
        )
    else:
        table = keras.layers.Embedding(
            vocabulary, vocabulary, embeddings_initializer="identity", trainable=False, name="one_hot"
        )
    x = table(ids)
    for number in range(1, config.layers + 1):
        if config.dropout and number > 1:
            x = draw(keras.layers.Dropout, rate=config.dropout, name=f"dropout_{number - 1}")(x)
        x = LAYERS[config.cell](
            config.units,
            return_sequences=True,
            stateful=batch is not None,
            kernel_initializer=draw(keras.initializers.GlorotUniform),
            recurrent_initializer=draw(keras.initializers.Orthogonal),
            name=f"{config.cell}_{number}",
        )(x)
    if config.dropout:
        x = draw(keras.layers.Dropout, rate=config.dropout, name=f"dropout_{config.layers}")(x)
    logits = keras.layers.Dense(vocabulary, kernel_initializer=draw(keras.initializers.GlorotUniform), name="logits")(x)
    return keras.Model(ids, keras.layers.Softmax(name="probabilities")(logits), name="character_model")


def recurrent(model: keras.Model) -> list[keras.Layer]:
    """The recurrent layers in order, input side first."""
    return [layer for layer in model.layers if isinstance(layer, tuple(LAYERS.values()))]


def table_of(model: keras.Model) -> Any:
    """The embedding matrix (V, D)."""
    return next(layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)).embeddings
