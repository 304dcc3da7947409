"""Compare a sweep on two local Ray nodes of one core each with the same runs one after another without Ray.

Both use the same two cores. Two small networks at once, on one core each, use them better than one network on both.
"""

import importlib.util
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.nodes import two_nodes
from core.charlm.config import CharLMConfig
from core.jobs import launch
from core.jobs.sweep import sweep
from core.runs.run import Run
from core.samples.registry import sample

WHO = "hidden-state"
RUNS, STEPS, QUICK_STEPS = 8, 1000, 150
PATIENCE = 1800.0  # seconds


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows of the sweep; none where Ray is not installed or `only` does not match."""
    work = f"sweep of {RUNS} runs"
    if only not in work:
        return []
    if importlib.util.find_spec("ray") is None:
        print("Ray is not installed (python .ci/install.py cluster): no rows for the cluster.", file=sys.stderr)
        return []
    steps = QUICK_STEPS if quick else STEPS
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HIDDEN_STATE_LAUNCHER"] = "process"
        local_seconds = _sweep_seconds(Path(folder) / "home", steps)
        os.environ["HIDDEN_STATE_LAUNCHER"] = "ray"
        with two_nodes():
            cluster_seconds = _sweep_seconds(Path(folder) / "afar", steps)
        del os.environ["HIDDEN_STATE_LAUNCHER"]
    return [
        {"work": f"{work}: one after another", "who": WHO, "value": local_seconds, "unit": "s"},
        {"work": f"{work}: on two Ray nodes", "who": WHO, "value": cluster_seconds, "unit": "s"},
        {"work": f"{work}: gain", "who": WHO, "value": local_seconds / cluster_seconds, "unit": "times"},
    ]


def _sweep_seconds(folder: Path, steps: int) -> float:
    """Return the seconds from the first start to the end of the last run. Raises RuntimeError if one fails."""
    options = CharLMConfig(units=64, batch_size=32, window=64, steps=steps, epochs=None)
    runs = sweep(
        options, {"learning_rate": ["0.002", "0.005"]}, range(RUNS // 2), sample("lighthouse"), directory=folder
    )
    began = time.perf_counter()
    for one in runs:
        launch.start(one)
    while any(one.active for one in runs) and time.perf_counter() - began < PATIENCE:
        time.sleep(0.2)
    _check(runs)
    return time.perf_counter() - began


def _check(runs: list[Run]) -> None:
    for one in runs:
        status = one.status
        if status.state != "finished":
            raise RuntimeError(f"{one.id} is {status.state}: {status.error}")
