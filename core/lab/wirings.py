"""The same recurrent cell wired in five ways, as Keras models whose tensor shapes are read off, not written down."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.i18n import N_, _, translated_fields
from core.lab import checks
from core.lab.snippet import Snippet, printed

if TYPE_CHECKING:
    from core.backend import keras

MAX_STEPS = 12
MAX_SIZE = 64


@translated_fields("title", "example")
@dataclass(frozen=True)
class Wiring:
    """What a wiring is for."""

    key: str
    title: str
    example: str


@dataclass(frozen=True)
class Sizes:
    """T input steps of D numbers, T_out output steps of O numbers, U units. A wiring uses those that it has."""

    T: int = 4
    T_out: int = 3
    D: int = 3
    U: int = 5
    O: int = 2


@dataclass(frozen=True)
class Tick:
    """One step of the unrolled drawing: which input it reads and which output it writes, from 0, or None."""

    cell: str  # "rnn", "encoder" or "decoder"
    reads: int | None
    writes: int | None


@dataclass(frozen=True)
class LayerShape:
    """A layer of the built model: its symbolic output shape (None is the batch) and that of a batch of two."""

    name: str
    kind: str  # the Keras class
    symbolic: tuple[int | None, ...]
    seen: tuple[int, ...]
    parameters: int


WIRINGS = {
    wiring.key: wiring
    for wiring in (
        Wiring("one-to-one", N_("One to one"), N_("One input, one output: with a single step it is a plain network.")),
        Wiring(
            "one-to-many", N_("One to many"), N_("A picture in, a sentence out: the one input is given to each step.")
        ),
        Wiring("many-to-one", N_("Many to one"), N_("A review in, its mood out: only the last state is read.")),
        Wiring("many-to-many", N_("Many to many, equal"), N_("A tag for each word: every state is read.")),
        Wiring(
            "encoder-decoder",
            N_("Many to many, unequal"),
            N_("A translation: one cell reads to the end, and its last state starts another that writes."),
        ),
    )
}


def checked(key: str, sizes: Sizes) -> Sizes:
    """Raises UserError for an unknown wiring, T or T_out beyond 1 to 12, D, U or O beyond 1 to 64."""
    checks.one_of(key, _("The wiring"), tuple(WIRINGS))
    for name, most in (("T", MAX_STEPS), ("T_out", MAX_STEPS), ("D", MAX_SIZE), ("U", MAX_SIZE), ("O", MAX_SIZE)):
        checks.integer(getattr(sizes, name), name, 1, most)
    return sizes


def ticks(key: str, sizes: Sizes) -> tuple[Tick, ...]:
    """The unrolled steps in order. Raises UserError."""
    T, T_out = checked(key, sizes).T, sizes.T_out
    if key == "one-to-one":
        return (Tick("rnn", 0, 0),)
    if key == "one-to-many":
        return tuple(Tick("rnn", 0, t) for t in range(T_out))
    if key == "many-to-one":
        return tuple(Tick("rnn", t, 0 if t == T - 1 else None) for t in range(T))
    if key == "many-to-many":
        return tuple(Tick("rnn", t, t) for t in range(T))
    return (
        *(Tick("encoder", t, None) for t in range(T)),
        *(Tick("decoder", None, t) for t in range(T_out)),
    )


def _code(key: str, sizes: Sizes) -> str:
    """The body that defines `x`, the input, and `s`, the states that the last layer reads."""
    T, T_out, D, U = sizes.T, sizes.T_out, sizes.D, sizes.U
    every = "return_sequences=True, "
    return {
        "one-to-one": f"""\
x = keras.Input((1, {D}), name="x")
s = layers.SimpleRNN({U}, name="rnn")(x)
""",
        "one-to-many": f"""\
x = keras.Input(({D},), name="x")
repeated = layers.RepeatVector({T_out}, name="repeat")(x)
s = layers.SimpleRNN({U}, {every}name="rnn")(repeated)
""",
        "many-to-one": f"""\
x = keras.Input(({T}, {D}), name="x")
s = layers.SimpleRNN({U}, name="rnn")(x)
""",
        "many-to-many": f"""\
x = keras.Input(({T}, {D}), name="x")
s = layers.SimpleRNN({U}, {every}name="rnn")(x)
""",
        "encoder-decoder": f"""\
x = keras.Input(({T}, {D}), name="x")
last = layers.SimpleRNN({U}, name="encoder")(x)
repeated = layers.RepeatVector({T_out}, name="repeat")(last)
s = layers.SimpleRNN({U}, {every}name="decoder")(repeated, initial_state=last)
""",
    }[key]


def build(key: str, sizes: Sizes) -> "keras.Model":
    """The wiring as a Functional Keras model. Raises UserError."""
    from core.backend import keras, layers

    sizes = checked(key, sizes)
    T, T_out, D, U = sizes.T, sizes.T_out, sizes.D, sizes.U
    x = keras.Input({"one-to-one": (1, D), "one-to-many": (D,)}.get(key, (T, D)), name="x")
    if key == "one-to-many":
        repeated = layers.RepeatVector(T_out, name="repeat")(x)
        s = layers.SimpleRNN(U, return_sequences=True, name="rnn")(repeated)
    elif key == "encoder-decoder":
        last = layers.SimpleRNN(U, name="encoder")(x)
        repeated = layers.RepeatVector(T_out, name="repeat")(last)
        s = layers.SimpleRNN(U, return_sequences=True, name="decoder")(repeated, initial_state=last)
    else:
        s = layers.SimpleRNN(U, return_sequences=key == "many-to-many", name="rnn")(x)
    return keras.Model(x, layers.Dense(sizes.O, activation="softmax", name="y")(s))


def shapes(key: str, sizes: Sizes) -> tuple[LayerShape, ...]:
    """Build the model, run a batch of two through it and read every layer's shape. Raises UserError."""
    from core.backend import keras

    model = build(key, sizes)
    inner = keras.Model(model.input, [layer.output for layer in model.layers])
    seen = inner(np.zeros((2, *model.input_shape[1:]), "float32"))
    return tuple(
        LayerShape(
            layer.name, type(layer).__name__, tuple(layer.output.shape), tuple(tensor.shape), layer.count_params()
        )
        for layer, tensor in zip(model.layers, seen, strict=True)
    )


def snippet(key: str, sizes: Sizes) -> Snippet:
    """The wiring's program; prints each layer's shape and number of parameters. Raises UserError."""
    found = shapes(key, sizes)
    code = f"""\
import keras
from keras import layers

{_code(key, sizes)}y = layers.Dense({sizes.O}, activation="softmax", name="y")(s)
model = keras.Model(x, y)
for layer in model.layers:
    print(layer.name, tuple(layer.output.shape), layer.count_params())
"""
    return Snippet(code, printed(*((layer.name, layer.symbolic, layer.parameters) for layer in found)))
