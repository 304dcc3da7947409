"""The gradient of one prediction with respect to every earlier character.

Computes ∂ ln P(next) / ∂ x_s by backpropagation through time in NumPy, where x_s is the embedding of character s. Its
norm measures the prediction's sensitivity to the character; gradient × input (Shrikumar et al. 2017) is a first-order
estimate of the character's signed contribution.
"""

from dataclasses import dataclass

import numpy as np

from core.charlm.inside.numpy_network import NumpyNetwork, State, Weights, run_layer
from core.charlm.inside.passage import Passage
from core.charlm.inside.single_thread import one_thread
from core.errors import UserError
from core.i18n import _

SIGNALS = {"lstm": {"h", "c", "i", "f", "o", "candidate"}, "gru": {"h", "z", "r", "candidate"}, "rnn": {"h"}}

LEAST = 20  # minimum distance of an average, in characters


@dataclass(frozen=True)
class InputGradients:
    """strength (…, T): norm of the gradient at each character; effect (…, T): gradient × input in nats;
    log_prob (…,): ln P of the prediction."""

    strength: np.ndarray
    effect: np.ndarray
    log_prob: np.ndarray


@one_thread()
def input_gradients(
    network: NumpyNetwork, ids: np.ndarray, target: np.ndarray, state: State | None = None
) -> InputGradients:
    """Gradients of ln P(target) (B,) after the last character of `ids` (B, T), with respect to each character.

    The state before the T characters is treated as constant. Raises UserError where T is 0.
    """
    B, T = ids.shape
    if not T:
        raise UserError(_("There is no character before this one that it could look back to: choose a later one."))
    x = network.table[ids]
    state = network.zero_state(B) if state is None else state
    courses = []
    for weights, before in zip(network.layers, state, strict=True):
        found, _after = run_layer(network.cell, weights, x, before, SIGNALS[network.cell])
        courses.append(found)
        x = found["h"]
    log_probs = network.log_probs(x[:, -1])
    rows = np.arange(B)
    slope = -np.exp(log_probs)
    slope[rows, target] += 1  # ∂ ln softmax_k / ∂ logits = 1_k − softmax
    gradient = np.zeros_like(x)
    gradient[:, -1] = slope @ network.output.T
    for weights, before, found in zip(network.layers[::-1], state[::-1], courses[::-1], strict=True):
        gradient = BACK[network.cell](weights, before, found, gradient)
    inputs = network.table[ids]
    return InputGradients(
        np.sqrt(np.square(gradient).sum(-1)), (gradient * inputs).sum(-1), log_probs[rows, target].astype(np.float64)
    )


def mean_gradient_norm(passage: Passage, back: int, many: int) -> np.ndarray:
    """Mean gradient norm at each distance, nearest first, (back,), over `many` predictions spread evenly.

    `back` is limited to half of the passage; empty where that is less than LEAST characters.
    """
    back = min(back, len(passage) // 2)
    if back < LEAST:
        return np.zeros(0)
    places = np.unique(np.linspace(back, len(passage) - 1, many).astype(int))
    rows = np.stack([passage.ids[place - back : place] for place in places])
    states = [passage.state_before(place - back) for place in places.tolist()]
    state = [
        tuple(np.concatenate(parts) for parts in zip(*layers, strict=True)) for layers in zip(*states, strict=True)
    ]
    return input_gradients(passage.network, rows, passage.ids[places], state).strength.mean(axis=0)[::-1]


def _lstm(weights: Weights, state: tuple[np.ndarray, ...], s: dict[str, np.ndarray], upper: np.ndarray) -> np.ndarray:
    """Backpropagate upper (B, T, U), the gradient at the layer's output, to its input, (B, T, D)."""
    before = np.concatenate([state[1][:, None], s["c"][:, :-1]], axis=1)
    tanh_c = np.tanh(s["c"])
    i, f, o, g = s["i"], s["f"], s["o"], s["candidate"]
    dh, dc = np.zeros_like(state[0]), np.zeros_like(state[0])
    inputs = np.empty((*upper.shape[:2], len(weights.kernel)), np.float32)
    for t in reversed(range(upper.shape[1])):
        dh = dh + upper[:, t]
        dc = dc + dh * o[:, t] * (1 - tanh_c[:, t] ** 2)
        parts = (
            dc * g[:, t] * i[:, t] * (1 - i[:, t]),
            dc * before[:, t] * f[:, t] * (1 - f[:, t]),
            dc * i[:, t] * (1 - g[:, t] ** 2),
            dh * tanh_c[:, t] * o[:, t] * (1 - o[:, t]),
        )
        dz = np.concatenate(parts, axis=1)
        inputs[:, t] = dz @ weights.kernel.T
        dh, dc = dz @ weights.recurrent.T, dc * f[:, t]
    return inputs


def _gru(weights: Weights, state: tuple[np.ndarray, ...], s: dict[str, np.ndarray], upper: np.ndarray) -> np.ndarray:
    U = upper.shape[2]
    before = np.concatenate([state[0][:, None], s["h"][:, :-1]], axis=1)
    back = before @ weights.recurrent[:, 2 * U :] + weights.bias[1, 2 * U :]
    z, r, g = s["z"], s["r"], s["candidate"]
    dh = np.zeros_like(state[0])
    inputs = np.empty((*upper.shape[:2], len(weights.kernel)), np.float32)
    for t in reversed(range(upper.shape[1])):
        dh = dh + upper[:, t]
        da = dh * (1 - z[:, t]) * (1 - g[:, t] ** 2)
        gates = [
            dh * (before[:, t] - g[:, t]) * z[:, t] * (1 - z[:, t]),
            da * back[:, t] * r[:, t] * (1 - r[:, t]),
        ]
        inputs[:, t] = np.concatenate([*gates, da], axis=1) @ weights.kernel.T
        dh = dh * z[:, t] + np.concatenate([*gates, da * r[:, t]], axis=1) @ weights.recurrent.T
    return inputs


def _rnn(weights: Weights, state: tuple[np.ndarray, ...], s: dict[str, np.ndarray], upper: np.ndarray) -> np.ndarray:
    dh = np.zeros_like(state[0])
    inputs = np.empty((*upper.shape[:2], len(weights.kernel)), np.float32)
    for t in reversed(range(upper.shape[1])):
        da = (dh + upper[:, t]) * (1 - s["h"][:, t] ** 2)
        inputs[:, t] = da @ weights.kernel.T
        dh = da @ weights.recurrent.T
    return inputs


BACK = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}
