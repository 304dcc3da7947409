"""States, gates and scores against Keras."""

import keras
import numpy as np
import pytest

from core.charlm.inside import passage
from core.charlm.inside.gates import half_life, order_by_similarity, saturation
from core.charlm.inside.numpy_network import SIGNALS, NumpyNetwork
from core.charlm.training.model import recurrent
from core.errors import UserError
from tests.core.charlm.inside.conftest import trained

T = 40
TEXT = "abc def\nghi jab" * 3


@pytest.fixture
def ids():
    return np.random.default_rng(3).integers(0, 13, (2, T))


def inputs_of(model, layer, ids):
    return keras.Model(model.input, layer.input)(ids)


@pytest.mark.parametrize("number", [1, 2])
def test_hidden_values_and_cell_states_are_those_of_keras(cell, number, model_and_network, ids):
    model, network = model_and_network
    layer = recurrent(model)[number - 1]
    x = inputs_of(model, layer, ids)
    names = ("h", "c") if cell == "lstm" else ("h",)
    ours = network.read(ids, layer=number, signals=names).signals
    np.testing.assert_allclose(ours["h"], layer(x), atol=1e-5)
    for t in (1, 7, T):
        again = type(layer)(layer.units, return_state=True)
        again.build(x.shape)
        again.set_weights(layer.get_weights())
        _output, *states = again(x[:, :t])
        for name, state in zip(names, states, strict=True):
            np.testing.assert_allclose(ours[name][:, t - 1], state, atol=1e-5)


class Recorder:
    """An activation that remembers what came out of it."""

    def __init__(self, function):
        self.function, self.seen = function, []

    def __call__(self, x):
        self.seen.append(np.asarray(self.function(x)))
        return self.function(x)


@pytest.mark.parametrize(("cell", "order"), [("lstm", "ifo"), ("gru", "zr")])
def test_gates_are_the_values_that_keras_computes_on_its_way(cell, order, ids):
    model, _config = trained(cell, layers=1)
    network = NumpyNetwork.from_keras(model, cell)
    layer = recurrent(model)[0]
    gates, candidates = Recorder(keras.activations.sigmoid), Recorder(keras.activations.tanh)
    kind = {"lstm": keras.layers.LSTMCell, "gru": keras.layers.GRUCell}[cell]
    step = kind(layer.units, activation=candidates, recurrent_activation=gates)
    x = np.asarray(inputs_of(model, layer, ids))
    step.build(x.shape[::2])
    step.set_weights(layer.get_weights())
    state = [np.zeros((2, layer.units), np.float32)] * (2 if cell == "lstm" else 1)
    ours = network.read(ids, signals=SIGNALS[cell]).signals
    for t in range(T):
        gates.seen.clear()
        candidates.seen.clear()
        _h, state = step(x[:, t], list(state))
        state = state if isinstance(state, list | tuple) else [state]
        for name, theirs in zip(order, gates.seen, strict=True):
            np.testing.assert_allclose(ours[name][:, t], theirs, atol=1e-5)
        np.testing.assert_allclose(ours["candidate"][:, t], candidates.seen[0], atol=1e-5)


def test_probabilities_are_those_of_the_keras_model(model_and_network, ids):
    model, network = model_and_network
    np.testing.assert_allclose(np.exp(network.log_probs(network.read(ids).top)), model(ids), atol=1e-5)


def test_reading_on_from_a_state_is_reading_at_once(model_and_network, ids):
    _model, network = model_and_network
    whole = network.read(ids)
    first = network.read(ids[:, :17])
    rest = network.read(ids[:, 17:], first.state)
    np.testing.assert_allclose(np.concatenate([first.top, rest.top], axis=1), whole.top, atol=1e-5)


def test_a_text_longer_than_one_stretch_is_read_without_a_seam(monkeypatch, model_and_network, ids):
    _model, network = model_and_network
    whole = network.read(ids, layer=2, signals=("h",))
    monkeypatch.setattr("core.charlm.inside.numpy_network.STRETCH", 7)
    np.testing.assert_allclose(network.read(ids, layer=2, signals=("h",)).signals["h"], whole.signals["h"], atol=1e-5)


def test_one_hot_characters_are_rows_of_the_kernel(ids):
    model, config = trained(embedding=0)
    network = NumpyNetwork.from_keras(model, config.cell)
    np.testing.assert_allclose(np.exp(network.log_probs(network.read(ids).top)), model(ids), atol=1e-5)


