"""The interface between the training loop and a family.

The loop handles budget, schedule and files and is independent of the network; a family provides steps, evaluation and
samples and is independent of time and folders.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np


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
    snapshots: int = 12  # number of weight snapshots; more for families whose screens show weights over time
    notes: list[str] = field(default_factory=list)  # sentences about automatic choices, for the report


class Task(Protocol):
    """A family's part of training. A step is one optimizer step (for a GAN one generator step)."""

    best: Best
    sizes: Sizes
    loss_key: str  # the key in train()'s result that is checked for NaN and spikes

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

    def report(self) -> dict[str, Any]:
        """The final figures for report.json, after the best weights were loaded."""

    def on_restore(self, step: int) -> None:
        """Discard caches; called after variables() were restored, before training continues at `step`."""
