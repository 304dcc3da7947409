"""Run many optimizer steps in one compiled loop, each batch split into shards for the processor's cores."""

from typing import Any

import numpy as np

from core.backend import keras, tf
from core.charlm.config import CharLMConfig
from core.charlm.data.batches import Batches
from core.charlm.training.bfloat16 import to_float32
from core.charlm.training.dropout import KINDS
from core.charlm.training.forward import TrainingForward, trainable_tensors
from core.charlm.training.optimizer import Adam
from core.training.devices import Devices, shard_sizes


class Steps:
    """Truncated backpropagation through time; `state` carries the recurrent state between steps.

    With several devices each processes one part of the batch; a single CPU splits it into `shards`, one per core.
    """

    def __init__(
        self,
        model: keras.Model,
        config: CharLMConfig,
        ids: np.ndarray,
        precision: str,
        shards: int,
        masks: str = "rows",
        devices: Devices | None = None,
    ) -> None:
        self.config, self.batches, self.network = config, Batches(config, ids), TrainingForward(config)
        self.devices = devices = devices or Devices([], self.batches.plan.B)
        self.weights = trainable_tensors(model)
        self._use_bfloat16, self._masks = precision == "bfloat16", KINDS[masks]
        plan = self.batches.plan
        self.rows = devices.rows if devices.several else shard_sizes(plan.B, shards)
        fades = [
            len(weight.shape) == 2 and place not in self.network.biases for place, weight in enumerate(self.weights)
        ]
        decay = config.weight_decay if config.optimizer == "adamw" else 0.0
        with devices.scope():
            self.state = [[tf.Variable(part) for part in layer] for layer in self.network.zero_state(plan.B)]
            self.optimizer = Adam(self.weights, fades, decay=decay, clip_norm=config.clip_norm)

    def variables(self) -> dict[str, Any]:
        """Optimizer and recurrent state by name, for the checkpoint."""
        found = {f"optimizer/{name}": variable for name, variable in self.optimizer.variables().items()}
        for number, layer in enumerate(self.state):
            found |= {f"state/{number}/{part}": variable for part, variable in enumerate(layer)}
        return found

    @tf.function(
        input_signature=[tf.TensorSpec((), tf.int64), tf.TensorSpec((None,), tf.float32)],
        autograph=False,
    )
    def __call__(self, first: Any, factors: Any) -> tuple[Any, Any]:
        """Train one step per schedule factor, starting at step `first`; return mean loss and mean gradient norm."""
        count = tf.size(factors)

        def body(k: Any, total: Any, norms: Any) -> tuple[Any, Any, Any]:
            step, rate = first + tf.cast(k, tf.int64), self.config.learning_rate * factors[k]
            loss, norm = self.devices.run(self._step, step, rate)
            return k + 1, total + loss, norms + norm

        start = (tf.constant(0), tf.constant(0.0), tf.constant(0.0))
        _k, total, norms = tf.while_loop(lambda k, *_: k < count, body, start, parallel_iterations=1)
        return total / tf.cast(count, tf.float32), norms / tf.cast(count, tf.float32)

    def _step(self, step: Any, rate: Any) -> tuple[Any, Any]:
        x, y, carry = self.batches(step)
        weights = [tf.convert_to_tensor(weight) for weight in self.weights]
        weights = self.network.cast_matrices(weights) if self._use_bfloat16 else weights
        state = [[part * carry for part in layer] for layer in self.state]
        parts = [tf.split(whole, self.rows, axis) for whole, axis in ((x, 1), (y, 1))]
        states = [[tf.split(part, self.rows) for part in layer] for layer in state]
        masks = self._masks(self.config.seed, step)
        losses, gradients, afters = [], [], []
        for shard in [self.devices.replica_index] if self.devices.several else range(len(self.rows)):
            before = [tuple(part[shard] for part in layer) for layer in states]
            own = masks.part(shard, sum(self.rows[:shard]))
            loss, gradient, after = self._shard_gradients(weights, parts[0][shard], parts[1][shard], before, own)
            losses.append(loss)
            gradients.append(gradient)
            afters.append(after)
        if self.devices.several:
            gradients = [self.devices.all_reduce([to_float32(part) for part in gradients[0]])]
        norm = self.optimizer.apply(gradients, rate)
        for number, layer in enumerate(self.state):
            for part, variable in enumerate(layer):
                variable.assign(self.devices.all_gather(tf.concat([after[number][part] for after in afters], 0)))
        return self.devices.all_reduce(tf.add_n(losses)), norm

    def _shard_gradients(self, weights: Any, x: Any, y: Any, before: Any, masks: Any) -> tuple[Any, Any, Any]:
        """A shard's contribution to the batch's mean loss and gradients, and its final state."""
        weights = [tf.identity(weight) for weight in weights]
        plan = self.batches.plan
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            logits, after = self.network(weights, x, before, masks)
            nats = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.reshape(y, [-1]), logits)
            loss = tf.reduce_sum(nats) / (plan.B * plan.T)
        return loss, tape.gradient(loss, weights), after
