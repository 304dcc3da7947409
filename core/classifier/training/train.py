"""The Task of a Transformer classifier: its data, baselines, evaluation, samples and final metrics."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.backend import tf
from core.classifier.config import SPECIAL_TOKENS, ClassifierConfig, cost
from core.classifier.data.batches import Batches, by_length, padded
from core.classifier.data.encode import encode
from core.classifier.data.prepare import prepare
from core.classifier.data.tokenizer import learn_vocabulary
from core.classifier.data.words import learn_words
from core.classifier.training import embedding_init
from core.classifier.training.baselines import Baseline, fit_baselines
from core.classifier.training.metrics import cross_entropy, fit_temperature, macro_f1, softmax
from core.classifier.training.step import ClassifierSteps
from core.classifier.training.targets import class_weights, soft_targets
from core.i18n import _
from core.runs import policy
from core.runs.run import Run
from core.training.devices import Devices
from core.training.task import ArrayFile, BaselineFigure, Best, Files, Report, Sizes
from core.training.weights import load_weights

PROBES = 8
MAX_WORDS = 20_000


class ClassifierTask:
    """The Task of core/training for a Transformer classifier."""

    best = Best("val_accuracy", "max")
    loss_key = "loss"

    def __init__(self, run: Run) -> None:
        config = run.options
        assert isinstance(config, ClassifierConfig)
        self.config = config
        self.data = prepare(run.sources(), config)
        tokenizer, C = self.data.tokenizer, len(self.data.classes)
        texts = {part: self.data.part(part) for part in ("train", "validation", "test")}
        self.tokens = {part: [tokenizer(text) for text in texts[part][0]] for part in texts}
        self.texts = {part: texts[part][0] for part in texts}
        self.labels = {part: texts[part][1] for part in texts}
        y = self.labels["train"]
        self.vocabulary, unknown = learn_vocabulary(
            self.tokens["train"], tokenizer, config.vocabulary, config.min_count
        )
        V = len(self.vocabulary)
        longest = max(map(len, self.tokens["train"]))
        real: dict[str, Any] = {"longest_tokens": longest, "kinds": [V - SPECIAL_TOKENS]}
        policy.current().check_build(run.path, cost(config, len(y), longest, C, **real))
        self.files: Files = {
            "vocabulary.json": self.vocabulary.to_json() | {"unknown_share": unknown},
            "labels.json": {"schema": 1, "classes": self.data.classes},
        }
        if tokenizer.unit == "characters":
            self.files |= {"words.json": {"schema": 1, "words": learn_words(self.tokens["train"])[:MAX_WORDS]}}
        self.weights = class_weights(config, y, C)
        self.simple_models = self._fit_simple_models(y, C)
        self.encoded = {part: encode(tokens, self.vocabulary, config) for part, tokens in self.tokens.items()}
        self.batches = Batches(self.encoded["train"], config.batch_size, config.seed)
        self.devices = Devices.of(run, self.batches.size)
        ratios = embedding_init.class_log_ratios(self.encoded["train"], y, V, C) if config.informed_start else None
        self.steps = ClassifierSteps(
            config, V, self.batches, self._targets(y, C), self.weights[y], ratios, self.devices
        )
        self.model, self.used = self.steps.model, self.steps.used
        # Its snapshots are only branched from.
        self.sizes = Sizes(self.batches.per_epoch, self.batches.size, "texts", snapshots=2, notes=self._notes(unknown))
        sizes: dict[str, Any] = real | {
            "rows": len(y),
            "median_tokens": int(np.median(self.batches.lengths)),
            "classes": C,
        }
        sizes["characters"] = self.data.tokenizer.unit == "characters"
        columns = {"text_column": self.data.report.text_column, "label_column": self.data.report.label_column}
        self.facts = {"sizes": sizes, "parameters": self.model.count_params(), "vocabulary": V} | columns

    def _notes(self, unknown: float) -> list[str]:
        notes = [finding.text for finding in self.data.report.findings if finding.kind != "info"]
        limit = self.config.max_tokens
        cut = float(np.mean([len(tokens) > limit for tokens in self.tokens["train"]]))
        if cut:
            where = {"end": _("end"), "start": _("start"), "middle": _("middle")}[self.config.truncation]
            notes.append(
                _("{share:.1%} of the texts have more than {limit} tokens and lose their {where}.").format(
                    share=cut, limit=limit, where=where
                )
            )
        notes.append(_("{share:.1%} of the tokens are too rare to be known.").format(share=unknown))
        return notes + self.devices.notes()

    # Before the first step -------------------------------------------------------------------------------------------
    def _fit_simple_models(self, y: np.ndarray, C: int) -> list[Baseline]:
        found = fit_baselines(
            self.texts["train"],
            self.tokens["train"],
            y,
            C,
            self.data.tokenizer.unit == "characters",
            self.weights[y] if self.config.class_weights else None,
        )
        self.baseline_accuracy = {item.name: self._accuracy(item, "validation") for item in found}
        return found

    def baselines(self) -> list[BaselineFigure]:
        return [
            BaselineFigure(
                item.name, item.label, "val_accuracy", self.baseline_accuracy[item.name], round(item.seconds, 2)
            )
            for item in self.simple_models
        ]

    def _accuracy(self, baseline: Baseline, part: str) -> float:
        return float(np.mean(self._baseline_predictions(baseline, part) == self.labels[part]))

    def _baseline_predictions(self, baseline: Baseline, part: str) -> np.ndarray:
        return baseline.predict(self.texts[part], self.tokens[part]).argmax(1)

    def _targets(self, y: np.ndarray, C: int) -> np.ndarray:
        """Training targets (B, C), of which the linear baselines give a part."""
        teachers = [item for item in self.simple_models if item.linear] if self.config.distillation else []
        return soft_targets(
            self.config, y, C, [item.predict(self.texts["train"], self.tokens["train"]) for item in teachers]
        )

    # The loop's questions --------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        rows = self.batches.rows(step, len(factors))
        loss, norm, accuracy = self.steps(step, rows, factors)
        return {"loss": float(loss), "grad_norm": float(norm), "accuracy": float(accuracy)}

    def evaluate(self, step: int) -> dict[str, float]:
        logits, y = self.logits("validation"), self.labels["validation"]
        return {"val_loss": cross_entropy(logits, y), "val_accuracy": float(np.mean(logits.argmax(1) == y))}

    def logits(self, part: str) -> np.ndarray:
        """Logits (B, C) of the averaged weights on a part of the data."""
        return logits_of(self._forward, self.encoded[part], len(self.data.classes))

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def _forward(self, tokens: Any) -> Any:
        return self.used(tokens, training=False)

    def sample(self, step: int) -> dict[str, bytes]:
        """Predictions on a fixed set of validation texts, as probe.json."""
        return {"probe.json": json.dumps(self._probe(), ensure_ascii=False).encode()}

    def _probe(self, temperature: float = 1.0) -> dict[str, Any]:
        y = self.labels["validation"]
        by_class = [np.nonzero(y == label)[0] for label in range(len(self.data.classes))]
        turn = [places[rank] for rank in range(PROBES) for places in by_class if rank < len(places)]
        chosen = turn[:PROBES]
        logits = logits_of(self._forward, [self.encoded["validation"][at] for at in chosen], len(self.data.classes))
        shares = softmax(logits / temperature)
        rows = [
            {
                "text": self.texts["validation"][at][:500],
                "label": self.data.classes[y[at]],
                "probabilities": [round(float(share), 4) for share in row],
            }
            for at, row in zip(chosen, shares, strict=True)
        ]
        return {"classes": self.data.classes, "texts": rows}

    def variables(self) -> dict[str, Any]:
        return self.steps.variables()

    def on_restore(self, step: int, total_steps: int) -> None:
        if step == 0:
            self.steps.start_from_average()

    def save_model(self, path: str) -> None:
        self.used.save(path)

    def load_model(self, path: str) -> None:
        load_weights(self.used, Path(path))

    def report(self) -> Report:
        """Compute the final metrics; the only place that uses the test part."""
        y, C = self.labels["test"], len(self.data.classes)
        logits = {part: self.logits(part) for part in ("validation", "test")}
        predictions = {item.name: self._baseline_predictions(item, "test") for item in self.simple_models}
        arrays = {f"{part}_logits": value for part, value in logits.items()}
        arrays |= {f"{part}_places": getattr(self.data, part) for part in logits}
        arrays |= {f"{part}_labels": self.labels[part] for part in logits}
        arrays |= {f"baseline_{name}": value for name, value in predictions.items()}
        figures = {
            "val_accuracy": float(np.mean(logits["validation"].argmax(1) == self.labels["validation"])),
            "val_loss": cross_entropy(logits["validation"], self.labels["validation"]),
            "test_accuracy": float(np.mean(logits["test"].argmax(1) == y)),
            "test_macro_f1": macro_f1(y, logits["test"].argmax(1), C),
            "baselines": {
                item.name: {
                    "label": item.label,
                    "val_accuracy": self.baseline_accuracy[item.name],
                    "test_accuracy": float(np.mean(predictions[item.name] == y)),
                    "test_macro_f1": macro_f1(y, predictions[item.name], C),
                }
                for item in self.simple_models
            },
            "parameters": self.model.count_params(),
            "rows": {part: len(self.labels[part]) for part in self.labels},
            # With the best weights and calibrated, as inference will use them.
            "probe": self._probe(fit_temperature(logits["validation"], self.labels["validation"])),
        }
        return Report(figures, {"predictions.npz": ArrayFile(arrays, {"classes": self.data.classes})})


def logits_of(forward: Any, encoded: Sequence[np.ndarray], C: int) -> np.ndarray:
    """Logits (B, C) of encoded texts, computed in batches of similar length."""
    out = np.zeros((len(encoded), C), np.float32)
    for places in by_length(encoded):
        out[places] = forward(tf.constant(padded([encoded[at] for at in places])))
    return out


def before_devices() -> None:
    """TensorFlow's own number of threads is the fastest here."""


def make_task(run: Run) -> ClassifierTask:
    """The Task for `run`. Raises UserError where its data or options do not fit."""
    return ClassifierTask(run)