def test_the_score_is_the_cross_entropy_of_the_keras_model(model_and_network, letters):
    model, network = model_and_network
    ids = letters.encode("\n" + TEXT)
    losses = keras.losses.sparse_categorical_crossentropy(ids[None, 1:], model(ids[None, :-1]))
    found = passage.read(network, letters, TEXT)
    np.testing.assert_allclose(found.bits * np.log(2), losses[0], atol=2e-5)


def test_windows_of_a_passage_are_parts_of_the_whole(monkeypatch, model_and_network, letters):
    monkeypatch.setattr(passage, "STRIDE", 8)
    _model, network = model_and_network
    found = passage.read(network, letters, TEXT)
    whole = network.read(letters.encode("\n" + TEXT)[None], layer=2, signals=("h",))
    log_probs = network.log_probs(whole.top[0, :-1])
    for begin, end in ((0, 1), (0, 45), (7, 9), (8, 16), (9, 20), (44, 45)):
        part = found.signals(begin, end, 2, ("h",))["h"]
        np.testing.assert_allclose(part, whole.signals["h"][0, begin + 1 : end + 1], atol=1e-5)
        np.testing.assert_allclose(found.log_probs(begin, end), log_probs[begin:end], atol=1e-5)


def test_guesses_are_the_likeliest_characters_in_order(model_and_network, letters):
    _model, network = model_and_network
    found = passage.read(network, letters, TEXT)
    for row, guesses in zip(np.exp(found.log_probs(3, 9)), found.top_predictions(3, 9), strict=True):
        best = np.argsort(-row)[:5]
        assert [symbol for symbol, _chance in guesses] == [letters.symbols[number] for number in best]
        assert [chance for _symbol, chance in guesses] == pytest.approx(row[best], rel=1e-5)


def test_an_unknown_character_is_read_as_the_unknown_one_and_named(letters, model_and_network):
    found = passage.read(model_and_network[1], letters, "aXbYX")
    assert found.unknown == ["X", "Y"]
    assert found.symbols == list("aXbYX")
    assert np.isfinite(found.bits).all()


def test_texts_of_no_one_and_a_million_characters(letters, model_and_network):
    _model, network = model_and_network
    with pytest.raises(UserError, match="no text"):
        passage.read(network, letters, "")
    with pytest.raises(UserError, match="no text"):
        passage.read(network, letters, "\x00")
    assert len(passage.read(network, letters, "a")) == 1
    long = passage.read(network, letters, "ab" * 500_000)
    assert len(long) == passage.LONGEST
    assert long.cut == 1_000_000 - passage.LONGEST


@pytest.mark.parametrize(
    ("cell", "layer", "signal", "unit", "words"),
    [
        ("gru", 1, "c", None, "A GRU has no cell state"),
        ("rnn", 1, "f", None, "A simple RNN has no forget gate"),
        ("lstm", 3, "c", None, "There is no layer 3: this network has layers 1 to 2"),
        ("lstm", 0, "c", None, "There is no layer 0"),
        ("lstm", 1, "nonsense", None, "has no nonsense"),
        ("lstm", 1, "c", 12, "There is no cell 12: the layer has cells 0 to 11"),
    ],
)
def test_what_a_network_does_not_have_is_said(cell, layer, signal, unit, words):
    model, config = trained(cell)
    with pytest.raises(UserError, match=words):
        NumpyNetwork.from_keras(model, config.cell).check(layer, signal, unit)


def test_saturation_counts_the_steps_at_either_end():
    values = np.array([[0.05, 0.5, 0.95], [0.02, 0.5, 0.2], [0.5, 0.95, 0.99], [0.09, 0.05, 0.91]])
    found = saturation("f", values)
    assert found.shut.tolist() == [0.75, 0.25, 0]
    assert found.open.tolist() == [0, 0.25, 0.75]
    assert saturation("h", values * 2 - 1).open.tolist() == [0, 0, 0.25]
    assert saturation("c", values) is None


def test_half_of_a_memory_is_left_after_its_half_life():
    keep = np.full((10, 3), [0.5, 0.5 ** (1 / 20), 1.0])
    assert half_life(keep) == pytest.approx([1, 20, np.inf])


def test_cells_that_move_alike_stand_together():
    rng = np.random.default_rng(0)
    courses = rng.normal(size=(50, 2))
    values = courses[:, [0, 1, 0, 1, 0, 1]] + rng.normal(0, 0.01, (50, 6))
    order = order_by_similarity(values)
    kinds = (order % 2).tolist()
    assert sum(kinds[place] != kinds[place - 1] for place in range(6)) == 2
    assert order_by_similarity(values[:1]).tolist() == list(range(6))
