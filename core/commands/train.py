"""python -m core train FAMILY: train a run in the foreground, as the browser does in the background."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.commands.placement import add_placement, placement
from core.errors import UserError
from core.families import FAMILIES, Family, plan_options
from core.flags import add_common, add_options, given_options
from core.i18n import _
from core.inputs import load_sources
from core.jobs.launch import enqueue, start, start_each, stop
from core.jobs.progress import ProgressLine
from core.jobs.ray_cluster import configured
from core.jobs.rerun import choices_to_repeat
from core.jobs.sweep import sweep
from core.jobs.train_on import create_onward, earlier_source, kept_options, source_run
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create, find
from core.schema import Options
from core.sources import Source
from core.terminal import printable
from core.text_lists import by_spaces

LOCK_TIMEOUT = 45.0  # seconds that a killed or stopped process may need to release the lock of its run
POLL_SECONDS = 0.5  # between reads of the status of a run that trains on a cluster


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
        for role in family.own_parts:
            sub.add_argument(
                f"--{role}-file",
                dest=f"{role}_file",
                metavar="FILE",
                help=_("a file or folder of your own as the {role} part").format(role=_(role)),
            )
        if family.fine_tunes:
            sub.add_argument(
                "--from",
                dest="from_run",
                default="",
                metavar="RUN",
                help=_("go on from the weights of this finished run, with its network"),
            )
        sub.add_argument("--preset", default="quick", choices=family.config.PRESETS)
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
        sub.set_defaults(run=train, **({} if family.fine_tunes else {"from_run": ""}))
    hidden = commands.add_parser("work")  # the child process that launch.ChildProcess starts
    hidden.add_argument("path")
    hidden.set_defaults(run=train_queued, json=False)


def train(arguments: argparse.Namespace) -> dict[str, Any]:
    family = FAMILIES[arguments.family]
    values = given_options(arguments, family.options)
    sources, label = load_sources(arguments.data, family)
    if own := own_parts(arguments, family):
        sources = [source for source in sources if source.role not in {part.role for part in own}] + own
        if "drop_leaks" in family.options.model_fields:
            values.setdefault("drop_leaks", True)
    origin = source_run(family, arguments.from_run) if arguments.from_run else None
    if origin:
        if arguments.sweep or arguments.seeds is not None:
            raise UserError(_("--from begins one run: leave out --sweep and --seeds."))
        values = kept_options(origin, values, family)
        sources = [*sources, earlier_source(origin, family)]
    options = plan_options(family, sources, arguments.preset, values)
    for caution in [*family.preview(sources, options), *options.cautions()]:
        print(printable(f"· {caution}"), file=sys.stderr)
    where = placement(arguments, Placement.default())
    if arguments.sweep or arguments.seeds is not None:
        return sweep_over(options, sources, label, arguments, where)
    if origin:
        about = {"name": arguments.name, "preset": arguments.preset, "label": label}
        run = create_onward(origin, options, sources, family=family, **about)
        where.record(run)
        return follow(run)
    named = arguments.data[0].removeprefix("run:") if len(arguments.data) == 1 else ""
    files = choices_to_repeat(find(named), options) if [f"run:{named}"] == arguments.data else {}
    run = create(options, sources, name=arguments.name, preset=arguments.preset, label=label, files=files)
    where.record(run)
    return follow(run)


def own_parts(arguments: argparse.Namespace, family: Family) -> list[Source]:
    """The files given with --validation-file and --test-file, with these roles. Raises UserError."""
    found = list[Source]()
    for role in family.own_parts:
        if path := getattr(arguments, f"{role}_file"):
            found += [replace(source, role=role) for source in load_sources([path], family)[0]]
    return found


def sweep_over(
    options: Options, sources: list[Source], label: str, arguments: argparse.Namespace, where: Placement
) -> dict[str, Any]:
    """Create and queue the runs of a sweep, to train in the background, and print their ids."""
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
    """Train `run` here or on a cluster with a progress line; return the object for `--json`. more: see enqueue()."""
    from core.jobs.worker import work

    line, away = ProgressLine(sys.stderr), configured() is not None
    (start if away else enqueue)(run, more)
    print(printable(_("Run {run} in {path}").format(run=run.id, path=run.path)), file=sys.stderr)
    status = _follow_remote(run, line) if away else work(run, line.show)
    line.close()
    report = run.report if status.state != "failed" else {}
    for note in run.report_notes if report else []:
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


def _follow_remote(run: Run, line: "ProgressLine") -> Status:
    """Show the progress of a run on a cluster until it ends; return its final status.

    Ctrl-C requests a stop; a second Ctrl-C ends only this process, and the run continues.
    """
    asked = False
    while run.active:
        try:
            line.show(run.status)
            time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            if asked:
                raise
            asked = True
            stop(run)
    line.show(run.status)
    return run.status


def train_queued(arguments: argparse.Namespace) -> int:
    from core.jobs.worker import work

    if hasattr(os, "nice"):
        os.nice(5)  # keeps the browser responsive while this process uses all cores
    status = work(Run(arguments.path), lock_timeout=LOCK_TIMEOUT, only_if_queued=True)
    if status.error:
        print(status.error, flush=True)  # standard output is the run's log
    return 1 if status.state == "failed" else 0
