"""The trained network in NumPy, which exposes every state and gate; its outputs equal those of Keras' layers.

The formulas are those of `core.charlm.training.cells`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from core.charlm.inside.single_thread import one_thread
from core.errors import UserError
from core.i18n import N_, _, translated_mapping

# The signals of each cell type, gates apart; "candidate" is the proposed new value, h the output.
GATES = {"lstm": ("i", "f", "o"), "gru": ("z", "r"), "rnn": ()}
SIGNALS = {"lstm": ("h", "c", "i", "f", "o", "candidate"), "gru": ("h", "z", "r", "candidate"), "rnn": ("h",)}
NAMES = translated_mapping(
    {
        "h": N_("hidden value"),
        "c": N_("cell state"),
        "i": N_("input gate"),
        "f": N_("forget gate"),
        "o": N_("output gate"),
        "z": N_("update gate"),
        "r": N_("reset gate"),
        "candidate": N_("candidate"),
    }
)
KINDS = translated_mapping({"lstm": "LSTM", "gru": "GRU", "rnn": N_("simple RNN")})
STRETCH = 512  # steps whose input projections are computed in one product

State = list[tuple[np.ndarray, ...]]


class Weights(NamedTuple):
    """One recurrent layer in Keras' layout: kernel (D, gU), recurrent (U, gU), bias (gU,) or, for a GRU, (2, gU)."""

    kernel: np.ndarray
    recurrent: np.ndarray
    bias: np.ndarray


class Reading(NamedTuple):
    """signals: name → (B, T, U) of the layer that was asked for; top: (B, T, U) hidden values of the last layer;
    state: after the last step, for each layer (h, c) or (h,), each (B, U)."""

    signals: dict[str, np.ndarray]
    top: np.ndarray
    state: State


@dataclass(frozen=True)
class NumpyNetwork:
    """cell: "lstm", "gru" or "rnn"; table (V, D) rows for the characters; output (U, V) and its bias (V,)."""

    cell: str
    table: np.ndarray
    layers: tuple[Weights, ...]
    output: np.ndarray
    output_bias: np.ndarray

    @classmethod
    def from_keras(cls, model: Any, cell: str) -> "NumpyNetwork":
        """Copy the weights of a model built by `core.charlm.training.model.build`."""
        from core.charlm.training.model import recurrent, table_of

        layers = tuple(Weights(*layer.get_weights()) for layer in recurrent(model))
        kernel, bias = model.get_layer("logits").get_weights()
        return cls(cell, np.asarray(table_of(model)).copy(), layers, kernel, bias)

    @property
    def units(self) -> int:
        return len(self.layers[0].recurrent)

    @property
    def multiplications(self) -> int:
        """Multiplications per character."""
        return sum(w.kernel.size + w.recurrent.size for w in self.layers) + self.output.size

    def check(self, layer: int, signal: str, unit: int | None = None) -> None:
        """Raise UserError where there is no such layer (from 1), signal or unit (from 0)."""
        if not 1 <= layer <= len(self.layers):
            message = _("There is no layer {layer}: this network has layers 1 to {count}.")
            raise UserError(message.format(layer=layer, count=len(self.layers)))
        if signal not in SIGNALS[self.cell]:
            message = _("A {kind} has no {signal}: it has {known}.")
            known = ", ".join(NAMES[name] for name in SIGNALS[self.cell])
            raise UserError(message.format(kind=KINDS[self.cell], signal=NAMES.get(signal, signal), known=known))
        if unit is not None and not 0 <= unit < self.units:
            message = _("There is no cell {unit}: the layer has cells 0 to {last}.")
            raise UserError(message.format(unit=unit, last=self.units - 1))

    def zero_state(self, B: int = 1) -> State:
        """Zero state of a batch of B."""
        parts = 2 if self.cell == "lstm" else 1
        return [tuple(np.zeros((B, self.units), np.float32) for _part in range(parts)) for _layer in self.layers]

    def read(self, ids: np.ndarray, state: State | None = None, layer: int = 1, signals: Sequence[str] = ()) -> Reading:
        """Read `ids` (B, T) from `state` (zero by default); record `signals` of `layer` (from 1)."""
        for name in signals:
            self.check(layer, name)
        state = self.zero_state(len(ids)) if state is None else state
        kept: dict[str, list[np.ndarray]] = {name: [] for name in signals}
        tops: list[np.ndarray] = []
        with one_thread():
            for begin in range(0, ids.shape[1], STRETCH):
                x, after = self.table[ids[:, begin : begin + STRETCH]], []
                for number, (weights, before) in enumerate(zip(self.layers, state, strict=True), start=1):
                    wanted = signals if number == layer else ()
                    found, last = run_layer(self.cell, weights, x, before, {"h", *wanted})
                    for name in wanted:
                        kept[name].append(found[name])
                    x = found["h"]
                    after.append(last)
                state = after
                tops.append(x)
        empty = np.zeros((len(ids), 0, self.units), np.float32)
        return Reading(
            {name: np.concatenate([empty, *parts], axis=1) for name, parts in kept.items()},
            np.concatenate([empty, *tops], axis=1),
            state,
        )

    def log_probs(self, top: np.ndarray) -> np.ndarray:
        """ln P of every character after each step: top (…, U) → (…, V)."""
        logits = top @ self.output + self.output_bias
        logits -= logits.max(axis=-1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def run_layer(
    cell: str, weights: Weights, x: np.ndarray, state: tuple[np.ndarray, ...], wanted: set[str]
) -> tuple[dict[str, np.ndarray], tuple[np.ndarray, ...]]:
    """Run one layer over x (B, T, D); return the `wanted` signals, each (B, T, U), and the final state."""
    B, T, _D = x.shape
    U = len(weights.recurrent)
    found = {name: np.empty((B, T, U), np.float32) for name in wanted}
    # The input projection does not depend on the state: one matrix product for all steps.
    product = x @ weights.kernel + (weights.bias[0] if cell == "gru" else weights.bias)
    for t, step in enumerate(_cell_steps(cell, product, weights, state)):
        for name in wanted:
            found[name][:, t] = step[name]
        state = (step["h"], step["c"]) if cell == "lstm" else (step["h"],)
    return found, state


def _cell_steps(
    cell: str, product: np.ndarray, weights: Weights, state: tuple[np.ndarray, ...]
) -> Iterator[dict[str, np.ndarray]]:
    U, recurrent = len(weights.recurrent), weights.recurrent
    h, c = state[0], state[-1]
    for t in range(product.shape[1]):
        if cell == "lstm":
            z = product[:, t] + h @ recurrent
            gates = sigmoid(z)  # that of the candidate's columns is not used
            i, f, o, candidate = gates[:, :U], gates[:, U : 2 * U], gates[:, 3 * U :], np.tanh(z[:, 2 * U : 3 * U])
            c = f * c + i * candidate
            h = o * np.tanh(c)
            yield {"h": h, "c": c, "i": i, "f": f, "o": o, "candidate": candidate}
        elif cell == "gru":
            back = h @ recurrent + weights.bias[1]
            gates = sigmoid(product[:, t, : 2 * U] + back[:, : 2 * U])
            z, r = gates[:, :U], gates[:, U:]
            candidate = np.tanh(product[:, t, 2 * U :] + r * back[:, 2 * U :])
            h = z * h + (1 - z) * candidate
            yield {"h": h, "z": z, "r": r, "candidate": candidate}
        else:
            h = np.tanh(product[:, t] + h @ recurrent)
            yield {"h": h}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)
