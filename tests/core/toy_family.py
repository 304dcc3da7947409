"""A fourth family for tests: numpy only, milliseconds a run, and as sensitive to a lost or doubled step as a network.

`python toy_family.py work RUN` is its training process.
"""

import sys
import time
from types import ModuleType
from typing import Any, ClassVar

import numpy as np

from core.families import FAMILIES, Family
from core.runs.run import Run
from core.runs.store import create
from core.schema import Options, option
from core.sources import Source
from core.training.task import Best, Sizes

SIZE = 3
PLAN = {"total_steps": 100, "log_every": 5, "eval_every": 10, "sample_every": 20, "checkpoint_every": 20}


class ToyOptions(Options):
    family: ClassVar[str] = "toy"

    width: int = option(SIZE, "Numbers to learn.", unit="numbers", group="network", ge=1, le=100)
    nan_at: int = option(-1, "The data of this step makes the loss NaN.", level="hidden")
    spike_at: int = option(-1, "The data of this step makes the loss huge.", level="hidden")
    worse_after: int = option(10**9, "From this step on the validation only gets worse.", level="hidden")
    delay: float = option(0.0, "How long a step takes.", unit="s", level="hidden", ge=0)
    fast: bool = option(False, "A switch.", level="hidden")
    milestones: tuple[int, ...] | None = option(None, "A list.", level="hidden")


class Variable:
    """What a task hands out: readable by np.asarray, assignable, nothing else."""

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
    """Momentum descent to a target through noise, with a carried state that the gradient depends on."""

    best = Best("val_loss", "min")
    loss_key = "loss"

    def __init__(self, run: Run) -> None:
        self.options: ToyOptions = run.options  # type: ignore[assignment]
        rng = np.random.default_rng(self.options.seed)
        self.sizes = Sizes(steps_per_epoch=10, per_step=4, unit="things", notes=["The toy was left as it is."])
        self.weight = Variable(rng.normal(size=self.options.width))
        self.momentum, self.carried = Variable(np.zeros(self.options.width)), Variable(np.zeros(self.options.width))
        self.target = np.arange(self.options.width, dtype=np.float32)
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
        with open(path, "wb") as file:
            np.save(file, self.weight.value)

    def load_model(self, path: str) -> None:
        with open(path, "rb") as file:
            self.weight.assign(np.load(file, allow_pickle=False))

    def report(self) -> dict[str, Any]:
        return {"final_loss": self.evaluate(0)["val_loss"]}

    def restarted(self, step: int) -> None:
        self.restarts.append(step)


class ToyFamily(Family):
    def room(self, name: str) -> ModuleType:
        module = ModuleType(f"toy.{name}")
        module.OPTIONS, module.PRESETS, module.MAX_BYTES = ToyOptions, ("quick", "best"), 1000
        module.preset = lambda name, **sizes: ToyOptions(epochs=3 if name == "quick" else 30)
        module.sizes = lambda sources, options: {"numbers": sum(len(source.data) for source in sources)}
        module.make_task = ToyTask
        module.add_parsers = lambda commands: None
        module.files = lambda run: {"train.py": b"print('toy')\n", "numbers.txt": b"1"}
        module.use = lambda run: "print('use')\n"
        return module


TOY = ToyFamily("toy", "Toy", "counts", ":material/toys:", "toy", "text", "count", "things")


def toy_run(directory: Any, *, name: str = "toy", plan: dict[str, int] | None = None, **options: Any) -> Run:
    """A new run of the toy with a plan made, so that nothing is measured."""
    run = create(ToyOptions(**options), [Source("a.txt", b"one two")], name=name, directory=directory)
    run.write_json("plan.json", plan or PLAN | {"steps_per_epoch": 10, "extensions": []})
    return run


if __name__ == "__main__":
    from core.commands import train
    from core.jobs import worker as training

    training.import_tensorflow = lambda *_: None  # seconds that the toy has no use for
    FAMILIES["toy"] = TOY
    status = training.work(Run(sys.argv[2]), lock_timeout=train.LOCK_TIMEOUT, only_if_queued=True)
    sys.exit(1 if status.state == "failed" else 0)
