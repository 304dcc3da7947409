"""python -m core train FAMILY: the same run that the browser starts, in the foreground."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from core.commands.flags import add_common, add_options, add_placement, given_options, merged, placement
from core.errors import UserError
from core.families import FAMILIES, Family
from core.families import family as find_family
from core.i18n import _
from core.inputs import gather
from core.jobs.launch import enqueue, start, start_each, stop
from core.jobs.ray_cluster import configured
from core.jobs.rerun import BUDGETS, START
from core.jobs.sweep import sweep
from core.runs.extend import extensions
from core.runs.names import printable
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create
from core.schema import Options
from core.sources import Source
from core.text_lists import by_spaces

HANDOVER = 45.0  # seconds that a killed or stopped process may still need to let go of its run
LOOK = 0.5  # seconds between two looks at a run that trains elsewhere


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("train", help=_("train a network on your data"))
    families = parser.add_subparsers(dest="family", required=True, metavar="FAMILY")
    for family in FAMILIES.values():
        sub = families.add_parser(family.key, help=f"{family.title}: {family.short}")
        sub.add_argument(
            f"--{family.data_flag}",
            dest="data",
            nargs="+",
            required=True,
            metavar="FILE",
            help=_("files, a folder, sample:NAME, download:NAME, or run:ID for what a run was trained on"),
        )
        sub.add_argument("--preset", default="quick", choices=family.room("config").PRESETS)
        sub.add_argument("--name", default="", help=_("what to call the run"))
        sub.add_argument(
            "--sweep",
            action="append",
            default=[],
            metavar="NAME=A,B,…",
            help=_("a run for each of these values of an option; several sweeps are combined, all are queued"),
        )
        sub.add_argument("--seeds", metavar="0,1,…", help=_("each run once with each of these seeds"))
        add_common(sub)
        add_placement(sub)
        add_options(sub, family.options)
        sub.set_defaults(run=train)
    hidden = commands.add_parser("work")  # what the browser starts as a child
    hidden.add_argument("path")
    hidden.set_defaults(run=work_on, json=False)


def plan_options(family: Family, sources: list[Source], preset: str, values: dict[str, Any]) -> Options:
    """The preset's options for this data with `values` on top. Raises UserError for bad data or options."""
    model = family.options
    sizes = family.room("data.prepare").sizes(sources, merged(model(), values))
    return merged(family.room("config").preset(preset, **sizes), values)


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    family = FAMILIES[arguments.family]
    values = given_options(arguments, family.options)
    sources, label = gather(arguments.data, family)
    options = plan_options(family, sources, arguments.preset, values)
    where = placement(arguments, Placement.default())
    if arguments.sweep or arguments.seeds is not None:
        return sweep_over(options, sources, label, arguments, where)
    run = create(options, sources, name=arguments.name, preset=arguments.preset, label=label)
    where.record(run)
    return follow(run)


def sweep_over(
    options: Options, sources: list[Source], label: str, arguments: argparse.Namespace, where: Placement
) -> dict[str, Any]:
    """Queue the runs of a sweep in the background and print their ids."""
    values = dict[str, list[str]]()
    for item in arguments.sweep:
        name, sign, listed = item.partition("=")
        if not sign:
            raise UserError(_("“{item}” is no sweep: write NAME=A,B,…").format(item=item))
        values[name.strip().lstrip("-").replace("-", "_")] = by_spaces(listed)
    seeds = by_spaces(arguments.seeds or "")
    runs = sweep(
        options,
        values,
        seeds,
        sources,
        name=arguments.name,
        preset=arguments.preset,
        label=label,
        files=where.as_file(),
    )
    for run in start_each(runs):
        if not arguments.json:
            print(f"{run.id}: {printable(run.name)}")
    return {"runs": [run.id for run in runs], "state": "queued"}


