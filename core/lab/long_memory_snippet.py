"""“The same in Keras” for the long sentence: the trained cell as a Keras layer, and its answers."""

from collections.abc import Sequence

import numpy as np

from core.lab import lstm_gru
from core.lab.long_memory import VOCABULARY, Trained, answer
from core.lab.lstm_gru import GateOverride
from core.lab.snippet import SHOW, Snippet, literal, printed

_READ = """\
V, d = np.array({V}), np.array({c})


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


"""
_RNN = """\
layer = keras.layers.SimpleRNN({n}, return_sequences=True, dtype="float64")
layer.build((None, *x.shape))
layer.set_weights([np.array({kernel}), np.array({recurrent}), np.array({bias})])
for h in layer(x[None])[0]:
    print(show(h))
"""


def snippet(net: Trained, x: np.ndarray, overrides: Sequence[GateOverride] = ()) -> Snippet:
    """Prints P over THINGS after each word of x (T,), from Keras' own layer, or its formula where a gate is held."""
    signs = np.eye(len(VOCABULARY))[x]
    if net.kind == "rnn":
        kernel, recurrent, bias = (literal(w) for w in net.cell)
        head = f"import keras\nimport numpy as np\n\n{SHOW}\nx = np.array({literal(signs)})\n"
        code = head + _RNN.format(n=net.cell.units, kernel=kernel, recurrent=recurrent, bias=bias)
    else:
        code = lstm_gru.snippet(net.kind, net.cell, signs, overrides).code
    before, after = code.split("x = np.array", 1)
    after = after.replace("print(show(h))", "print(show(softmax(np.asarray(h) @ V + d)))")
    read = _READ.format(V=literal(net.V), c=literal(net.c))
    return Snippet(f"{before}{read}x = np.array{after}", printed(*((p,) for p in answer(net, x, overrides)[0])))
