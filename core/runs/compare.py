"""Compare runs: the options in which they differ, their curves on one axis, and means over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.csv_safety import csv_text, escape_formula
from core.errors import UserError
from core.runs.run import Run

Axis = Literal["step", "epoch", "seconds"]
AXES: tuple[Axis, ...] = ("step", "epoch", "seconds")
POINTS = 400  # at most, of a mean curve


@dataclass(frozen=True)
class Row:
    """One run in the table: its value of each differing option, its best figure and the step that reached it."""

    run: str
    name: str
    state: str
    options: dict[str, Any]
    metric: str
    best: float | None
    best_step: int | None
    seconds: float


@dataclass(frozen=True)
class Curve:
    """y over x. For a mean over several runs `low` and `high` are their minimum and maximum at each x."""

    name: str
    runs: list[str]
    x: list[float]
    y: list[float]
    low: list[float] | None = None
    high: list[float] | None = None


def table(runs: Sequence[Run]) -> list[Row]:
    """Return one row for each run, in the order given, without damaged runs."""
    sound, rows = _readable(runs), []
    differing = different_options(sound)
    for run in sound:
        status, values = run.status, run.options.model_dump(mode="json")
        rows.append(
            Row(
                run.id,
                run.name,
                status.state,
                {name: values.get(name) for name in differing},
                status.best_metric,
                status.best,
                status.best_step,
                status.seconds,
            )
        )
    return rows


def different_options(runs: Sequence[Run]) -> list[str]:
    """Return the names of the options that differ among `runs`, in the schema's order."""
    dumps = [run.options.model_dump(mode="json") for run in _readable(runs)]
    names = dict.fromkeys(name for values in dumps for name in values)
    return [name for name in names if any(values.get(name) != dumps[0].get(name) for values in dumps)]


def metrics_of(runs: Sequence[Run]) -> list[str]:
    """Return the names of the numeric figures that at least one run has recorded, in order of appearance."""
    names: dict[str, None] = {}
    for run in runs:
        for row in run.metrics():
            names |= {key: None for key, value in row.items() if isinstance(value, int | float) and key not in AXES}
    return list(names)


def curves(runs: Sequence[Run], metric: str, x: Axis = "step") -> list[Curve]:
    """Return a curve for each run that recorded `metric`."""
    found = []
    for run in _readable(runs):
        points = [
            (row[x], row[metric])
            for row in run.metrics()
            if isinstance(row.get(x), int | float) and isinstance(row.get(metric), int | float)
        ]
        if points:
            found.append(Curve(run.name, [run.id], [float(at) for at, _ in points], [float(y) for _, y in points]))
    return found


def mean_curves(runs: Sequence[Run], metric: str, x: Axis = "step") -> list[Curve]:
    """Return the mean curve of each group of runs that differ only in their seed; a single run gives its own curve.

    The curves of a group are interpolated at common x values within the range that all of them cover.
    """
    found = []
    for group in seed_groups(runs):
        lines = curves(group, metric, x)
        if len(lines) < 2:
            found += lines
            continue
        low, high = max(line.x[0] for line in lines), min(line.x[-1] for line in lines)
        if low >= high:
            found += lines
            continue
        places = sorted({at for line in lines for at in line.x if low <= at <= high})
        if len(places) > POINTS:
            places = np.linspace(low, high, POINTS).tolist()
        values = np.array([np.interp(places, line.x, line.y) for line in lines])
        found.append(
            Curve(
                _group_name(group),
                [line.runs[0] for line in lines],
                places,
                values.mean(0).tolist(),
                values.min(0).tolist(),
                values.max(0).tolist(),
            )
        )
    return found


def seed_groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Group the runs that have the same family, data and options apart from the seed, in order of appearance."""
    groups: dict[Any, list[Run]] = {}
    for run in _readable(runs):
        data = tuple(str(item.get("sha256")) for item in run.config["data"]["files"])
        key = (run.family, data, run.options.model_copy(update={"seed": 0}).model_dump_json())
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def _group_name(group: Sequence[Run]) -> str:
    """Return the common beginning of the names of a group's runs, or the first name, with the number of runs."""
    first, last = min(run.name for run in group), max(run.name for run in group)
    shared = 0
    while shared < min(len(first), len(last)) and first[shared] == last[shared]:
        shared += 1
    name = first[:shared].rstrip(" ·,-(0123456789")
    name = name.removesuffix("seed").rstrip(" ·,-(")
    return f"{name or group[0].name} (×{len(group)})"


def common_sample_steps(runs: Sequence[Run]) -> list[int]:
    """Return the steps at which each of `runs` kept a sample, in order."""
    steps = [set(run.sample_steps()) for run in runs]
    return sorted(set.intersection(*steps)) if steps else []


# CSV -----------------------------------------------------------------------------------------------------------------
def table_csv(rows: Sequence[Row]) -> str:
    """Return the table as CSV; a text that a spreadsheet would evaluate as a formula gets a leading apostrophe."""
    options = list(dict.fromkeys(name for row in rows for name in row.options))
    head = ["run", "name", "state", *options, "metric", "best", "best_step", "seconds"]
    lines: list[list[Any]] = [head]
    for row in rows:
        values = [row.options.get(name) for name in options]
        lines.append([row.run, row.name, row.state, *values, row.metric, row.best, row.best_step, row.seconds])
    return _csv(lines)


def metrics_csv(runs: Sequence[Run]) -> str:
    """Return all recorded metrics as CSV, one line for each recorded step of each run."""
    names = metrics_of(runs)
    lines: list[list[Any]] = [["run", "name", *AXES, *names]]
    for run in _readable(runs):
        lines += [[run.id, run.name, *(row.get(name) for name in (*AXES, *names))] for row in run.metrics()]
    return _csv(lines)


def _csv(lines: list[list[Any]]) -> str:
    return csv_text([escape_formula(cell) for cell in line] for line in lines)


def _readable(runs: Sequence[Run]) -> list[Run]:
    sound = []
    for run in runs:
        try:
            run.options  # noqa: B018
        except UserError:
            continue
        sound.append(run)
    return sound
