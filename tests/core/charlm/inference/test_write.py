"""What is written: equal to the network's own predictions, the same however it is asked for, within its limits."""

import math

import numpy as np
import pytest
import tensorflow as tf

from core.charlm.config import CharLMConfig
from core.charlm.data.vocabulary import UNKNOWN, Vocabulary
from core.charlm.inference import write
from core.charlm.inference.request import Settings
from core.charlm.inference.sampling import sample_by_cdf
from core.charlm.inference.step_writer import StepWriter, padded_width
from core.charlm.inference.write import TextWriter, uniform_numbers
from core.charlm.training.model import build
from core.errors import UserError
from tests.selection import sampled

VOCABULARY = Vocabulary((UNKNOWN, "\n", " ", *"abcdefgh"))
V = len(VOCABULARY)


@pytest.fixture(scope="module", params=sampled(["lstm", "gru", "rnn"]))
def writer(request):
    config = CharLMConfig(cell=request.param, units=12, layers=2, embedding=6, lowercase=True)
    model = build(config, V)
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.default_rng(number).normal(size=variable.shape) * 0.7)
    return TextWriter(model, config, VOCABULARY)


def written(chunks, row=0):
    return "".join("".join(chunk.symbols[row]) for chunk in chunks)


def predicted(writer, text):
    """The Keras model's probabilities (T, V) of what follows each character of `text`, "unknown" left out."""
    probabilities = np.asarray(writer.model(VOCABULARY.encode(text)[None]))[0].copy()
    probabilities[:, 0] = 0
    return probabilities / probabilities.sum(-1, keepdims=True)


def test_greedy_text_takes_the_likeliest_character_of_the_keras_model_each_time(writer):
    text = writer.write("abc", Settings(length=40, temperature=0))[0]
    best = predicted(writer, "abc" + text).argmax(-1)[2:-1]
    assert text == VOCABULARY.decode(best)


def test_each_probability_is_the_keras_models_whatever_the_temperature(writer):
    chunks = list(writer.stream("abc", Settings(length=30, temperature=1.7, top_k=5)))
    text = written(chunks)
    expected = predicted(writer, "abc" + text)[2:-1][np.arange(30), VOCABULARY.encode(text)]
    np.testing.assert_allclose(np.concatenate([chunk.probabilities[0] for chunk in chunks]), expected, atol=5e-5)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_the_text_does_not_depend_on_the_chunks_it_comes_in(writer, chunk):
    settings = Settings(length=60, count=2, seed=5)
    chunks = list(writer.stream("ab", settings, chunk))
    assert max(len(one.symbols[0]) for one in chunks) == min(chunk, 60)
    assert [written(chunks, row) for row in (0, 1)] == writer.write("ab", settings)


def test_the_seed_the_prompt_and_the_texts_number_each_change_the_text(writer):
    one, two = writer.write("ab", Settings(length=50, count=2))
    assert one == writer.write("ab", Settings(length=50, count=2))[0]
    others = {two, writer.write("ab", Settings(length=50, seed=1))[0], writer.write("ba", Settings(length=50))[0]}
    assert len({one, *others}) == 4


def test_a_longer_text_begins_like_the_shorter_one(writer):
    assert writer.write("ab", Settings(length=90))[0].startswith(writer.write("ab", Settings(length=30))[0])


def test_top_k_and_top_p_leave_only_the_likeliest_in(writer):
    one = writer.write("abc", Settings(length=40, top_k=1, temperature=1.0))[0]
    assert one == writer.write("abc", Settings(length=40, temperature=0))[0]
    assert one == writer.write("abc", Settings(length=40, top_p=1e-6))[0]
    assert one == writer.write("abc", Settings(length=40, top_p=1e-45))[0]  # 0 in float32
    text = writer.write("abc", Settings(length=60, top_k=3, temperature=2.0))[0]
    ranks = (-predicted(writer, "abc" + text)[2:-1]).argsort(-1).argsort(-1)
    assert max(ranks[np.arange(60), VOCABULARY.encode(text)]) == 2
    text = writer.write("abc", Settings(length=60, top_p=0.6, temperature=1.0))[0]
    share = predicted(writer, "abc" + text)[2:-1]
    for row, symbol in zip(share, VOCABULARY.encode(text), strict=True):
        assert row[row > row[symbol]].sum() < 0.6
    assert writer.write("abc", Settings(length=40, top_k=10**6)) == writer.write("abc", Settings(length=40))


