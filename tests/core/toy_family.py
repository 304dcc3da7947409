"""A fourth family for tests: the folder tests/core/toy/ and one row, TOY.

`python toy_family.py work RUN` is its training process.
"""

import sys
from typing import Any

from core.families import FAMILIES, Family
from core.runs.run import Run
from core.runs.store import create
from core.sources import Source
from tests.core.toy.config import SIZE, ToyOptions
from tests.core.toy.training.train import ToyTask, Variable

__all__ = ["PLAN", "SIZE", "TOY", "ToyOptions", "ToyTask", "Variable", "toy_run"]

PLAN = {"total_steps": 100, "log_every": 5, "eval_every": 10, "sample_every": 20, "checkpoint_every": 20}
TOY = Family("toy", "Toy", "counts", ":material/toys:", "toy", "text", "count", "things", package="tests.core.toy")


def toy_run(directory: Any, *, name: str = "toy", plan: dict[str, int] | None = None, **options: Any) -> Run:
    """Create a run of the toy with a plan, so that no speed is measured."""
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
