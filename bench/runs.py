"""Measure the robustness of runs: processes killed at random moments, the cost of checkpoints, export and import.

Part of `python -m bench app`. A training process is killed with `kill -9` at random moments; the run is continued each
time, and its final state is compared with that of an uninterrupted run.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from core.bundles.bundle import export, import_bundle
from core.families import FAMILIES
from core.jobs import launch
from core.runs.checkpoint import load_newest
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import SAMPLES, sample
from core.schema import merged, one_budget, parse_options
from core.sources import Source

WHO = "hidden-state"
KILLS, QUICK_KILLS = 201, 6  # over all families
STEPS, QUICK_STEPS = 3000, 600
PATIENCE = 600.0  # seconds for one start
CHECKPOINT_SECONDS = 30.0
MEGABYTES = 20
# Short intervals, so that kills occur in every phase: starting, training, evaluating and writing.
PLAN = {"log_every": 10, "eval_every": 100, "sample_every": 200, "checkpoint_every": 100}
SMALL: dict[str, dict[str, Any]] = {
    "charlm": {"units": 48, "layers": 2, "embedding": 8, "window": 16, "batch_size": 4, "dropout": 0.2},
    "classifier": {"width": 16, "heads": 2, "blocks": 1, "feed_forward": 16, "batch_size": 8, "dropout": 0.2},
    "gan": {"generator": "64", "discriminator": "64", "latent": 8, "batch_size": 16, "dropout": 0.2},
}


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows of kills, checkpoints and bundles whose name contains `only`."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for key in FAMILIES:
            if only in f"kills {key}":
                rows += _kills(key, Path(folder) / key, quick)
        if only in "bundle":
            rows += _bundle(Path(folder))
    return rows


def _row(work: str, value: float, unit: str) -> dict[str, Any]:
    return {"work": work, "who": WHO, "value": value, "unit": unit}


def _kills(key: str, folder: Path, quick: bool) -> list[dict[str, Any]]:
    wanted, steps = (QUICK_KILLS if quick else KILLS) // len(FAMILIES), QUICK_STEPS if quick else STEPS
    family, rng = FAMILIES[key], random.Random(0)
    name = next(name for name, item in SAMPLES.items() if item.family == key)
    sources = sample(name)
    sizes = family.data.sizes(sources, family.options())
    options = family.config.preset("quick", **sizes).model_dump() | SMALL.get(key, {})
    options |= {"steps": steps, "epochs": None, "seconds": None}

    def begin(name: str) -> Run:
        made = create(parse_options(family.options, options), sources, name=name, directory=folder)
        made.write_json("plan.json", PLAN | {"total_steps": steps})
        return made

    reference = begin("reference")
    _finish(reference)
    killed = lost = unequal = runs = 0
    while killed < wanted:
        victim = begin("victim")
        runs += 1
        killed += _kill_repeatedly(victim, rng, wanted - killed)
        if victim.status.state != "finished":
            _finish(victim)
        lost += victim.status.state != "finished"
        unequal += not _equal(victim, reference)
    return [
        _row(f"kills {key}", killed, "kills"),
        _row(f"kills {key}: runs lost", lost, f"of {runs} runs"),
        _row(f"kills {key}: runs that ended differently", unequal, f"of {runs} runs"),
        _row(f"checkpoints {key}", _checkpoint_share(key, folder), "% of the time"),
    ]


def _kill_repeatedly(victim: Run, rng: random.Random, wanted: int) -> int:
    """Start and kill the run until it was killed `wanted` times or has ended; return the number of kills."""
    for killed in range(wanted):
        launch.start(victim)
        _wait_until(lambda: victim.status.pid is not None and victim.status.state != "queued")
        began_at = victim.status.step
        if rng.random() < 0.85:  # 15 % of the kills occur during the start, the others during training
            _wait_until(lambda at=began_at: victim.status.step > at or not victim.active)  # type: ignore[misc]
        time.sleep(rng.uniform(0.0, 3.0))
        if not victim.active:
            return killed
        os.kill(victim.status.pid, signal.SIGKILL)  # type: ignore[arg-type]
        _wait_until(lambda: not victim.active)
        print(f"{victim.family}: kill {killed + 1} of {victim.id} at step {victim.status.step}", file=sys.stderr)
    return wanted


def _wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _finish(run: Run) -> None:
    launch.start(run)
    _wait_until(lambda: not run.active)


def _equal(run: Run, other: Run) -> bool:
    """Return whether final weights (to 1e-6), recorded steps and figures, and the best step are the same."""
    one, two = load_newest(run.checkpoint_path), load_newest(other.checkpoint_path)
    if one is None or two is None or set(one[0]) != set(two[0]):
        return False
    same = all(np.abs(one[0][name] - two[0][name]).max(initial=0.0) <= 1e-6 for name in one[0])
    figures = [
        [{key: value for key, value in row.items() if key not in ("seconds", "throughput")} for row in item.metrics()]
        for item in (run, other)
    ]
    return same and figures[0] == figures[1] and one[1]["best_step"] == two[1]["best_step"]


def _checkpoint_share(key: str, folder: Path) -> float:
    """Return the share of checkpoints in the time of a run of CHECKPOINT_SECONDS with the quick preset, in %."""
    family = FAMILIES[key]
    name = next(name for name, item in SAMPLES.items() if item.family == key)
    sources = sample(name)
    quick = family.config.preset("quick", **family.data.sizes(sources, family.options()))
    options = merged(quick, one_budget({"seconds": CHECKPOINT_SECONDS}))
    measured = create(options, sources, name="measured", directory=folder)
    _finish(measured)
    report = measured.report
    return 100 * float(report["checkpoint_seconds"]) / float(report["seconds"])


def _bundle(folder: Path) -> list[dict[str, Any]]:
    """Measure export and import of a run with MEGABYTES of training data."""
    letters = np.random.default_rng(0).integers(97, 123, MEGABYTES * 10**6, np.uint8).tobytes()
    run = create(FAMILIES["charlm"].options(), [Source("letters.txt", letters)], name="large", directory=folder / "a")
    began = time.perf_counter()
    export(run, folder / "large.zip", data=True)
    out = time.perf_counter() - began
    began = time.perf_counter()
    import_bundle(folder / "large.zip", folder / "b")
    back = time.perf_counter() - began
    return [_row(f"bundle of {MEGABYTES} MB: export", out, "s"), _row(f"bundle of {MEGABYTES} MB: import", back, "s")]