def test_unknown_can_be_read_but_is_never_written(writer):
    assert writer.vocabulary.unknown("αβ") == ["α", "β"]
    text = writer.write("αβγ", Settings(length=400, temperature=50.0))[0]
    assert UNKNOWN not in text
    assert len(set(text)) == V - 1
    assert writer.write("αβγ", Settings(length=30)) != writer.write("", Settings(length=30))


def test_an_empty_prompt_begins_as_a_line_does_and_a_prompt_is_read_as_the_text_was(writer):
    assert writer.write("", Settings(length=30)) == writer.write("\n", Settings(length=30))
    assert writer.write("AB\r\nC", Settings(length=30)) == writer.write("ab\nc", Settings(length=30))


def test_a_long_prompt_is_read_whole(writer, monkeypatch):
    prompt = "abcdefgh abc\n" * 8
    whole = writer.write(prompt, Settings(length=30))
    monkeypatch.setattr(write, "CHUNK", 32)
    assert writer.write(prompt, Settings(length=30)) == whole
    last = predicted(writer, prompt)[-1].argmax()
    assert VOCABULARY.encode(writer.write(prompt, Settings(length=1, temperature=0))[0])[0] == last


@pytest.mark.parametrize("temperature", [0, 1e-9, 1e-4, 0.5, 100.0])
def test_every_allowed_temperature_writes(writer, temperature):
    assert len(writer.write("a", Settings(length=20, temperature=temperature))[0]) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"length": 0}, {"length": -1}, {"length": 10**9}, {"temperature": -1}, {"temperature": 1e9},
        {"temperature": math.nan}, {"temperature": math.inf}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5},
        {"top_p": math.nan}, {"count": 0}, {"count": 10**6}, {"seed": -1},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_meant_are_one_sentence(wrong):
    with pytest.raises(UserError, match=r"^[^\n]+\.$"):
        Settings(**wrong)


def test_a_prompt_beyond_all_measure_is_refused(writer):
    with pytest.raises(UserError, match="prompt"):
        writer.write("a" * 1_000_001, Settings(length=1))


@pytest.mark.parametrize("V", [1, 2, 9, 50, 3000])
def test_characters_are_drawn_as_often_as_their_weight_says(V):
    rng = np.random.default_rng(V)
    weights = np.where(rng.random(V) < 0.3, 0, rng.random(V)).astype("float32")
    weights[V // 2] = 1
    B = 20_000 if V < 100 else 2_000
    drawn = np.asarray(sample_by_cdf(tf.tile(weights[None], (B, 1)), tf.constant(np.arange(B) / B, tf.float32)))
    counts = np.bincount(drawn, minlength=V)
    assert counts[weights == 0].sum() == 0
    np.testing.assert_allclose(counts / B, weights / weights.sum(), atol=2 / B)


def test_the_first_and_the_last_chance_choose_something_with_a_weight():
    weights = tf.constant([[0.0, 0.0, 1.0, 0.5, 0.0]] * 2)
    np.testing.assert_array_equal(sample_by_cdf(weights, tf.constant([0.0, 1.0 - 2**-24])), [2, 3])


def test_each_text_has_its_own_numbers_whatever_is_asked_beside_it():
    both, one = (
        uniform_numbers(Settings(length=50, count=2, seed=3)),
        uniform_numbers(Settings(length=20, count=1, seed=3)),
    )
    np.testing.assert_array_equal(both[:20, 0], one[:, 0])
    assert not np.any(both[:, 0] == both[:, 1])
    assert both.min() >= 0
    assert both.max() < 1


def test_networks_of_one_shape_share_what_was_compiled_also_with_other_alphabets():
    """XLA gives back nothing of it: a server that opens run after run would grow without end."""
    config = CharLMConfig(units=8, embedding=4)
    writers = [
        TextWriter(build(config, V), config, Vocabulary((UNKNOWN, "\n", *"abcdefghijklm"[: V - 2])))
        for V in (9, 12, 15)
    ]
    assert len({id(writer.step_writer) for writer in writers}) == 1
    texts = [writer.write("ab", Settings(length=40, seed=3)) for writer in writers]
    assert writers[0].step_writer.write.experimental_get_tracing_count() == 1
    for writer, text in zip(writers, texts, strict=True):
        alone = TextWriter(writer.model, config, writer.vocabulary, StepWriter(config, len(writer.vocabulary)))
        assert alone.write("ab", Settings(length=40, seed=3)) == text


@pytest.mark.parametrize("V", [1, 2, 63, 64, 65, 511, 513, 3000, 65536])
def test_an_alphabet_is_filled_up_by_little(V):
    assert V <= padded_width(V) <= max(V + 63, V * 9 // 8)
