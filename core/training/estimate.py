"""Estimate a run's cost before it starts, from its sizes and from the measured throughput of earlier runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.families import Family
from core.i18n import _
from core.runs.run import Run
from core.schema import Options
from core.training.machine import machine


@dataclass(frozen=True)
class Estimate:
    """Parameters, memory in MB, throughput in the family's unit per second (None: not measured), time as text."""

    parameters: int
    memory_mb: float
    throughput: float | None
    time: str
    basis: str


def estimate(family: Family, options: Options, sizes: dict[str, Any], runs: Sequence[Run]) -> Estimate:
    """Estimate the cost of training with `options` on data of `sizes`.

    runs: earlier runs of the family, the newest first; the throughput is scaled from the first one that was measured on
    this machine, by the number of multiplications.
    """
    from core.durations import duration

    cost = family.config.cost(options, **sizes)
    throughput, basis = None, _("No run on this machine has been measured yet.")
    here = machine()["processor"]
    for run in runs:
        report = run.report
        speed, known = report.get("throughput"), report.get("machine")
        if not (isinstance(speed, int | float) and isinstance(known, dict) and known.get("processor") == here):
            continue
        try:
            before = family.config.cost(run.options, **run.facts.get("sizes", {}))
        except (UserError, TypeError, ValueError):
            continue  # damaged options or sizes: use the next run
        throughput = speed * before.work / max(1, cost.work)
        basis = _("Scaled from the run “{run}”, measured on this machine.").format(run=run.name)
        break
    seconds = options.seconds
    if seconds is None and throughput:
        units = (options.steps * cost.per_step) if options.steps else (options.epochs or 1) * cost.per_epoch
        seconds = units / throughput
    return Estimate(cost.parameters, cost.memory_mb, throughput, duration(seconds) if seconds else "", basis)
