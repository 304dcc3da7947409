"""The toy's training task."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.runs.keras_file import open_weights
from core.runs.run import Run
from core.training.task import ArrayFile, BaselineFigure, Best, Files, Report, Sizes
from tests.core.toy.config import ToyOptions

CONFIG = json.dumps({"module": "keras.src.models.functional", "class_name": "Functional", "config": {}})


class Variable:
    """A variable with the minimal interface: np.asarray() and assign()."""

    def __init__(self, value: Any) -> None:
        self.value = np.array(value, np.float32)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.value if dtype is None else self.value.astype(dtype)

    def assign(self, value: Any) -> None:
        self.value[...] = value


class ToyTask:
    """Gradient descent with momentum and noise, with a carried state that the gradient depends on."""

    best = Best("val_loss", "min")
    loss_key = "loss"

    def __init__(self, run: Run) -> None:
        self.options: ToyOptions = run.options  # type: ignore[assignment]
        rng = np.random.default_rng(self.options.seed)
        self.sizes = Sizes(steps_per_epoch=10, per_step=4, unit="things", notes=["The toy was left as it is."])
        self.weight = Variable(rng.normal(size=self.options.width))
        self.momentum, self.carried = Variable(np.zeros(self.options.width)), Variable(np.zeros(self.options.width))
        self.target = np.arange(self.options.width, dtype=np.float32)
        self.facts = {
            "sizes": {"numbers": sum(len(source.data) for source in run.sources())},
            "parameters": len(self.target),
        }
        self.files: Files = {"labels.json": {"numbers": self.target.tolist()}}
        self.restarts: list[int] = []
        self.trained: list[int] = []

    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        losses = []
        for number, factor in enumerate(factors, start=step):
            noise = np.random.default_rng((self.options.seed, number)).normal(size=self.options.width)
            error = self.weight.value - self.target + 0.3 * noise.astype(np.float32) + 0.1 * self.carried.value
            self.momentum.assign(0.9 * self.momentum.value + error)
            self.carried.assign(np.tanh(0.5 * self.carried.value + error))
            self.weight.assign(self.weight.value - 0.02 * factor * self.momentum.value)
            losses.append(float(np.square(error).sum()))
            if number == self.options.nan_at:
                self.weight.assign(np.full(self.options.width, np.nan))
                losses.append(float("nan"))
            if number == self.options.spike_at:
                self.weight.assign(self.weight.value + 1e3)
                losses.append(1e6)
            self.trained.append(number)
            if self.options.delay:
                time.sleep(self.options.delay)
        return {"loss": float(np.mean(losses))}

    def evaluate(self, step: int) -> dict[str, float]:
        loss = float(np.square(self.weight.value - self.target).sum())
        return {"val_loss": loss + max(0, step - self.options.worse_after)}

    def sample(self, step: int) -> dict[str, bytes]:
        return {"numbers.txt": repr(self.weight.value.tolist()).encode()}

    def variables(self) -> dict[str, Variable]:
        return {"model/weight": self.weight, "optimizer/momentum": self.momentum, "state/carried": self.carried}

    def save_model(self, path: str) -> None:
        """A `.keras` file as small as one can be; the same numbers give the same bytes."""
        weights = io.BytesIO()
        with h5py.File(weights, "w") as file:
            file["weight"] = self.weight.value
        with zipfile.ZipFile(path, "w") as archive:
            parts = {"config.json": CONFIG, "metadata.json": "{}", "model.weights.h5": weights.getvalue()}
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(name), content)

    def load_model(self, path: str) -> None:
        self.weight.assign(numbers_in(Path(path)))

    def baselines(self) -> list[BaselineFigure]:
        return [BaselineFigure("zeros", "all zero", "val_loss", float(np.square(self.target).sum()))]

    def report(self) -> Report:
        weights = ArrayFile({"weight": self.weight.value}, {"about": "what it learned"})
        return Report({"final_loss": self.evaluate(0)["val_loss"]}, {"predictions.npz": weights})

    def on_restore(self, step: int, total_steps: int) -> None:
        self.restarts.append(step)


def numbers_in(path: Path) -> np.ndarray:
    with open_weights(path) as file:
        found: np.ndarray = file["weight"][:]
        return found


def before_devices() -> None:
    """The toy uses no device."""


def make_task(run: Run) -> ToyTask:
    return ToyTask(run)
