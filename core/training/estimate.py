"""What a run will cost, before it is started: from the sizes, and from what runs on this machine have reached."""

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
    """Parameters, MB, examples in the family's unit per second (None: never measured here), time in words."""

    parameters: int
    memory_mb: float
    throughput: float | None
    time: str
    basis: str


def estimate(family: Family, options: Options, sizes: dict[str, Any], runs: Sequence[Run]) -> Estimate:
    """`runs` are earlier ones of the family, the newest first; the first with a report of this machine is the scale."""
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
            continue  # options or sizes that somebody damaged: the next run is the scale
        throughput = speed * before.work / max(1, cost.work)
        basis = _("Scaled from the run “{run}”, measured on this machine.").format(run=run.name)
        break
    seconds = options.seconds
    if seconds is None and throughput:
        units = (options.steps * cost.per_step) if options.steps else (options.epochs or 1) * cost.per_epoch
        seconds = units / throughput
    return Estimate(cost.parameters, cost.memory_mb, throughput, duration(seconds) if seconds else "", basis)
