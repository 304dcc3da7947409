"""A step reads what its number says, a run continues exactly, and the optimizer is Keras' own."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.charlm.config import PRESETS, CharLMConfig, preset
from core.charlm.data.batches import Batches, plan_batches, reductions
from core.charlm.training import precision
from core.charlm.training.model import build
from core.charlm.training.optimizer import Adam
from core.charlm.training.step import Steps
from core.charlm.training.train import make_task
from core.runs.store import create
from core.samples.registry import sample
from core.sources import Source
from core.training.weights import load_weights
from tests.selection import sampled

V, IDS = 9, np.random.default_rng(0).integers(0, 9, 400).astype("int32")
TEXT = Source("verse.txt", ("The lamp is lit, the ships come home, the sea is grey and green.\n" * 40).encode())


def steps_of(shards=1, precision="float32", **options):
    given = {"units": 8, "embedding": 4, "layers": 2, "batch_size": 4, "window": 10} | options
    config = CharLMConfig(**given)
    return Steps(build(config, V), config, IDS, precision, shards)


def values(steps):
    found = steps.variables() | {f"model/{number}": weight for number, weight in enumerate(steps.weights)}
    return {name: np.asarray(variable).copy() for name, variable in found.items()}


def put(steps, arrays):
    for name, variable in (
        steps.variables() | {f"model/{n}": weight for n, weight in enumerate(steps.weights)}
    ).items():
        variable.assign(arrays[name])


def train(steps, first, count):
    return [float(part) for part in steps(tf.constant(first, tf.int64), tf.ones(count))]


def test_streams_read_every_character_of_the_epoch_in_order_and_start_elsewhere_in_the_next():
    batches = Batches(CharLMConfig(batch_size=4, window=10), np.arange(400, dtype=np.int32))
    plan = batches.plan
    assert (plan.B, plan.T, plan.steps_per_epoch) == (4, 10, 10)
    seen = []
    for step in range(10):
        x, y, carry = batches(tf.constant(step, tf.int64))
        np.testing.assert_array_equal(y, (np.asarray(x) + 1) % 400)
        assert np.all(np.asarray(carry) == (step > 0))
        seen.append(np.asarray(x))
    np.testing.assert_array_equal(np.sort(np.concatenate(seen), axis=None), np.arange(400))
    np.testing.assert_array_equal((seen[0][-1] + 1) % 400, seen[1][0])
    x, _y, carry = batches(tf.constant(10, tf.int64))
    assert not np.any(carry)
    assert int(x[0, 0]) != seen[0][0, 0]


def test_windows_begin_anywhere_without_a_state():
    batches = Batches(CharLMConfig(batch_size=64, window=10, batching="windows"), np.arange(400, dtype=np.int32))
    x, y, carry = batches(tf.constant(3, tf.int64))
    np.testing.assert_array_equal(y, np.asarray(x) + 1)
    assert not np.any(carry)
    assert len(set(np.asarray(x)[0].tolist())) > 15


def test_reset_lets_its_share_of_the_streams_begin_anew():
    batches = Batches(CharLMConfig(batch_size=100, window=2, reset=0.3), np.arange(40_000, dtype=np.int32) % 7)
    carried = np.mean([batches(tf.constant(step, tf.int64))[2] for step in range(1, 30)])
    assert carried == pytest.approx(0.7, abs=0.03)


@pytest.mark.parametrize("characters", [12, 20, 90, 1_000])
@pytest.mark.parametrize("batching", ["streams", "windows"])
def test_window_and_batch_shrink_to_the_text_and_say_so(characters, batching):
    config = CharLMConfig(batch_size=64, window=64, batching=batching)
    plan = plan_batches(config, characters)
    assert characters > plan.T
    assert characters >= plan.B * plan.T
    assert len(reductions(config, plan)) == (plan.T < 64) + (plan.B < 64)
    x, y, _carry = Batches(config, np.arange(characters, dtype=np.int32))(tf.constant(7, tf.int64))
    np.testing.assert_array_equal(y, (np.asarray(x) + 1) % characters)


@pytest.mark.parametrize("options", sampled([{"dropout": 0.4}, {}, {"cell": "gru"}, {"batching": "windows"}]))
@pytest.mark.parametrize("kind", sampled(["bfloat16", "float32"]))
def test_training_goes_on_bit_for_bit_from_any_step(options, kind):
    steps = steps_of(2, kind, **options)
    begin = values(steps)
    train(steps, 0, 7)
    whole = values(steps)
    put(steps, begin)
    train(steps, 0, 3)
    middle = values(steps)
    train(steps, 40, 1)  # something else comes between
    put(steps, middle)
    train(steps, 3, 4)
    for name, value in values(steps).items():
        np.testing.assert_array_equal(value, whole[name], err_msg=name)


@pytest.mark.parametrize("cell", sampled(["lstm", "gru", "rnn"]))
@pytest.mark.parametrize("parts", sampled([3, 2]))
def test_a_batch_in_parts_is_the_same_batch_with_every_dropout_on(cell, parts):
    options = {"cell": cell, "dropout": 0.4, "weight_dropout": 0.3, "reset": 0.1, "batch_size": 7}
    one, several = steps_of(1, **options), steps_of(parts, **options)
    assert train(one, 0, 20) == pytest.approx(train(several, 0, 20), abs=1e-5)
    for name, value in values(one).items():
        np.testing.assert_allclose(value, values(several)[name], atol=1e-5, err_msg=name)


def test_the_state_is_carried_from_step_to_step():
    steps = steps_of()
    train(steps, 0, 1)
    first = [np.asarray(part).copy() for layer in steps.state for part in layer]
    assert all(np.abs(part).max() > 0 for part in first)
    carrying, fresh = (float(steps(tf.constant(step, tf.int64), tf.zeros(1))[0]) for step in (1, 10))
    assert carrying != fresh


@pytest.mark.exhaustive
def test_bfloat16_learns_what_float32_learns():
    losses = [train(steps_of(1, kind, units=32, layers=1), 0, 60)[0] for kind in ("float32", "bfloat16")]
    assert losses[1] == pytest.approx(losses[0], abs=0.02)


def test_adamw_with_clipping_is_keras_adamw():
    rng = np.random.default_rng(0)
    shapes = [(4, 3), (3,)]
    ours, theirs = ([tf.Variable(np.full(shape, 0.5, np.float32)) for shape in shapes] for _ in range(2))
    mine = Adam(ours, [True, False], decay=0.1, clip_norm=1.0)
    keras_one = keras.optimizers.AdamW(0.01, beta_2=0.99, weight_decay=0.1, global_clipnorm=1.0, epsilon=1e-8)
    keras_one.exclude_from_weight_decay(var_list=[theirs[1]])
    for _step in range(5):
        gradients = [tf.constant(rng.normal(size=shape).astype("float32")) for shape in shapes]
        norm = mine.apply([[0.25 * g for g in gradients], [0.75 * g for g in gradients]], 0.01)
        keras_one.apply_gradients(zip(gradients, theirs, strict=True))
        assert float(norm) == pytest.approx(float(tf.linalg.global_norm(gradients)), rel=1e-5)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_precision_is_measured_only_where_it_matters():
    assert precision.fastest_dtype(32, 16) == "float32"
    assert precision.fastest_dtype(256, 32) in ("float32", "bfloat16")
    assert precision.shard_count(1) == 1
    assert 1 <= precision.shard_count(64) <= 8


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("characters", [24, 300, 5_000, 60_000, 1_100_000, 20_000_000])
def test_presets_fit_texts_from_the_notes_sentence_to_a_library(name, characters):
    config = preset(name, characters, 65)
    plan = plan_batches(config, int(0.9 * characters))
    assert characters >= plan.T * plan.B
    assert characters < 5_000 or not reductions(config, plan)
    assert config.units <= preset("best", 20_000_000, 65).units


# The task --------------------------------------------------------------------------------------------------------
def task_of(folder: Path, sources, **options):
    run = create(CharLMConfig(**options), sources, directory=folder)
    return make_task(run)


SMALL = {"units": 16, "embedding": 8, "window": 16, "batch_size": 4, "min_count": 1, "sample_length": 20}


def test_a_task_learns_evaluates_samples_saves_and_reports(tmp_path):
    task = task_of(tmp_path, [TEXT], **SMALL, learning_rate=0.01)
    before = task.evaluate(0)["val_loss"]
    figures = task.train(0, np.ones(150, np.float32))
    assert set(figures) == {"loss", "grad_norm"}
    assert task.evaluate(150)["val_loss"] < before - 1
    assert task.sample(150) == task.sample(150)
    assert len(task.sample(150)["text.txt"].decode()) == 20
    task.save_model(str(tmp_path / "model.keras"))
    report = task.report().figures
    assert report["val_bits_per_char"] == pytest.approx(report["val_loss_nats"] / np.log(2))
    assert report["parameters"] == sum(int(np.prod(w.shape)) for w in task.model.trainable_weights)
    task.train(150, np.ones(20, np.float32))
    assert task.report().figures["val_loss_nats"] != report["val_loss_nats"]
    task.load_model(str(tmp_path / "model.keras"))
    assert task.report().figures["val_loss_nats"] == report["val_loss_nats"]
    bare = build(task.config, len(task.vocabulary))
    load_weights(bare, tmp_path / "model.keras")
    np.testing.assert_array_equal(bare(task.validation[None, :30]), task.model(task.validation[None, :30]))


def test_evaluating_and_sampling_change_nothing_that_training_depends_on(tmp_path):
    task = task_of(tmp_path, [TEXT], **SMALL, dropout=0.2)
    task.train(0, np.ones(3, np.float32))
    before = {name: np.asarray(variable).copy() for name, variable in task.variables().items()}
    task.evaluate(3)
    task.sample(3)
    for name, variable in task.variables().items():
        np.testing.assert_array_equal(variable, before[name])


def test_the_notes_own_sentence_trains_and_is_learned_by_heart(tmp_path):
    config = preset("quick", 24, 20)
    run = create(config.model_copy(update={"steps": 300}), sample("notes"), directory=tmp_path)
    task = make_task(run)
    assert task.sizes.notes
    assert task.train(0, np.ones(300, np.float32))["loss"] > task.train(300, np.ones(1, np.float32))["loss"]
    assert task.train(301, np.ones(1, np.float32))["loss"] < 0.2


def test_a_run_that_goes_on_rounds_as_it_began(tmp_path):
    run = create(CharLMConfig(**SMALL), [TEXT], directory=tmp_path)
    facts = make_task(run).facts
    assert (facts["numerics"]["precision"], facts["numerics"]["masks"]) == ("float32", "rows")
    run.write_json("facts.json", facts | {"numerics": {"precision": "bfloat16", "shards": 3}})
    assert len(make_task(run).steps.rows) == 3
    assert make_task(run).facts["numerics"]["masks"] == "parts", "as version 0.1.0 drew them, which names none"
    run.write_json("facts.json", facts | {"numerics": {"precision": "nonsense", "shards": -1}})
    assert make_task(run).facts["numerics"]["precision"] == "float32"
