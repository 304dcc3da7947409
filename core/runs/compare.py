"""Runs beside each other: the options that differ, aligned curves, mean and spread over seeds, tables as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from core.errors import UserError
from core.runs.run import Run

Axis = Literal["step", "epoch", "seconds"]
HIDDEN = ("step", "epoch", "seconds", "event", "lr_factor", "throughput")
POINTS = 200  # of a mean curve


@dataclass(frozen=True)
class Curve:
    """One metric of one run: x ascending, y beside it."""

    run: str
    name: str
    x: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Band:
    """Mean, lowest and highest of several seeds at the same x, where all of them have come that far."""

    name: str
    x: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


def metric_names(runs: Sequence[Run]) -> list[str]:
    """The metrics that at least one of the runs has numbers for, those that all have first."""
    found: dict[str, int] = {}
    for run in runs:
        keys = {key for row in run.metrics() for key, value in row.items() if isinstance(value, int | float)}
        for key in keys - set(HIDDEN):
            found[key] = found.get(key, 0) + 1
    return sorted(found, key=lambda key: (-found[key], not key.startswith("val_"), key))


def curve(run: Run, metric: str, axis: Axis = "step") -> Curve:
    pairs = [
        (row[axis], row[metric])
        for row in run.metrics()
        if isinstance(row.get(axis), int | float) and isinstance(row.get(metric), int | float)
    ]
    values = np.array(pairs, float).reshape(-1, 2)
    return Curve(run.id, run.name, values[:, 0], values[:, 1])


def best(run: Run, metric: str, mode: Literal["min", "max"] = "min") -> tuple[float, int] | None:
    """The best value of the metric and its step."""
    found = curve(run, metric)
    if not len(found.y):
        return None
    at = int(np.argmin(found.y) if mode == "min" else np.argmax(found.y))
    return float(found.y[at]), int(found.x[at])


def varying(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Run id → the options that are not the same in all of the runs; a broken run has none."""
    options: dict[str, Mapping[str, Any]] = {}
    for run in runs:
        try:
            options[run.id] = {"family": run.family, "data": run.config["data"].get("name")} | run.config["options"]
        except UserError:
            options[run.id] = {}
    names = dict.fromkeys(name for known in options.values() for name in known)
    differing = [name for name in names if len({repr(known.get(name)) for known in options.values()}) > 1]
    return {run_id: {name: known.get(name) for name in differing} for run_id, known in options.items()}


def bands(runs: Sequence[Run], metric: str, axis: Axis = "step") -> list[Band]:
    """One band for each group of at least two runs that differ in nothing but the seed."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        try:
            known = {key: value for key, value in run.config["options"].items() if key != "seed"}
            groups.setdefault(repr((run.family, run.config["data"]["files"], sorted(known.items()))), []).append(run)
        except UserError:
            continue
    found = []
    for members in groups.values():
        curves = [item for item in (curve(run, metric, axis) for run in members) if len(item.x)]
        if len(curves) < 2:
            continue
        low, high = max(item.x[0] for item in curves), min(item.x[-1] for item in curves)
        x = np.linspace(low, high, POINTS) if high > low else np.array([low])
        values = np.stack([np.interp(x, item.x, item.y) for item in curves])
        found.append(Band(curves[0].name, x, values.mean(axis=0), values.min(axis=0), values.max(axis=0), len(curves)))
    return found


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as CSV; a text that a spreadsheet would take for a formula begins with an apostrophe."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([_harmless(name) for name in names])
    writer.writerows([_harmless(row.get(name, "")) for name in names] for row in rows)
    return buffer.getvalue()


def curves_as_rows(curves: Iterable[Curve], axis: Axis, metric: str) -> list[dict[str, Any]]:
    return [
        {"run": item.run, axis: float(x), metric: float(y)}
        for item in curves
        for x, y in zip(item.x, item.y, strict=True)
    ]


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip()[:1] in ("=", "+", "-", "@") and value.strip():
        return "'" + value
    if isinstance(value, str) and value[:1] in ("\t", "\r"):
        return "'" + value
    return value
