"""The encoder–decoder of core.lab.encoder_decoder in Keras' own layers, as it is trained and as its snippet has it."""

from typing import Any


def build(symbols: int, source_length: int, target_length: int, features: int, heads: int, dtype: str) -> Any:
    """Source (B, S) and target so far (B, T) as indices, 0 padding → logits (B, T, V), cross-attention (B, H, T, S)."""
    from core.backend import keras, layers

    def attention(name: str) -> Any:
        return layers.MultiHeadAttention(heads, features // heads, name=name, dtype=dtype)

    def norm(name: str) -> Any:
        return layers.LayerNormalization(name=name, dtype=dtype)

    def embed(tokens: Any, name: str, length: int) -> Any:
        places = keras.ops.zeros_like(tokens) + keras.ops.arange(length, dtype="int32")
        embedding = layers.Embedding(symbols, features, name=f"{name}_embedding", dtype=dtype)
        return embedding(tokens) + layers.Embedding(length, features, name=f"{name}_position", dtype=dtype)(places)

    def block(x: Any, attended: Any, name: str) -> Any:
        n = norm(f"{name}_norm1")(x + attended)
        wide = layers.Dense(2 * features, "relu", name=f"{name}_wide", dtype=dtype)(n)
        return norm(f"{name}_norm2")(n + layers.Dense(features, name=f"{name}_back", dtype=dtype)(wide))

    source = keras.Input((source_length,), dtype="int32")
    target = keras.Input((target_length,), dtype="int32")
    real = keras.ops.expand_dims(keras.ops.not_equal(source, 0), 1)
    x = embed(source, "source", source_length)
    memory = block(x, attention("encoder_self")(x, x, attention_mask=real), "encoder")
    y = embed(target, "target", target_length)
    y = norm("decoder_norm0")(y + attention("decoder_self")(y, y, use_causal_mask=True))
    looked, weights = attention("cross")(y, memory, attention_mask=real, return_attention_scores=True)
    logits = layers.Dense(symbols, name="output", dtype=dtype)(block(y, looked, "decoder"))
    return keras.Model([source, target], [logits, weights])
