"""python -m core.commands.demo_runs [FAMILY …]: retrain the small runs that ship with the project.

On one machine the same seed and steps give the same run; files that only serve to continue it are deleted.
"""

import shutil
import sys

from core.families import FAMILIES, family, plan_options
from core.jobs.progress import ProgressLine
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.store import DEFAULT_DIR, create
from core.samples.registry import SAMPLES, Demo

NOT_SHIPPED = ("checkpoint", "log.txt", "stop")
MAX_SAMPLES, MAX_SNAPSHOTS = 16, 10  # kept of each run that ships


def main(wanted: list[str]) -> int:
    known = [family(key).key for key in wanted] or list(FAMILIES)
    for item in SAMPLES.values():
        if item.demo is None or item.family not in known:
            continue
        demo, sources = item.demo, item.load()
        shutil.rmtree(DEFAULT_DIR / demo.run, ignore_errors=True)
        options = plan_options(FAMILIES[item.family], sources, "quick", dict(demo.changes))
        run = create(options, sources, name=demo.run, preset="quick", label=item.name, directory=DEFAULT_DIR)
        line = ProgressLine(sys.stderr)
        status = work(run, line.show)
        line.close()
        if status.state != "finished":
            print(status.error, file=sys.stderr)
            return 1
        _remove_unshipped(run, demo)
        run.describe(name=item.title)
        print(f"{run.path}: {run.size() / 1e6:.1f} MB")
    return 0


def _remove_unshipped(run: Run, demo: Demo) -> None:
    """Delete the files that are not shipped, and all but some of the samples and snapshots."""
    for name in (*NOT_SHIPPED, *(() if demo.snapshots else ("snapshots",))):
        path = run.path / name
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)
    frames = sorted((run.path / "snapshots").glob("step-*.npz"))
    for place, frame in enumerate(frames):
        if place not in {round(number * (len(frames) - 1) / (MAX_SNAPSHOTS - 1)) for number in range(MAX_SNAPSHOTS)}:
            frame.unlink()
    steps = run.sample_steps()
    keep = set(steps[:: -(-len(steps) // MAX_SAMPLES)]) | set(steps[-1:])
    for step in steps:
        if step not in keep:
            shutil.rmtree(run.samples_path / f"step-{step:08d}")
    status = run.status  # do not ship the name of the machine that trained it
    status.pid, status.process_start, status.host = None, "", ""
    status.write(run.path / "status.json")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
