"""The three validation losses against sums over the Keras model's own predictions."""

import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.charlm.training import evaluate
from core.charlm.training.evaluate import Evaluator
from core.charlm.training.forward import trainable_tensors
from core.charlm.training.model import build
from tests.selection import sampled

V = 11
IDS = np.random.default_rng(0).integers(0, V, 150).astype("int32")


@pytest.fixture(scope="module", params=sampled(["lstm", "gru"]))
def given(request):
    config = CharLMConfig(cell=request.param, units=8, layers=2, embedding=4)
    model = build(config, V)
    for number, variable in enumerate(model.trainable_variables):
        variable.assign(np.random.default_rng(number).normal(size=variable.shape) * 0.5)
    return model, Evaluator(config, V, shards=2)


def surprise(model, ids):
    """-log p of each of ids[1:], from a zero state"""
    predicted = np.asarray(model(ids[None, :-1]))[0]
    return -np.log(predicted[np.arange(len(ids) - 1), ids[1:]])


@pytest.mark.parametrize("T", sampled([149, 64, 256]))
def test_windows_count_every_target_once_each_window_from_a_zero_state(given, T):
    model, evaluator = given
    parts = [surprise(model, IDS[begin : begin + T + 1]) for begin in range(0, len(IDS) - 1, T)]
    expected = np.concatenate(parts)
    assert len(expected) == len(IDS) - 1
    assert evaluator.window_loss(trainable_tensors(model), IDS, T) == pytest.approx(expected.mean(), abs=1e-5)


def test_blocks_that_do_not_come_out_even_change_nothing(given, monkeypatch):
    model, evaluator = given
    whole = evaluator.window_loss(trainable_tensors(model), IDS, 8)
    monkeypatch.setattr(evaluate, "BLOCK", 8 * 4)
    assert evaluator.window_loss(trainable_tensors(model), IDS, 8) == pytest.approx(whole, abs=1e-6)


def test_a_limit_reads_windows_from_the_whole_text(given):
    model, evaluator = given
    chosen = np.concatenate([surprise(model, IDS[begin : begin + 11]) for begin in (0, 70, 140)])
    assert evaluator.window_loss(trainable_tensors(model), IDS, 10, limit=30) == pytest.approx(chosen.mean(), abs=1e-5)


def test_a_stream_carries_its_state_through_the_whole_text(given, monkeypatch):
    model, evaluator = given
    monkeypatch.setattr(evaluate, "READ", 32)
    assert evaluator.stream_loss(trainable_tensors(model), IDS) == pytest.approx(surprise(model, IDS).mean(), abs=1e-5)


def test_a_long_stream_is_read_in_pieces_that_are_warm_when_they_count(given, monkeypatch):
    model, evaluator = given
    whole = evaluator.stream_loss(trainable_tensors(model), IDS)
    monkeypatch.setattr(evaluate, "PIECE", 80)
    monkeypatch.setattr(evaluate, "WARM", 70)
    assert evaluator.stream_loss(trainable_tensors(model), IDS) == pytest.approx(whole, abs=3e-5)
    monkeypatch.setattr(evaluate, "WARM", 0)
    assert evaluator.stream_loss(trainable_tensors(model), IDS) != pytest.approx(whole, abs=3e-5)


def test_two_characters_are_enough_to_have_a_loss(given):
    model, evaluator = given
    assert evaluator.window_loss(trainable_tensors(model), IDS[:2], 64) == pytest.approx(
        surprise(model, IDS[:2])[0], abs=1e-5
    )
    assert evaluator.stream_loss(trainable_tensors(model), IDS[:2]) == pytest.approx(
        surprise(model, IDS[:2])[0], abs=1e-5
    )
