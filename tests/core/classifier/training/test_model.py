import keras
import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB

from core.classifier.config import ClassifierConfig
from core.classifier.training import embedding_init
from core.classifier.training.model import attention, build, pair_numbers, sinusoids

V, C = 50, 3
RNG = np.random.default_rng(0)


def tokens(B=4, T=9):
    found = RNG.integers(1, V, (B, T)).astype(np.int32)
    found[0, 5:] = 0
    return found


def config(**changes):
    return ClassifierConfig(**({"width": 16, "heads": 2, "feed_forward": 24, "max_tokens": 30} | changes))


SHAPES = [
    {"blocks": 2},
    {"positions": "sinusoidal", "pooling": "max"},
    {"pooling": "first", "blocks": 3, "dropout": 0.0},
    {"bigram_buckets": 64},
]


@pytest.mark.parametrize("changes", SHAPES)
def test_the_file_opens_in_bare_keras_and_says_the_same(changes, tmp_path):
    model, x = build(config(**changes), V, C), tokens()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(x), model(x), atol=1e-6)


@pytest.mark.parametrize("changes", SHAPES)
def test_padding_changes_nothing(changes):
    model, x = build(config(**changes), V, C), tokens()
    np.testing.assert_allclose(model(np.pad(x, ((0, 0), (0, 11)))), model(x), atol=1e-5)


@pytest.mark.parametrize("changes", SHAPES)
def test_the_order_of_tokens_counts(changes):
    model, x = build(config(**changes), V, C), tokens()
    assert np.abs(np.asarray(model(x[:, ::-1])) - np.asarray(model(x))).max() > 1e-5


def attend_by_hand(layer, x, there):
    """softmax(Q Kᵀ / √d + mask) and its output, in numpy, for x (T, D) and there (T,)."""
    q_kernel, q_bias, k_kernel, k_bias, v_kernel, v_bias, o_kernel, o_bias = map(np.array, layer.get_weights())
    q = np.einsum("td,dhe->hte", x, q_kernel) + q_bias[:, None]
    k = np.einsum("td,dhe->hte", x, k_kernel) + k_bias[:, None]
    v = np.einsum("td,dhe->hte", x, v_kernel) + v_bias[:, None]
    scores = np.einsum("hte,hse->hts", q, k) / np.sqrt(q.shape[-1])
    scores = np.where(there[None, None, :], scores, -1e9)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return weights, np.einsum("hts,hse,hed->td", weights, v, o_kernel) + o_bias


def norm_by_hand(layer, x):
    gamma, beta = layer.get_weights()
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + layer.epsilon) * gamma + beta


def test_the_six_steps_by_hand():
    model, x = build(config(), V, C), tokens(1, 6)
    layer = model.get_layer
    there = x[0] != 0
    embedded = layer("token_embedding").get_weights()[0][x[0]] + layer("place_embedding").get_weights()[0][:6]
    weights, mixed = attend_by_hand(layer("attention_1"), embedded, there)
    normed = norm_by_hand(layer("attention_norm_1"), embedded + mixed)
    inner = normed @ layer("feed_forward_1").get_weights()[0] + layer("feed_forward_1").get_weights()[1]
    inner = np.asarray(keras.activations.gelu(inner))
    outer = inner @ layer("feed_forward_out_1").get_weights()[0] + layer("feed_forward_out_1").get_weights()[1]
    out = norm_by_hand(layer("feed_forward_norm_1"), normed + outer)
    pooled = out[there].mean(0)
    logits = pooled @ layer("logits").get_weights()[0] + layer("logits").get_weights()[1]
    np.testing.assert_allclose(np.asarray(model(x))[0], logits, atol=1e-4)
    np.testing.assert_allclose(attention(model, x)[0][0], weights, atol=1e-5)


def test_attention_sums_to_one_and_leaves_padding_out():
    x = tokens()
    for scores in attention(build(config(blocks=2), V, C), x):
        assert scores.shape == (4, 2, 9, 9)
        np.testing.assert_allclose(scores.sum(-1), 1, atol=1e-5)
        assert np.abs(scores[0, :, :, 5:]).max() < 1e-6


def test_the_seed_makes_the_weights():
    one, again, other = (build(config(seed=seed), V, C).get_weights() for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert not (one[0] == other[0]).all()


def test_sinusoids_are_the_formula():
    found = sinusoids(5, 6) / 0.05
    assert found[3, 0] == pytest.approx(np.sin(3))
    assert found[3, 3] == pytest.approx(np.cos(3 / 10000 ** (2 / 6)), abs=1e-6)


def test_pairs_are_read_from_the_rows_that_their_numbers_say():
    model, x = build(config(bigram_buckets=64), V, C), tokens()
    embedding = model.get_layer("pair_embedding")
    read = keras.Model(model.input, embedding.output)(x)
    np.testing.assert_array_equal(read, np.asarray(embedding.embeddings)[pair_numbers(x, 64)])
    assert pair_numbers(np.array([[3, 4, 3]], np.int32), 1000).tolist() == [[3, 25, 31]]


def test_opinions_are_those_of_naive_bayes():
    encoded = [RNG.integers(3, 12, RNG.integers(1, 6)) for _text in range(60)]
    y = RNG.integers(0, 2, 60)
    found = embedding_init.class_log_ratios(encoded, y, 13, 2)
    X = np.array([np.isin(np.arange(13), row) for row in encoded])
    counts = np.array([X[y == label].sum(0) for label in (0, 1)]) + 1.0
    expected = np.log(counts[1] / counts[1].sum()) - np.log(counts[0] / counts[0].sum())
    expected[[0, 1, 2, 12]] = 0
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-5)
    np.testing.assert_allclose(found[:, 0], -expected, rtol=1e-5)
    # scikit-learn's Bernoulli model orders the tokens the same way
    model = BernoulliNB().fit(X, y)
    order = np.argsort(model.feature_log_prob_[1] - model.feature_log_prob_[0])
    inside = [token for token in order if 3 <= token < 12]
    assert (np.diff(found[inside, 1]) > -0.2).all()


def test_an_informed_network_begins_with_the_opinions_in_its_embedding():
    model = build(config(width=32), V, 2)
    before = model.get_layer("token_embedding").get_weights()[0]
    opinion = np.zeros((V, 2), np.float32)
    opinion[10] = [-2, 2]
    embedding_init.initialize_embedding(model, opinion, seed=0)
    after = model.get_layer("token_embedding").get_weights()[0]
    np.testing.assert_allclose(np.abs(after[10, :2]), 0.2, rtol=1e-5)
    np.testing.assert_array_equal(after[:, 2:], before[:, 2:])
