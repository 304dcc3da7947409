"""The classifier as a plain Functional Keras model of stock layers, in the notes' six steps.

1  embedding       X = E[w] + P           token and position; with `bigram_buckets` also B[h(w₋₁, w)]
2  attention       A = softmax(Q Kᵀ / √d + mask),  Z = A V
3  heads           O = [Z¹; …; Zᴴ] W_O
4  residual, norm  N = LN(X + O)
5  feed-forward    F = gelu(N W₁ + b₁) W₂ + b₂
6  residual, norm  Y = LN(N + F)

Steps 2 to 6 are one encoder block (Vaswani et al. 2017), repeated `blocks` times. The tokens are then pooled into one
vector, without padding, and a dense layer gives the class logits.

Bigrams are hashed to table rows by h(v, w) = (SPREAD · v + w) mod buckets, as in fastText (Joulin et al. 2016). They
help on small data: a few thousand texts contain "not good" too rarely for attention to learn it from its words.
"""

from typing import Any

import numpy as np

from core.backend import keras, layers, ops
from core.classifier.config import ClassifierConfig

SIZE = 0.05  # initial standard deviation of token embeddings; position embeddings start smaller
SPREAD = 10_007  # a prime; its product with the largest vocabulary fits int32
FAR = -1e4  # value of padding in max pooling: below every output of layer normalisation


def build(config: ClassifierConfig, V: int, C: int) -> keras.Model:
    """Build the model: tokens (B, T) int32, 0 for padding → logits (B, C); V is the vocabulary size."""
    D, seeds = config.width, iter(np.random.default_rng(config.seed).integers(0, 2**31 - 1, 1000).tolist())

    def normal(deviation: float) -> Any:
        return keras.initializers.RandomNormal(stddev=deviation, seed=next(seeds))

    def dense(units: int, name: str, activation: str | None = None) -> Any:
        start = keras.initializers.GlorotUniform(seed=next(seeds))
        return layers.Dense(units, activation, kernel_initializer=start, name=name)

    def drop(x: Any, name: str) -> Any:
        return layers.Dropout(config.dropout, seed=next(seeds), name=name)(x) if config.dropout else x

    tokens = keras.Input((None,), dtype="int32", name="tokens")
    mask = ops.cast(ops.not_equal(tokens, 0), "float32")  # (B, T)

    # 1: embedding
    x = layers.Embedding(V, D, embeddings_initializer=normal(SIZE), name="token_embedding")(tokens)
    places = ops.cumsum(ops.ones_like(tokens), axis=1) - 1
    sinusoidal = config.positions == "sinusoidal"
    x = x + layers.Embedding(
        config.max_tokens + 1,
        D,
        embeddings_initializer="zeros" if sinusoidal else normal(0.4 * SIZE),
        trainable=not sinusoidal,
        name="place_embedding",
    )(places)
    if config.bigram_buckets:
        before = ops.concatenate([ops.zeros_like(tokens[:, :1]), tokens[:, :-1]], axis=1)
        pairs = ops.mod(before * SPREAD + tokens, config.bigram_buckets)
        start = normal(0.4 * SIZE)
        x = x + layers.Embedding(config.bigram_buckets, D, embeddings_initializer=start, name="pair_embedding")(pairs)
    x = drop(x, "embedding_dropout")

    attention_mask = ops.expand_dims(ops.cast(mask, "bool"), 1)  # (B, 1, T): mask padding for every query
    for block in range(1, config.blocks + 1):
        # 2 and 3: attention in heads
        attention = layers.MultiHeadAttention(
            config.heads,
            D // config.heads,
            dropout=config.dropout,
            kernel_initializer=keras.initializers.GlorotUniform(seed=next(seeds)),
            seed=next(seeds),
            flash_attention=False,
            name=f"attention_{block}",
        )(x, x, attention_mask=attention_mask)
        # 4: residual and norm
        x = layers.LayerNormalization(name=f"attention_norm_{block}")(x + drop(attention, f"attention_dropout_{block}"))
        # 5: feed-forward
        inner = dense(config.feed_forward, f"feed_forward_{block}", "gelu")(x)
        outer = dense(D, f"feed_forward_out_{block}")(inner)
        # 6: residual and norm
        x = layers.LayerNormalization(name=f"feed_forward_norm_{block}")(
            x + drop(outer, f"feed_forward_dropout_{block}")
        )

    pooled = drop(_pool(x, mask, config.pooling), "pooled_dropout")
    model = keras.Model(tokens, dense(C, "logits")(pooled), name="transformer_classifier")
    if sinusoidal:
        model.get_layer("place_embedding").embeddings.assign(sinusoids(config.max_tokens + 1, D))
    return model


def _pool(x: Any, mask: Any, pooling: str) -> Any:
    """Pool x (B, T, D) over the unmasked positions of (B, T) to (B, D)."""
    if pooling == "first":
        return x[:, 0]
    real = ops.expand_dims(mask, -1)
    if pooling == "max":
        return ops.max(x * real + (1.0 - real) * FAR, axis=1)
    return ops.sum(x * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)


def pair_numbers(tokens: np.ndarray, pairs: int) -> np.ndarray:
    """(…, T) token numbers → (…, T): the row of the pair table for each token and the one before it, as in build()."""
    before = np.concatenate([np.zeros_like(tokens[..., :1]), tokens[..., :-1]], axis=-1)
    return (before.astype(np.int64) * SPREAD + tokens) % pairs


def sinusoids(T: int, D: int) -> np.ndarray:
    """(T, D): sin and cos of p / 10000^(2k/D) (Vaswani et al. 2017, section 3.5), scaled to the size of the tokens."""
    angle = np.arange(T)[:, None] / 10000 ** (2 * (np.arange(D)[None, :] // 2) / D)
    return (SIZE * np.where(np.arange(D) % 2 == 0, np.sin(angle), np.cos(angle))).astype(np.float32)


def attention_inputs(model: keras.Model) -> keras.Model:
    """A model from tokens to the input of each block's attention, (B, T, D) each, sharing the weights."""
    return keras.Model(model.input, [layer.input[0] for layer in attention_layers(model)])


def attention_layers(model: keras.Model) -> list[Any]:
    """The attention layer of each block, the first block first."""
    return [layer for layer in model.layers if isinstance(layer, layers.MultiHeadAttention)]


def attention(model: keras.Model, tokens: np.ndarray) -> list[np.ndarray]:
    """Attention weights of each block, (B, H, T, T): row t attends to column s."""
    mask = ops.expand_dims(ops.not_equal(tokens, 0), 1)
    return [
        ops.convert_to_numpy(layer(x, x, attention_mask=mask, return_attention_scores=True, training=False)[1])
        for layer, x in zip(attention_layers(model), _listed(attention_inputs(model)(tokens)), strict=True)
    ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
