import time

import numpy as np
import pytest

from core.errors import UserError
from core.lab import encoder_decoder, encoder_decoder_training
from core.lab.encoder_decoder import DATA, TASKS, decode, load

KEYS = tuple(TASKS)
SOURCES = {"reverse": ["lantern", "a", "abcdefgh"], "add": ["47+85", "0+0", "99+99"]}


@pytest.mark.parametrize("key", KEYS)
def test_the_shipped_weights_solve_unseen_sources(key):
    known, unseen = encoder_decoder_training.sources(TASKS[key])
    assert not set(known) & set(unseen)
    assert np.mean([decode(key, source).right for source in unseen[::4]]) > 0.98


@pytest.mark.parametrize("key", KEYS)
def test_the_shipped_weights_are_small_and_hold_no_pickle(key):
    path = DATA / f"{key}.npz"
    assert path.stat().st_size < 100_000
    with np.load(path, allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float16 and np.isfinite(arrays[name]).all() for name in arrays.files)


@pytest.mark.parametrize("key", KEYS)
def test_numpy_and_the_keras_model_agree(key):
    task = TASKS[key]
    model = encoder_decoder_training.build(
        len(task.symbols),
        task.source_length,
        task.target_length,
        encoder_decoder.FEATURES,
        encoder_decoder.HEADS,
        "float32",
    )
    weights = load(key)
    for layer in model.layers:
        layer.set_weights(weights.get(layer.name, []))
    for text in SOURCES[key]:
        decoded = decode(key, text)
        written = encoder_decoder.START + "".join(step.symbol for step in decoded.steps)
        source = encoder_decoder.indices(task, decoded.source, task.source_length)
        target = encoder_decoder.indices(task, written[: task.target_length], task.target_length)
        logits, attention = (np.asarray(out)[0] for out in model([source[None], target[None]]))
        for t, step in enumerate(decoded.steps):
            p = np.exp(logits[t]) / np.exp(logits[t]).sum()
            np.testing.assert_allclose(step.probabilities, p, atol=1e-5)
            np.testing.assert_allclose(step.own, attention[:, t], atol=1e-5)


def test_reversing_looks_from_the_last_letter_to_the_first():
    steps = decode("reverse", "lantern").steps[:-1]
    assert [int(step.own.mean(axis=0).argmax()) for step in steps] == [6, 5, 4, 3, 2, 1, 0]


def test_made_to_look_elsewhere_it_writes_what_stands_there():
    free, forced = decode("reverse", "lantern"), decode("reverse", "lantern", {2: 0})
    assert free.text == "nretnal"
    assert forced.text[1] == "l"
    assert not forced.right
    np.testing.assert_allclose(forced.steps[1].used, np.eye(8)[[0, 0]])
    np.testing.assert_allclose(forced.steps[1].own, free.steps[1].own)


def test_its_own_attention_given_back_changes_nothing():
    free = decode("reverse", "lantern")
    row = free.steps[2].own.mean(axis=0)[:7]
    again = decode("reverse", "lantern", {3: row})
    assert again.text == free.text
    np.testing.assert_allclose(again.steps[2].used[0][:7], row / row.sum())


def test_sums_are_read_as_numbers():
    assert decode("add", " 07 + 8 ").source == "7+8"
    assert decode("add", "7+8").text == "15"


@pytest.mark.parametrize(("key", "text"), [("reverse", "lantern"), ("add", "47+85")])
def test_the_question_is_answered_by_the_override(key, text):
    decoded = decode(key, text)
    for place in (0, 2):
        asked = encoder_decoder.question(decoded, 2, place)
        assert asked.options[asked.answer_index] == decode(key, text, {2: place}).steps[1].symbol
        assert len(set(asked.options)) == len(asked.options)


def test_the_formula_shows_the_override_only_where_there_is_one():
    assert "yours" in encoder_decoder.formula_with_digits(decode("reverse", "abc", {1: 0}), 1)
    assert "yours" not in encoder_decoder.formula_with_digits(decode("reverse", "abc"), 1)


@pytest.mark.parametrize("key", KEYS)
def test_keras_prints_the_same(run_snippet, monkeypatch, key):
    monkeypatch.chdir(DATA.parents[2])
    snippet = encoder_decoder.snippet(decode(key, SOURCES[key][0]))
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.exhaustive
def test_training_writes_weights_that_decode_reads(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["train", "reverse", "--steps", "110", "--output", str(tmp_path)])
    encoder_decoder_training.main()
    assert "unseen sources right" in capsys.readouterr().out
    fresh = load("reverse", tmp_path)
    assert {name: [w.shape for w in ws] for name, ws in fresh.items()} == {
        name: [w.shape for w in ws] for name, ws in load("reverse").items()
    }
    assert len(decode("reverse", "abc", weights=fresh).steps) >= 1


def test_an_answer_takes_milliseconds():
    decode("reverse", "lantern")
    start = time.thread_time()
    decode("reverse", "lantern")
    assert time.thread_time() - start < 3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: decode("translate", "abc"),
        lambda: decode("reverse", ""),
        lambda: decode("reverse", "abcdefghi"),
        lambda: decode("reverse", "añb"),
        lambda: decode("reverse", "<a>"),
        lambda: decode("add", "1+"),
        lambda: decode("add", "100+1"),
        lambda: decode("add", "-1+2"),
        lambda: decode("add", "²+1"),
        lambda: decode("add", "1+2+3"),
        lambda: decode("reverse", "abc", {1: 3}),
        lambda: decode("reverse", "abc", {0: 1}),
        lambda: decode("reverse", "abc", {1: [1.0, 2.0]}),
        lambda: decode("reverse", "abc", {1: [0.0, 0.0, 0.0]}),
        lambda: decode("reverse", "abc", {1: [1.0, -1.0, 0.5]}),
        lambda: decode("reverse", "abc", {1: [1.0, float("nan"), 0.5]}),
        lambda: encoder_decoder.question(decode("reverse", "abc"), 1, 5),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
