import time
from typing import Any

import numpy as np
import pytest

from core.errors import UserError
from core.lab import attention
from core.lab.attention import MASKS, PAD, Weights, encode, read, weights_for

WORDS = read("the cat sat on the mat", 2)


def random_weights(seed=0):
    w = weights_for(WORDS, seed=seed)
    rng = np.random.default_rng(5)
    return Weights(*(q + 0.2 * rng.normal(size=q.shape) for q in w))


@pytest.mark.parametrize("masking", MASKS)
def test_scores_and_output_are_keras_multi_head_attention(masking):
    import keras

    w = random_weights()
    seen = encode(WORDS, w, masking)
    layer = keras.layers.MultiHeadAttention(2, 4)
    x = seen.X[None].astype("float32")
    layer.build(x.shape, x.shape)
    layer.set_weights([w.Wq, w.bq, w.Wk, w.bk, w.Wv, w.bv, w.Wo, w.bo])
    options: dict[str, Any] = {"use_causal_mask": True} if masking == "causal" else {}
    if masking == "padding":
        options = {"attention_mask": np.array([[[word != PAD for word in WORDS]]])}
    o, a = layer(x, x, return_attention_scores=True, **options)
    np.testing.assert_allclose(seen.A, np.asarray(a)[0], atol=1e-5)
    np.testing.assert_allclose(seen.O, np.asarray(o)[0], atol=1e-5)
    norm = keras.layers.LayerNormalization()
    norm.build(x.shape)
    norm.set_weights([w.gamma1, w.beta1])
    np.testing.assert_allclose(seen.N, np.asarray(norm(x + o))[0], atol=1e-5)


def test_two_words_one_head_by_hand():
    one, no = np.ones(2), np.zeros(2)
    eye = np.eye(2).reshape(2, 1, 2)
    w = Weights(
        *(np.array([[1.0, 0.0], [0.0, 2.0]]), eye, no[None], eye, no[None], eye, no[None], np.eye(2)[None], no),
        *(one, no, np.zeros((2, 4)), np.zeros(4), np.zeros((4, 2)), no, one, no),
    )
    seen = encode(("a", "b"), w, positions=False)
    s = np.array([[1, 0], [0, 4]]) / np.sqrt(2)
    np.testing.assert_allclose(seen.S[0], s)
    a = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(seen.A[0], a)
    np.testing.assert_allclose(seen.O, a @ [[1, 0], [0, 2]])


def test_positions_are_the_papers_sines():
    PE = attention.sinusoid(3, 4)
    np.testing.assert_allclose(PE[0], [0, 1, 0, 1])
    np.testing.assert_allclose(PE[2], [np.sin(2), np.cos(2), np.sin(2 / 100), np.cos(2 / 100)])


def test_without_positions_attention_cannot_tell_one_order_from_another():
    forth, back = ("dog", "bites", "man"), ("man", "bites", "dog")
    w = weights_for(forth)
    turned = w._replace(E=w.E[::-1])  # the same vector for the same word
    np.testing.assert_allclose(
        encode(forth, w, positions=False).Y, encode(back, turned, positions=False).Y[::-1], atol=1e-12
    )
    assert not np.allclose(encode(forth, w).Y, encode(back, turned).Y[::-1])


def test_masked_words_get_nothing_and_change_nothing():
    w = weights_for(WORDS)
    causal, padded = encode(WORDS, w, "causal"), encode(WORDS, w, "padding")
    assert not causal.A[:, ~np.tril(np.ones((8, 8), bool))].any()
    assert not padded.A[:, :, 6:].any()
    np.testing.assert_allclose(padded.A.sum(axis=-1), 1)
    short = encode(WORDS[:3], w, "causal")
    np.testing.assert_allclose(short.Y, causal.Y[:3])


def test_another_word_leaves_the_other_weights_alone():
    one, other = weights_for(("a", "b")), weights_for(("a", "b", "c"))
    assert all(np.array_equal(x, y) for x, y in zip(one[1:], other[1:], strict=True))


@pytest.mark.parametrize("step", range(1, 7))
def test_each_formula_ends_in_its_own_array(step):
    seen = encode(WORDS, weights_for(WORDS), "padding")
    text = attention.formula_with_digits(seen, step, 1, 2, 1)
    end = (seen.X, seen.Z[1], seen.O, seen.N, seen.F, seen.Y)[step - 1]
    assert attention.tex_array(end[1][None]) in text
    assert "NaN" not in text


def test_a_masked_pair_says_so():
    seen = encode(WORDS, weights_for(WORDS), "causal")
    assert "masked" in attention.formula_with_digits(seen, 2, 1, 4)
    assert "masked" not in attention.formula_with_digits(seen, 2, 4, 1)


@pytest.mark.parametrize("head", [0, 1])
def test_the_question_is_answered_by_the_head(head):
    seen = encode(WORDS, weights_for(WORDS), "causal")
    asked = attention.question(seen, 4, head)
    assert asked.answer_index == int(seen.A[head, 4].argmax()) <= 4
    assert "mask" in asked.why


@pytest.mark.parametrize(("masking", "positions"), [("none", True), ("causal", False), ("padding", True)])
def test_keras_prints_the_same(run_snippet, masking, positions):
    snippet = attention.snippet(encode(WORDS, weights_for(WORDS, 8, 4, 3), masking, positions))
    assert run_snippet(snippet.code) == snippet.prints


def test_the_largest_block_answers_at_once():
    words = read(" ".join(map(str, range(12))))
    start = time.thread_time()
    encode(words, weights_for(words, 32, 8))
    assert time.thread_time() - start < 3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: read(""),
        lambda: read("a " * 13),
        lambda: read("a " * 8, 5),
        lambda: read(f"a {PAD}"),
        lambda: read("a", -1),
        lambda: weights_for(WORDS, 8, 3),
        lambda: weights_for(WORDS, 64),
        lambda: weights_for(WORDS, float("nan")),
        lambda: encode(WORDS, weights_for(WORDS), "window"),
        lambda: attention.formula_with_digits(encode(WORDS, weights_for(WORDS)), 7, 0),
        lambda: attention.formula_with_digits(encode(WORDS, weights_for(WORDS)), 2, 0, 8),
        lambda: attention.question(encode(WORDS, weights_for(WORDS)), 9),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
