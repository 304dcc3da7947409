import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.classifier.config import ClassifierConfig
from core.classifier.data.tokenizer import UNKNOWN
from core.classifier.inference.classify import load_classifier
from core.classifier.training.train import make_task
from core.errors import UserError
from core.runs.checkpoint import load_arrays
from core.runs.store import create
from tests.core.classifier.conftest import SMALL
from tests.core.classifier.reviews import chinese, sentences, table


def task(folder, rows=None, **changes):
    options = ClassifierConfig(**(SMALL | {"steps": 10, "ema": 0.9} | changes))
    return make_task(create(options, [table(rows or sentences(120))], name="t", directory=folder))


def ones(count):
    return np.ones(count, np.float32)


def test_it_learns_what_tells_the_classes(run):
    report = run.report
    assert report["test_accuracy"] >= 0.95
    assert report["test_macro_f1"] >= 0.95
    assert report["baselines"]["majority"]["test_accuracy"] == pytest.approx(0.5)
    assert set(report["baselines"]) == {"majority", "tfidf", "naive_bayes", "letters"}


def test_it_learns_chinese_by_characters(chinese_run):
    assert chinese_run.report["val_accuracy"] >= 0.95
    assert chinese_run.read_json("vocabulary.json")["unit"] == "characters"


def test_baselines_are_there_before_the_first_step(tmp_path):
    listed = [item.as_json() for item in task(tmp_path).baselines()]
    assert [item["name"] for item in listed] == ["majority", "tfidf", "naive_bayes", "letters"]
    assert all(item["metric"] == "val_accuracy" and 0 <= item["value"] <= 1 for item in listed)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A task that several tests train, and the state that it began with."""
    made = task(tmp_path_factory.mktemp("shared"), dropout=0.2)
    return made, state(made)


def state(made):
    return {name: np.asarray(variable).copy() for name, variable in made.variables().items()}


def put_back(made, arrays):
    for name, variable in made.variables().items():
        variable.assign(arrays[name])


def test_steps_in_one_call_are_those_of_many_calls(shared):
    made, start = shared
    put_back(made, start)
    made.train(0, ones(6))
    at_once = state(made)
    put_back(made, start)
    for step in range(6):
        made.train(step, ones(1))
    for name, array in state(made).items():
        np.testing.assert_allclose(array, at_once[name], atol=1e-6, err_msg=name)


def test_what_variables_returns_is_all_that_the_future_depends_on(shared):
    made, start = shared
    put_back(made, start)
    made.train(0, ones(3))
    between = state(made)
    made.train(3, ones(3))
    end = state(made)
    made.train(40, ones(2))
    put_back(made, between)
    made.on_restore(3, 100)
    made.train(3, ones(3))
    for name, array in state(made).items():
        np.testing.assert_array_equal(array, end[name], err_msg=name)


def test_evaluating_and_sampling_change_nothing(shared):
    made, _start = shared
    made.train(0, ones(2))
    before = state(made)
    first, probe = made.evaluate(2), made.sample(2)
    assert (made.evaluate(2), made.sample(2)) == (first, probe)
    for name, array in state(made).items():
        np.testing.assert_array_equal(array, before[name])


def test_word_dropout_forgets_the_share_that_was_asked_for(shared):
    made, _start = shared
    tokens = tf.constant(np.r_[np.zeros(1000), np.full(4000, 7)].reshape(50, 100).astype(np.int32))
    one, again, other = (np.asarray(made.steps._word_dropout(tokens, step)) for step in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not (one == other).all()
    assert (one.ravel()[:1000] == 0).all()
    assert np.mean(one.ravel()[1000:] == UNKNOWN) == pytest.approx(made.config.word_dropout, abs=0.03)


def test_a_step_without_dropout_is_the_gradient_of_cross_entropy(tmp_path):
    made = task(tmp_path, dropout=0.0, word_dropout=0.0, distillation=0.0, ema=0.0, clip_norm=0.0)
    rows = made.batches.rows(0, 1)[0]
    tokens = made.steps._tokens(tf.constant(rows))
    np.testing.assert_array_equal(
        np.asarray(tokens)[0][: made.batches.lengths[rows[0]]], made.encoded["train"][rows[0]]
    )
    with tf.GradientTape() as tape:
        logits = made.model(tokens)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(made.labels["train"][rows], logits)
    gradients = map(tf.convert_to_tensor, tape.gradient(loss, made.model.trainable_variables))
    norm = tf.linalg.global_norm(list(gradients))
    figures = made.train(0, ones(1))
    assert figures["loss"] == pytest.approx(float(loss), rel=1e-5)
    assert figures["grad_norm"] == pytest.approx(float(norm), rel=1e-4)


def test_the_teachers_opinion_is_mixed_into_the_labels(tmp_path):
    hard = np.asarray(task(tmp_path / "a", distillation=0.0).steps.targets)
    assert set(np.unique(hard)) == {0.0, 1.0}
    made = task(tmp_path / "b", distillation=0.25)
    thoughts = [
        item.predict(made.texts["train"], made.tokens["train"])
        for item in made.simple_models
        if item.name != "majority"
    ]
    product = np.prod(thoughts, axis=0) ** (1 / 3)
    soft = product / product.sum(1, keepdims=True)
    np.testing.assert_allclose(np.asarray(made.steps.targets), 0.75 * hard + 0.25 * soft, atol=1e-5)
    smooth = np.asarray(task(tmp_path / "c", distillation=0.0, label_smoothing=0.2).steps.targets)
    np.testing.assert_allclose(np.unique(smooth), [0.1, 0.9], atol=1e-6)


def test_class_weights_count_each_class_the_same(tmp_path):
    rows = [(f"some text {n} with words", "rare" if n % 5 == 0 else "common") for n in range(100)]
    made = task(tmp_path, rows, class_weights=True)
    weights, y = np.asarray(made.steps.row_weights), made.labels["train"]
    assert weights[y == 0].sum() == pytest.approx(weights[y == 1].sum())
    assert weights.mean() == pytest.approx(1)


def test_the_model_file_is_the_averaged_network_and_opens_in_bare_keras(run, tmp_path):
    model = keras.models.load_model(run.model_path)
    arrays, _meta = load_arrays(run.path / "predictions.npz")
    made = make_task(run)
    encoded = made.encoded["test"][:5]
    for row, logits in zip(encoded, arrays["test_logits"], strict=False):
        np.testing.assert_allclose(np.asarray(model(row[None]))[0], logits, atol=1e-4)


def test_the_report_is_what_the_kept_logits_say(run):
    arrays, meta = load_arrays(run.path / "predictions.npz")
    assert meta["classes"] == ["neg", "pos"]
    accuracy = np.mean(arrays["test_logits"].argmax(1) == arrays["test_labels"])
    assert run.report["test_accuracy"] == pytest.approx(float(accuracy))
    best = max(row["val_accuracy"] for row in run.metrics() if "val_accuracy" in row)
    assert run.report["val_accuracy"] == pytest.approx(best)


def test_samples_are_the_same_few_texts_and_what_is_thought_of_them(run):
    first, last = (json.loads(run.sample(step, "probe.json")) for step in (0, 60))
    assert [row["text"] for row in first["texts"]] == [row["text"] for row in last["texts"]]
    assert {row["label"] for row in last["texts"]} == {"neg", "pos"}
    right = [last["classes"][int(np.argmax(row["probabilities"]))] == row["label"] for row in last["texts"]]
    assert np.mean(right) > 0.8


def test_many_classes_of_emoji_and_unknown_tokens_train_with_every_option_turned(tmp_path):
    rows = [("😀" * (n % 4) + f" zzz{n} " + "🎉" * (n % 7), f"class {n % 7}") for n in range(140)]
    changes = {
        "pooling": "max",
        "positions": "sinusoidal",
        "truncation": "middle",
        "max_tokens": 4,
        "weight_decay": 0.0,
    }
    made = task(tmp_path, rows, **changes, ema=0.0, class_weights=True, informed_start=False)
    assert np.isfinite(made.train(0, ones(3))["loss"])
    assert made.logits("validation").shape == (len(made.labels["validation"]), 7)


def test_a_width_that_heads_cannot_share_is_one_sentence():
    from core.schema import parse_options

    with pytest.raises(UserError, match=r"“heads” cannot be 3: the width of 16 has to be a multiple"):
        parse_options(ClassifierConfig, {"width": 16, "heads": 3})


def test_chinese_words_are_kept_for_reading(tmp_path):
    made = task(tmp_path, chinese(200))
    assert {"好吃", "太慢"} <= set(made.files["words.json"]["words"])


def test_the_reports_probes_are_what_the_finished_run_answers(run):
    probe = run.report["probe"]
    asked = load_classifier(run).probabilities([row["text"] for row in probe["texts"]])
    assert len(asked) >= 2
    assert np.allclose(asked, [row["probabilities"] for row in probe["texts"]], atol=1e-4)
