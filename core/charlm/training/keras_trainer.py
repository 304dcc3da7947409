"""A character model's training in Keras' own terms, which core.charlm.program exports."""

from typing import Any

import numpy as np

from core.backend import keras, ops, tf
from core.charlm.config import CharLMConfig
from core.charlm.training.model import recurrent
from core.charlm.training.optimizer import BETA_1, BETA_2, EPSILON
from core.training.keras_schedule import Rates

EVALUATED_AT_ONCE = 64


class CharLMTrainer(keras.Model):
    """Truncated backpropagation through time.

    network: a stateful model of build(). A batch is ids (T, B), the ids that follow (T, B), and carry (B, 1), where 0
    lets a row begin from a zero state.
    """

    def __init__(self, network: keras.Model, config: CharLMConfig) -> None:
        super().__init__(name="trainer")
        self.network = network
        self.logits = keras.Model(network.input, network.get_layer("logits").output)
        self.weight_dropout = config.weight_dropout
        self.seed_generator = keras.random.SeedGenerator(config.seed)
        self.nats = keras.metrics.Mean("nats")

    def train_step(self, data: Any) -> dict[str, Any]:
        """One update; returns the mean loss so far, in nats per character."""
        x, y, carry = data
        variables = self.logits.trainable_variables
        states = [state for layer in recurrent(self.network) for state in keras.tree.flatten(layer.states)]
        for state in states:
            state.assign(state * carry)
        with tf.GradientTape() as tape:
            # In this scope the layers read other weights; what they assign to is kept in it, and assigned after it.
            with keras.StatelessScope(state_mapping=self.thinned(variables)) as scope:
                logits = self.logits(ops.transpose(x), training=True)
            each = keras.losses.sparse_categorical_crossentropy(ops.transpose(y), logits, from_logits=True)
            loss = ops.mean(each)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self.optimizer.apply([tf.convert_to_tensor(gradient) for gradient in gradients], variables)
        for variable in [*states, *self.logits.non_trainable_variables]:
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        self.nats.update_state(loss)
        return {"nats": self.nats.result()}

    def thinned(self, variables: list[keras.Variable]) -> list[tuple[keras.Variable, Any]]:
        """The recurrent weights with the values that they have in this step: a share is 0, at all T steps alike, and
        the others are scaled up (DropConnect, Wan et al. 2013; for an LSTM, Merity et al. 2018)."""
        if not self.weight_dropout:
            return []
        return [
            (variable, keras.random.dropout(variable, self.weight_dropout, seed=self.seed_generator))
            for variable in variables
            if variable.name == "recurrent_kernel"
        ]


def make_optimizer(config: CharLMConfig, rates: np.ndarray) -> keras.optimizers.Optimizer:
    """Adam or AdamW with the rates (steps,); biases do not fade."""
    common = {"beta_1": BETA_1, "beta_2": BETA_2, "epsilon": EPSILON, "global_clipnorm": config.clip_norm or None}
    if config.optimizer == "adam":
        return keras.optimizers.Adam(Rates(rates), **common)
    optimizer = keras.optimizers.AdamW(Rates(rates), config.weight_decay, **common)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def window_loss(model: keras.Model, ids: np.ndarray, T: int, limit: int) -> float:
    """Mean loss in nats over consecutive windows of T targets of `ids` (N,), each from a zero state.

    Of a longer text about `limit` characters are read, in windows spread evenly over it.
    """
    T = min(T, len(ids) - 1)
    starts = np.arange(0, len(ids) - 1, T)
    if len(ids) > limit:
        starts = starts[np.linspace(0, len(starts) - 1, max(1, limit // T)).astype(int)]
    total, count = 0.0, 0
    for at in range(0, len(starts), EVALUATED_AT_ONCE):
        places = starts[at : at + EVALUATED_AT_ONCE, None] + np.arange(T + 1)
        block, there = ids[np.minimum(places, len(ids) - 1)], places[:, 1:] < len(ids)
        found = np.take_along_axis(model.predict_on_batch(block[:, :-1]), block[:, 1:, None], -1)[..., 0]
        total -= float(np.log(np.maximum(found, 1e-9))[there].sum(dtype=np.float64))
        count += int(there.sum())
    return total / count
