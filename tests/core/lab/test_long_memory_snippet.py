"""The long sentence in Keras: each network's answers, free and with a gate held."""

import pytest

from core.lab import long_memory
from core.lab.long_memory_snippet import snippet
from core.lab.lstm_gru import GateOverride

X = long_memory.sentence("妈妈 教 小明 叠 床单 先 把 毛巾 移开 最后 叠好 了")


@pytest.mark.parametrize(("kind", "gate"), [("rnn", ""), ("lstm", ""), ("gru", ""), ("lstm", "f"), ("gru", "z")])
def test_keras_prints_the_answer_after_each_word(run_snippet, kind, gate):
    net = long_memory.train(kind, steps=1, units=5, updates=3)
    overrides = [GateOverride(gate, 0.0, 4)] if gate else []
    made = snippet(net, X, overrides)
    assert run_snippet(made.code) == made.prints
    assert made.prints.count("[") == len(X)
    assert ("keras.layers." in made.code) is not bool(gate)


def test_a_held_gate_changes_what_is_printed():
    net = long_memory.train("lstm", steps=1, units=5, updates=3)
    assert snippet(net, X, [GateOverride("f", 0.0, 4)]).prints != snippet(net, X).prints
