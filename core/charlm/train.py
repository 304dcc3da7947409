"""Training a character model: truncated backpropagation through time in one compiled loop of many steps."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.charlm import evaluate
from core.charlm.batches import Batches
from core.charlm.config import CharLMConfig, cost
from core.charlm.data import prepare
from core.charlm.generate import Writer
from core.charlm.model import build, zero_state
from core.charlm.network import Network
from core.charlm.report import NGRAM_ORDER, baseline
from core.charlm.settings import Settings
from core.i18n import _
from core.runs.run import Run
from core.training.task import Best, Sizes
from core.training.weights import load_weights

QUICK_CHARACTERS = 60_000  # of the validation part that an evaluation during training reads
SAMPLE_TEMPERATURE = 0.8


class CharLMTask:
    """The Task of core/training for a character model."""

    best = Best("val_loss")
    loss_key = "loss"

    def __init__(self, run: Run) -> None:
        config = run.options
        assert isinstance(config, CharLMConfig)
        text = prepare(run.sources(), config)
        self.config, self.vocabulary = config, text.vocabulary
        self.training, self.validation = text.split()
        V = len(self.vocabulary)
        self.model = build(config, V)
        self.network = Network(self.model, config)
        self.batches = Batches(config, self.training)
        at = self.batches.layout
        self.sizes = Sizes(at.steps_per_epoch, at.B * at.T, "chars", notes=[*text.notes, *at.notes])
        self.state = [[tf.Variable(part) for part in layer] for layer in zero_state(config, at.B)]
        self.optimizer = self._optimizer()
        self.writer = Writer(self.model, config, self.vocabulary)
        run.write_json("vocabulary.json", self.vocabulary.to_json())
        sizes = {"characters": len(text.ids), "vocabulary": V}
        run.write_json("facts.json", sizes | {"sizes": sizes, "parameters": self.model.count_params()})
        run.write_json("baselines.json", self._baselines(V))

    def _optimizer(self) -> keras.optimizers.Optimizer:
        config = self.config
        if config.optimizer == "adam":
            optimizer = keras.optimizers.Adam(config.learning_rate, beta_2=0.99)
        else:
            optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, beta_2=0.99)
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.build(self.model.trainable_variables)
        return optimizer

    def _baselines(self, V: int) -> list[dict[str, Any]]:
        found = [baseline(self.training, self.validation, order, V) for order in (1, NGRAM_ORDER)]
        labels = (_("letter frequencies"), _("{n}-gram table").format(n=NGRAM_ORDER))
        return [
            {"name": name, "label": label, "metric": "val_loss", "value": item.nats}
            for name, label, item in zip(("unigram", "ngram"), labels, found, strict=True)
        ]

    # The loop's questions -------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        loss, norm = self._steps(tf.constant(step, tf.int64), tf.constant(factors, tf.float32))
        return {"loss": float(loss), "grad_norm": float(norm)}

    @tf.function(
        input_signature=[tf.TensorSpec((), tf.int64), tf.TensorSpec((None,), tf.float32)],
    )
    def _steps(self, step: Any, factors: Any) -> Any:
        total, norms = tf.constant(0.0), tf.constant(0.0)
        count = tf.shape(factors)[0]
        variables = self.model.trainable_variables
        for k in tf.range(count):
            number = step + tf.cast(k, tf.int64)
            x, y, fresh = self.batches(number)
            keep = tf.where(fresh, 0.0, 1.0)
            state = [tuple(part * keep for part in layer) for layer in self.state]
            with tf.GradientTape() as tape:
                logits, after = self.network(x, state, dropout_seed=[self.config.seed, tf.cast(number, tf.int32)])
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            gradients = tape.gradient(loss, variables)
            norm = tf.linalg.global_norm(gradients)
            if self.config.clip_norm:
                gradients, _norm = tf.clip_by_global_norm(gradients, self.config.clip_norm, norm)
            self.optimizer.learning_rate.assign(self.config.learning_rate * factors[k])
            self.optimizer.apply(gradients, variables)
            for layer, new in zip(self.state, after, strict=True):
                for variable, value in zip(layer, new, strict=True):
                    variable.assign(value)
            total, norms = total + loss, norms + norm
        return total / tf.cast(count, tf.float32), norms / tf.cast(count, tf.float32)

    def evaluate(self, step: int) -> dict[str, float]:
        return {"val_loss": evaluate.windows_loss(self._forward, self.config, self.validation, 64, QUICK_CHARACTERS)}

    @tf.function(reduce_retracing=True)
    def _forward(self, x: Any, state: Any) -> Any:
        return self.network(x, state)

    def sample(self, step: int) -> dict[str, bytes]:
        settings = Settings(self.config.sample_length, SAMPLE_TEMPERATURE, seed=self.config.seed)
        text = self.config.sample_prompt + self.writer.write(self.config.sample_prompt, settings)[0]
        return {"text.txt": text.encode("utf-8", "replace")}

    def variables(self) -> dict[str, Any]:
        found = {f"model/{variable.path}": variable for variable in self.model.variables if "seed" not in variable.path}
        found |= {f"optimizer/{number}": variable for number, variable in enumerate(self.optimizer.variables)}
        for number, layer in enumerate(self.state):
            found |= {f"state/{number}/{part}": variable for part, variable in enumerate(layer)}
        return found

    def restarted(self, step: int) -> None:
        pass

    def save_model(self, path: str) -> None:
        self.model.save(path)

    def load_model(self, path: str) -> None:
        from pathlib import Path

        load_weights(self.model, Path(path))

    def report(self) -> dict[str, Any]:
        def windows(T: int) -> float:
            return evaluate.windows_loss(self._forward, self.config, self.validation, T)

        nats = windows(64)
        return {
            "val_loss_nats": nats,
            "val_loss_nats_256": windows(256),
            "val_loss_nats_streaming": evaluate.stream_loss(self._forward, self.config, self.validation),
            "val_bits_per_char": nats / math.log(2),
            "val_perplexity": math.exp(min(nats, 50.0)),
            "parameters": cost(self.config, len(self.training), len(self.vocabulary)).parameters,
        }


def make_task(run: Run) -> CharLMTask:
    """The Task for `run`. Raises UserError where its data or options do not fit."""
    return CharLMTask(run)
