import numpy as np
import pytest

from core.errors import UserError
from core.lab import long_memory
from core.lab.long_memory import (
    KINDS,
    THINGS,
    VOCABULARY,
    GateOverride,
    answer,
    gradient_reach,
    loss_and_gradients,
    sentence,
    train,
)


@pytest.fixture(scope="module")
def lstm():
    return train("lstm")


@pytest.mark.parametrize("kind", KINDS)
def test_the_way_back_through_the_words_is_the_numerical_gradient(kind):
    rng = np.random.default_rng(0)
    cell = long_memory.first_cell(kind, 3, 0, 1.0)
    weights = [*cell, rng.normal(size=(3, 4)), rng.normal(size=4)]
    weights[2] = weights[2] + 0.1 * rng.normal(size=weights[2].shape)
    x, y = long_memory.sentences(5, 1, rng)
    grads = loss_and_gradients(kind, weights, x, y)[2]
    for which, value in enumerate(weights):
        used = [place for place in np.ndindex(value.shape) if which != 0 or place[0] in x[0]]
        for place in used[::3]:
            losses = []
            for nudge in (1e-6, -1e-6):
                moved = [q.copy() for q in weights]
                moved[which][place] += nudge
                losses.append(loss_and_gradients(kind, moved, x, y)[0])
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(grads[which][place], abs=1e-7)


def test_only_the_first_sentence_tells_what_was_folded():
    x, folded = long_memory.sentences(400, 6, np.random.default_rng(0))
    assert (x[:, 4] == folded).all()
    assert x.shape == (400, 32)
    said = long_memory.words(x[0])
    assert said[:4] == ("妈妈", "教", "小明", "叠")
    assert said[-3:] == ("最后", "叠好", "了")
    for thing in range(len(THINGS)):  # what the steps mention says nothing about the answer
        mentioned = (x[:, 5:] == thing).any(axis=1)
        assert np.mean(folded[mentioned] == thing) == pytest.approx(0.25, abs=0.08)


def test_every_word_has_a_gloss():
    assert set(long_memory.GLOSSES) == set(VOCABULARY)


@pytest.mark.exhaustive
def test_an_lstm_with_an_open_forget_gate_learns_it_and_a_plain_rnn_does_not(lstm):
    assert lstm.accuracy > 0.98
    assert train("rnn", seed=2).accuracy < 0.5
    assert train("lstm", keep=0.0, updates=150).accuracy < 0.5


@pytest.mark.exhaustive
def test_a_gru_with_an_open_gate_learns_it_too():
    assert train("gru", updates=250).accuracy > 0.95


def test_the_open_gate_lets_the_error_reach_the_first_sentence():
    rnn, shut, open_ = gradient_reach("rnn"), gradient_reach("lstm", keep=0.0), gradient_reach("lstm", keep=3.0)
    assert open_[4] > 10 * rnn[4]
    assert rnn[4] > 20 * shut[4]
    assert open_[4] > 0.1 * open_[-1]


def test_without_its_forget_gate_the_memory_is_lost(lstm):
    assert long_memory.accuracy_with(lstm, [GateOverride("f", 1.0, 6)]) > 0.9
    assert long_memory.accuracy_with(lstm, [GateOverride("f", 0.0, 6)]) < 0.5


def test_a_thing_that_is_moved_away_is_not_believed(lstm):
    text = "妈妈 教 小明 叠 被子 " + "再 把 毛巾 移开 " * 6 + "最后 叠好 了"
    p, steps = answer(lstm, sentence(text))
    assert THINGS[int(p[-1].argmax())] == "被子"
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert len(steps) == len(p) == 32


def test_the_states_are_keras_own(lstm):
    import keras

    x = long_memory.sentences(3, 6, np.random.default_rng(1))[0]
    layer = keras.layers.LSTM(lstm.cell.units)
    layer.build((None, None, len(VOCABULARY)))
    layer.set_weights(list(lstm.cell))
    theirs = np.asarray(layer(np.eye(len(VOCABULARY), dtype="float32")[x])) @ lstm.V + lstm.c
    p = np.exp(theirs) / np.exp(theirs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose([answer(lstm, row)[0][-1] for row in x], p, atol=1e-5)


def test_the_question_is_answered_by_the_held_network(lstm):
    x = sentence("妈妈 教 小明 叠 衣服 " + "先 把 边角 拉平 " * 6 + "最后 叠好 了")
    hold = GateOverride("f", 0.0, 10, 10)
    asked = long_memory.question(lstm, x, hold)
    assert asked.answer_index == int(answer(lstm, x, [hold])[0][-1].argmax())
    assert "衣服" in asked.prompt


@pytest.mark.parametrize(
    "bad",
    [
        lambda: sentence(""),
        lambda: sentence("妈妈 教 小红"),
        lambda: sentence("把 " * 81),
        lambda: train("cnn"),
        lambda: train("lstm", steps=0),
        lambda: train("lstm", units=100),
        lambda: train("gru", keep=float("inf")),
        lambda: train("rnn", units=0),
        lambda: long_memory.accuracy_with(train("lstm", updates=1), [GateOverride("z", 0.0)]),
        lambda: long_memory.accuracy_with(train("rnn", updates=1), [GateOverride("f", 0.0)]),
        lambda: answer(train("gru", updates=1), sentence("妈妈 教"), [GateOverride("z", 0.0, 3)]),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
