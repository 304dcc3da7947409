"""Training a character model: truncated backpropagation through time in one compiled loop of many steps."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from core.backend import tf
from core.charlm.config import CharLMConfig, cost
from core.charlm.data.batches import plan_batches, reductions
from core.charlm.data.earlier import Earlier
from core.charlm.data.prepare import prepare
from core.charlm.data.report import NGRAM_ORDER, baseline
from core.charlm.inference.request import Settings
from core.charlm.inference.write import TextWriter
from core.charlm.training import precision
from core.charlm.training.evaluate import Evaluator
from core.charlm.training.forward import trainable_tensors
from core.charlm.training.model import build
from core.charlm.training.step import Steps
from core.i18n import N_, _
from core.runs import policy
from core.runs.checkpoint import load_arrays
from core.runs.run import START, Run
from core.training.devices import Devices
from core.training.task import BaselineFigure, Best, Files, Report, Sizes
from core.training.weights import load_weights

EVALUATED = 64  # characters in a window of an evaluation
QUICK_CHARACTERS = 60_000  # of the validation part that an evaluation during training reads
SAMPLE_TEMPERATURE = 0.8
TYPES, MAX_SHARDS = ("float32", "bfloat16"), 256


class CharLMTask:
    """The Task of core/training for a character model."""

    best = Best("val_loss")
    loss_key = "loss"

    def __init__(self, run: Run) -> None:
        config = run.options
        assert isinstance(config, CharLMConfig)
        sources = run.sources()
        text = prepare(sources, config)
        self.config, self.vocabulary = config, text.vocabulary
        self.training, self.validation = text.split()
        self.earlier, self.start = Earlier.of(sources), run.path / START
        V = len(self.vocabulary)
        policy.current().check_build(run.path, cost(config, characters=len(text.ids), vocabulary=V))
        devices = Devices.of(run, plan_batches(config, len(self.training)).B)
        with devices.scope():
            self.model = build(config, V)
        numerics = self._numerics(run)
        self.steps = Steps(self.model, config, self.training, **numerics, devices=devices)
        self.evaluator = Evaluator(config, V, numerics["shards"])
        self.writer = TextWriter(self.model, config, self.vocabulary)
        plan = self.steps.batches.plan
        notes = [*text.notes, *reductions(config, plan), *devices.notes()]
        if self.earlier and self.earlier.validation is None:
            message = _("The data of “{run}” is gone or was changed: the loss on its text is not measured.")
            notes.append(message.format(run=self.earlier.run))
        self.sizes = Sizes(plan.steps_per_epoch, plan.B * plan.T, "chars", evaluations=2.0, notes=notes)
        self.parameters = sum(int(np.prod(weight.shape)) for weight in self.steps.weights)
        self.files: Files = {"vocabulary.json": self.vocabulary.to_json()}
        sizes = {"characters": len(text.ids), "vocabulary": V}
        self.facts: dict[str, Any] = sizes | {"sizes": sizes, "parameters": self.parameters, "numerics": numerics}

    def _numerics(self, run: Run) -> dict[str, Any]:
        """Precision, shard count and kind of dropout masks: those stored in facts.json, for exact resumption.

        Else the fastest ones here. A run of version 0.1.0 names no masks and goes on with its own kind.
        """
        known = run.facts.get("numerics")
        if isinstance(known, dict) and known.get("precision") in TYPES and isinstance(known.get("shards"), int):
            masks = "rows" if known.get("masks") == "rows" else "parts"
            shards = max(1, min(known["shards"], MAX_SHARDS))
            return {"precision": known["precision"], "shards": shards, "masks": masks}
        B = plan_batches(self.config, len(self.training)).B
        shards = precision.shard_count(B)
        chosen: str = self.config.precision
        if chosen == "auto":
            chosen = precision.fastest_dtype(self.config.units, -(-B // shards))
        return {"precision": chosen, "shards": shards, "masks": "rows"}

    def baselines(self) -> list[BaselineFigure]:
        V = len(self.vocabulary)
        found = [baseline(self.training, self.validation, order, V) for order in (1, NGRAM_ORDER)]
        labels = (N_("letter frequencies"), f"{NGRAM_ORDER}-gram table")  # messages: runs are read in every language
        return [
            BaselineFigure(name, label, self.best.metric, item.nats)
            for name, label, item in zip(("unigram", "ngram"), labels, found, strict=True)
        ]

    # The loop's questions -------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        loss, norm = self.steps(tf.constant(step, tf.int64), tf.constant(factors, tf.float32))
        return {"loss": float(loss), "grad_norm": float(norm)}

    def evaluate(self, step: int) -> dict[str, float]:
        weights = trainable_tensors(self.model)
        losses = {"val_loss": self.evaluator.window_loss(weights, self.validation, EVALUATED, QUICK_CHARACTERS)}
        return losses | self._earlier_loss("earlier_val_loss", weights, QUICK_CHARACTERS)

    def _earlier_loss(self, name: str, weights: Any, limit: int | None = None) -> dict[str, float]:
        """The loss on the validation part of the run that this one goes on from; empty where there is none."""
        if self.earlier is None or self.earlier.validation is None:
            return {}
        return {name: self.evaluator.window_loss(weights, self.earlier.validation, EVALUATED, limit)}

    def sample(self, step: int) -> dict[str, bytes]:
        settings = Settings(length=self.config.sample_length, temperature=SAMPLE_TEMPERATURE, seed=self.config.seed)
        text = self.config.sample_prompt + self.writer.write(self.config.sample_prompt, settings)[0]
        return {"text.txt": text.encode("utf-8", "replace")}

    def variables(self) -> dict[str, Any]:
        weights = {f"model/{variable.path}": variable for variable in self.model.trainable_variables}
        return weights | self.steps.variables()

    def on_restore(self, step: int, total_steps: int) -> None:
        pass

    def save_model(self, path: str) -> None:
        self.model.save(path)

    def load_model(self, path: str) -> None:
        load_weights(self.model, Path(path))

    def report(self) -> Report:
        weights = trainable_tensors(self.model)
        nats = self.evaluator.window_loss(weights, self.validation, EVALUATED)
        figures = {
            "val_loss_nats": nats,
            "val_loss_nats_256": self.evaluator.window_loss(weights, self.validation, 256),
            "val_loss_nats_streaming": self.evaluator.stream_loss(weights, self.validation),
            "val_bits_per_char": nats / math.log(2),
            "val_perplexity": math.exp(min(nats, 50.0)),
            "parameters": self.parameters,
        }
        if self.earlier:
            first = load_arrays(self.start)[0]
            at_start = [first[f"model/{variable.path}"] for variable in self.model.trainable_variables]
            figures |= self._earlier_loss("earlier_val_loss_nats_before", at_start)
            figures |= self._earlier_loss("earlier_val_loss_nats", weights)
        return Report(figures)


def before_devices() -> None:
    """What the training process asks of TensorFlow before its first use."""
    precision.use_single_threaded_ops()


def make_task(run: Run) -> CharLMTask:
    """The Task for `run`. Raises UserError where its data or options do not fit."""
    return CharLMTask(run)
