from functools import cache

import numpy as np
import pytest

from core.charlm.inference.request import Settings
from core.charlm.inference.write import TextWriter
from core.charlm.inside.gate_intervention import SETTABLE, GatedWriter, GateIntervention, TextShape, parse_units
from core.charlm.training.model import recurrent
from core.errors import UserError
from tests.core.charlm.inside.conftest import LETTERS, trained

SETTINGS = Settings(length=120, temperature=1.0, seed=3)
COLUMNS = {"lstm": "if_o", "gru": "zr"}


@cache
def writers(cell):
    """One of each kind for all tests of a cell: compiling them is what takes time."""
    model, config = trained(cell)
    return model, TextWriter(model, config, LETTERS), GatedWriter(model, config, LETTERS)


def pin(model, cell, layer, gate, value, units):
    """Make the gate constant by the weights alone: no input, and the bias whose sigmoid is `value`."""
    target = recurrent(model)[layer - 1]
    kernel, back, bias = target.get_weights()
    U = back.shape[0]
    columns = COLUMNS[cell].index(gate) * U + np.array([*units])
    kernel[:, columns] = back[:, columns] = 0
    bias[..., columns] = 0
    first = bias if bias.ndim == 1 else bias[0]
    first[columns] = np.log(value / (1 - value)) if 0 < value < 1 else (60 if value else -60)
    target.set_weights([kernel, back, bias])


def test_without_a_hold_it_writes_what_the_writer_writes(cell):
    _model, writer, held = writers(cell)
    assert held.write_with_gates("abc", SETTINGS, ()) == writer.write("abc", SETTINGS)


@pytest.mark.parametrize(
    ("cell", "gate", "value"),
    [
        ("lstm", "f", 0.0),
        ("lstm", "i", 1.0),
        ("lstm", "o", 0.5),
        ("gru", "z", 0.0),
        ("gru", "r", 1.0),
        ("gru", "z", 0.7),
    ],
)
@pytest.mark.parametrize("units", [None, (2, 5)])
def test_a_held_gate_is_a_gate_that_its_weights_pin_there(cell, gate, value, units):
    model, writer, held = writers(cell)
    found = held.write_with_gates("abc", SETTINGS, [GateIntervention(2, gate, value, units)])
    untouched = held.write_with_gates("abc", SETTINGS, ())
    weights = model.get_weights()
    try:
        pin(model, cell, 2, gate, value, range(12) if units is None else units)
        assert found == writer.write("abc", SETTINGS)
    finally:
        model.set_weights(weights)
    assert found != untouched


def test_a_simple_rnn_is_held_by_its_hidden_value():
    _model, _writer, held = writers("rnn")
    everything = [GateIntervention(layer, "h", 0.3) for layer in (1, 2)]
    assert held.write_with_gates("abc", SETTINGS, everything) == held.write_with_gates("jjj", SETTINGS, everything)


def test_the_next_text_is_not_held_any_more():
    _model, _writer, held = writers("lstm")
    before = held.write_with_gates("abc", SETTINGS, ())
    assert held.write_with_gates("abc", SETTINGS, [GateIntervention(1, "f", 0.0)]) != before
    assert held.write_with_gates("abc", SETTINGS, ()) == before


def test_several_holds_are_in_force_together():
    _model, _writer, held = writers("lstm")
    both = [GateIntervention(1, "i", 0.0), GateIntervention(2, "i", 0.0)]
    # Nothing is ever written into any cell: the prompt leaves no trace.
    assert held.write_with_gates("abc", SETTINGS, both) == held.write_with_gates("ghi", SETTINGS, both)


@pytest.mark.parametrize(
    ("cell", "hold", "words"),
    [
        ("gru", GateIntervention(1, "f", 1.0), "A GRU has no forget gate to hold: it has update gate, reset gate"),
        ("rnn", GateIntervention(1, "o", 1.0), "A simple RNN has no output gate"),
        ("lstm", GateIntervention(3, "f", 1.0), "There is no layer 3"),
        ("lstm", GateIntervention(1, "f", 1.5), "cannot be held at 1.5"),
        ("lstm", GateIntervention(1, "f", float("nan")), "cannot be held"),
        ("lstm", GateIntervention(1, "f", 1.0, (12,)), "cells 0 to 11"),
    ],
)
def test_what_cannot_be_held_is_said(cell, hold, words):
    _model, _writer, held = writers(cell)
    with pytest.raises(UserError, match=words):
        held.write_with_gates("", SETTINGS, [hold])


def test_cells_are_numbers_and_ranges():
    assert parse_units("", 12) is None
    assert parse_units(" , ", 12) is None
    assert parse_units("3, 1, 7–9,8", 12) == (1, 3, 7, 8, 9)
    for wrong in ("12", "9-20", "5-3", "x", "-1", "1 2", "9" * 50):
        with pytest.raises(UserError):
            parse_units(wrong, 12)


def test_the_shape_of_a_text_is_counted_over_lines_and_words_that_are_there():
    assert TextShape.measure("ab cd\n\n  \nefg") == TextShape(line=4.0, word=7 / 3)
    assert TextShape.measure("") == TextShape(0.0, 0.0)


def test_every_kind_of_cell_has_something_to_hold():
    assert SETTABLE == {"lstm": ("i", "f", "o"), "gru": ("z", "r"), "rnn": ("h",)}
