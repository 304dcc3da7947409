"""python -m core.commands.demo_runs [FAMILY …]: train anew the small runs that ship with the project.

The same seed and steps give the same run on one machine; what is only needed to continue it is left out of git.
"""

import shutil
import sys
from typing import Any

from core.families import FAMILIES, plan_options
from core.jobs.progress import ProgressLine
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.store import DEFAULT_DIR, create
from core.samples.registry import SAMPLES, sample

# family → run's id, sample, preset and what it changes of it
DEMOS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "charlm": (
        "demo-lighthouse",
        "lighthouse",
        "quick",
        {
            "seconds": None,
            "steps": 4000,
            "units": 160,
            "dropout": 0.4,
            "weight_dropout": 0.4,
            "sample_prompt": "The lamp ",
        },
    ),
    "gan": (
        "demo-digits",
        "digits",
        "quick",
        {"seconds": None, "steps": 3000, "generator": "128-256", "discriminator": "256-128"},
    ),
    "classifier": ("demo-reviews", "reviews", "quick", {}),
}
NOT_SHIPPED = ("checkpoint", "log.txt", "stop")
MOMENTS, FRAMES = 16, 10  # at most so many samples, and so many weights for the film
FILM = ("charlm",)  # the families whose screens look at the kept weights


def main(wanted: list[str]) -> int:
    for key in wanted or [key for key in FAMILIES if key in DEMOS]:
        name, source, preset, changes = DEMOS[key]
        shutil.rmtree(DEFAULT_DIR / name, ignore_errors=True)
        sources = sample(source)
        options = plan_options(FAMILIES[key], sources, preset, changes)
        run = create(options, sources, name=name, preset=preset, label=source, directory=DEFAULT_DIR)
        line = ProgressLine(sys.stderr)
        status = work(run, line.show)
        line.close()
        if status.state != "finished":
            print(status.error, file=sys.stderr)
            return 1
        _tidy(run)
        run.describe(name=SAMPLES[source].title)
        print(f"{run.path}: {run.size() / 1e6:.1f} MB")
    return 0


def _tidy(run: Run) -> None:
    """Leave what is used and looked at; thin the samples to some moments."""
    for name in (*NOT_SHIPPED, *(() if run.family in FILM else ("snapshots",))):
        path = run.path / name
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    frames = sorted((run.path / "snapshots").glob("step-*.npz"))
    for place, frame in enumerate(frames):
        if place not in {round(number * (len(frames) - 1) / (FRAMES - 1)) for number in range(FRAMES)}:
            frame.unlink()
    steps = run.sample_steps()
    keep = set(steps[:: -(-len(steps) // MOMENTS)]) | set(steps[-1:])
    for step in steps:
        if step not in keep:
            shutil.rmtree(run.samples_path / f"step-{step:08d}")
    status = run.status  # the process that trained it is of no interest to anybody
    status.pid, status.process_start, status.host = None, "", ""
    status.write(run.path / "status.json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
