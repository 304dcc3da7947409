"""What a family gives the loop. The loop knows neither network nor screen; a family knows neither clock nor folder."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np


@dataclass(frozen=True)
class Plan:
    """A budget turned into steps, and how often things happen. Recorded once, so that a continued run keeps it."""

    total_steps: int
    log_every: int
    eval_every: int
    sample_every: int
    checkpoint_every: int


@dataclass(frozen=True)
class Best:
    """Which evaluation figure chooses the weights that are kept."""

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
    snapshots: int = 12  # moments whose weights are kept: many where the inside is looked at over time
    notes: list[str] = field(default_factory=list)  # what was shrunk or chosen for the person, in sentences


class Task(Protocol):
    """One family's side of training. A step is one optimizer step (for a GAN one generator step)."""

    best: Best
    sizes: Sizes
    loss_key: str  # the key in train()'s result that NaN and spikes are looked for in

    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        """Train len(factors) steps, the first being number `step` (from 0); return means over them.

        factors: (count,) float32 in [0, 1], the schedule's factor on every learning rate at each step. The data of a
        step is a function of the seed and the step's number alone, so that a continued run reads what it would have.
        """

    def evaluate(self, step: int) -> dict[str, float]:
        """Figures on the validation part. Must not change any variable that training uses."""

    def sample(self, step: int) -> dict[str, bytes]:
        """File name to content, from the same prompt, noise or probe each time (e.g. {"text.txt": b"…"})."""

    def variables(self) -> dict[str, Any]:
        """Every variable whose value the future depends on, by a unique name: "model/…" weights, "optimizer/…",
        "state/…" (seed generators, carried state). Each can be read by np.asarray() and has .assign(array)."""

    def save_model(self, path: str) -> None:
        """Write the current best-use weights as a plain `.keras` file."""

    def load_model(self, path: str) -> None:
        """Put the weights of that file back into the network."""

    def report(self) -> dict[str, Any]:
        """The final figures for report.json, after the best weights were loaded."""

    def on_restore(self, step: int) -> None:
        """Called after variables() were restored, before training goes on at `step`; drop anything cached."""