def follow(run: Run, more: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Train `run` here or on a cluster, with a live line; return what `--json` prints. more: see launch.enqueue."""
    from core.jobs.worker import work

    line, away = ProgressLine(sys.stderr), configured() is not None
    (start if away else enqueue)(run, more)
    print(printable(_("Run {run} in {path}").format(run=run.id, path=run.path)), file=sys.stderr)
    status = _afar(run, line) if away else work(run, line.show)
    line.close()
    report = run.report if status.state != "failed" else {}
    for note in report.get("notes", []):
        print(printable(f"· {note}"), file=sys.stderr)
    if status.error:
        print(printable(status.error), file=sys.stderr)
    return {
        "run": run.id,
        "path": str(run.path),
        "state": status.state,
        **({"error": status.error} if status.error else {}),
        **report,
        "seconds": round(status.seconds, 2),
        "exit": 1 if status.state == "failed" else 0,
    }


def _afar(run: Run, line: "ProgressLine") -> Status:
    """The run goes on where it is when this process is killed; Ctrl-C asks it to stop, a second one leaves it alone."""
    asked = False
    while run.active:
        try:
            line.show(run.status)
            time.sleep(LOOK)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            stop(run)
    line.show(run.status)
    return run.status


def work_on(arguments: argparse.Namespace) -> int:
    from core.jobs.worker import work

    if hasattr(os, "nice"):
        os.nice(5)  # the browser stays smooth while this uses every core
    status = work(Run(arguments.path), patience=HANDOVER, asked=True)
    if status.error:
        print(status.error, flush=True)  # into the run's log
    return 1 if status.state == "failed" else 0


class ProgressLine:
    """One line that is written anew on a terminal, or a line now and then into a file."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._live, self._last, self._width = out, out.isatty(), 0.0, 0

    def show(self, status: Status) -> None:
        now = time.monotonic()
        if now - self._last < (0.2 if self._live else 5.0) and status.state in ("running", "queued"):
            return
        self._last = now
        text = printable(describe(status))
        self._out.write(f"\r{text.ljust(self._width)}" if self._live else f"{text}\n")
        self._out.flush()
        self._width = len(text)

    def close(self) -> None:
        if self._live:
            self._out.write("\n")


def describe(status: Status) -> str:
    """`step 1,200 of 5,000 · loss 1.812 · best 1.790 · 25,300 chars/s · 2 min 10 s left`"""
    parts = [status.phase or status.message or status.state]
    if status.total:
        parts = [_("step {step:,} of {total:,}").format(step=status.step, total=status.total)]
        parts += [status.phase] if status.phase else []
    if status.loss is not None:
        parts.append(_("loss {loss:.4f}").format(loss=status.loss))
    if status.best is not None:
        parts.append(_("best {metric} {best:.4f}").format(metric=status.best_metric, best=status.best))
    if status.throughput:
        parts.append(f"{status.throughput:,.0f} {status.unit}/s")
    if status.eta:
        parts.append(_("{time} left").format(time=duration(status.eta)))
    elif status.state in ("finished", "stopped", "failed"):
        parts.append(status.state)
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """`45 s`, `2 min 10 s`, `3 h 05 min`"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def command(run: Run) -> str:
    """The exact command line that repeats `run`, on the data in its folder."""
    options = run.options
    if (run.path / START).exists():  # a branch also needs the weights that it began from
        return shlex.join(["python", "-m", "core", "runs", "again", run.id])
    preset, devices = run.config.get("preset"), Placement.of(run).devices
    family, defaults = find_family(run.family), type(options)()
    words = ["python", "-m", "core", "train", family.key, f"--{family.data_flag}", f"run:{run.id}"]
    if preset:
        words += ["--preset", str(preset)]
    if devices:
        words += ["--devices", devices]
    for name in type(options).model_fields:
        value, flag = getattr(options, name), "--" + name.replace("_", "-")
        if name in BUDGETS:
            if value is not None and name == budget(options):
                words += [flag, _typed(value)]
        elif value == getattr(defaults, name) and not preset:
            continue
        elif isinstance(value, bool):
            words.append(flag if value else "--no-" + flag[2:])
        elif isinstance(value, str):
            words.append(f"{flag}={value}")  # also where it begins with a dash
        else:
            words += [flag, _typed(value)]
    then = [f"python -m core runs resume RUN --more-steps {steps}" for steps in extensions(run)]
    return "\n".join([shlex.join(words), *then])


def _typed(value: Any) -> str:
    """`value` such that reading it as an option gives it back."""
    if isinstance(value, list | tuple):
        return ",".join(map(_typed, value))
    return "none" if value is None else repr(value) if isinstance(value, float) else str(value)


def budget(options: Options) -> str:
    """The name of the budget that is in force."""
    return next((name for name in BUDGETS if getattr(options, name) is not None), "epochs")
