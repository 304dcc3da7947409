"""The interface between the training loop and a family.

The loop handles budget, schedule and files and is independent of the network; a family provides steps, evaluation and
samples and is independent of time and folders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from core.runs.checkpoint import Arrays, save_arrays


@dataclass(frozen=True)
class Plan:
    """The number of steps and the intervals, in steps. Recorded once in plan.json, so that a continued run keeps it."""

    total_steps: int
    log_every: int
    eval_every: int
    sample_every: int
    checkpoint_every: int


@dataclass(frozen=True)
class Best:
    """The evaluation figure that selects the best weights."""

    metric: str
    mode: Literal["min", "max"] = "min"
    min_delta: float = 0.0


@dataclass
class Sizes:
    """How the loop counts: one step reads `per_step` units (`unit` is "chars", "texts" or "images")."""

    steps_per_epoch: float
    per_step: int
    unit: str
    # A loss above this many times its running mean counts as a spike; infinity where losses vary widely, as in a GAN.
    loss_spike_factor: float = 3.0
    # The number of evaluations, relative to other families; fewer where one of them costs as much as many steps.
    evaluations: float = 1.0
    snapshots: int = 12  # number of weight snapshots; more for families whose screens show weights over time
    notes: list[str] = field(default_factory=list)  # sentences about automatic choices, for the report


@dataclass(frozen=True)
class BaselineFigure:
    """What something simple reaches, by the same measure: `value` of `metric`. `label` is a message for people;
    seconds: how long it took to fit, where that is worth saying."""

    name: str
    label: str
    metric: str
    value: float
    seconds: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class ArrayFile:
    """The content of an .npz file: arrays by name, and an object of JSON beside them."""

    arrays: Arrays
    meta: dict[str, Any]

    def write(self, path: Path) -> None:
        save_arrays(path, self.arrays, self.meta)


Files = Mapping[str, dict[str, Any] | ArrayFile]  # by name in the run folder; a dict is written as JSON


@dataclass(frozen=True)
class Report:
    """The final figures, and the files of the run that belong to them."""

    figures: dict[str, Any]
    files: Files = field(default_factory=dict)


class Task(Protocol):
    """A family's part of training. A step is one optimizer step (for a GAN one generator step).

    A task reads the run and never writes: what belongs into the run folder it returns, and the loop writes it.
    """

    best: Best
    sizes: Sizes
    loss_key: str  # the key in train()'s result that is checked for NaN and spikes
    facts: dict[str, Any]  # facts.json; its "sizes" are the keyword arguments of the family's cost()
    files: Files  # what a trained run is used with, such as the vocabulary

    def baselines(self) -> Sequence[BaselineFigure]:
        """Return the figures for baselines.json; called once a run, before the first step."""

    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        """Train len(factors) steps, the first with number `step` (from 0); return the means of figures over them.

        factors: (count,) float32 in [0, 1], the schedule's factor on every learning rate at each step. The data of a
        step must depend only on the seed and the step's number, so that a continued run reads the same data.
        """

    def evaluate(self, step: int) -> dict[str, float]:
        """Return figures on the validation data. Must not change any variable that training uses."""

    def sample(self, step: int) -> dict[str, bytes]:
        """Return sample files by name, from the same prompt, noise or probe each time (e.g. {"text.txt": b"…"})."""

    def variables(self) -> dict[str, Any]:
        """Return all variables that further training depends on, by a unique name.

        Names begin with "model/" (weights), "optimizer/" or "state/" (seed generators, carried state). Each variable
        can be read by np.asarray() and has .assign(array).
        """

    def save_model(self, path: str) -> None:
        """Write the weights to use for inference (e.g. their moving average) as a plain `.keras` file."""

    def load_model(self, path: str) -> None:
        """Load the weights of that file into the network. Raises UserError, OSError or ValueError where that fails."""

    def report(self) -> Report:
        """The final figures for report.json, after the best weights were loaded."""

    def on_restore(self, step: int, total_steps: int) -> None:
        """Discard caches; called after variables() were restored, before training continues at `step` of
        `total_steps`."""
