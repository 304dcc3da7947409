"""python -m core runs …: list, show, stop, resume, rename, delete, restore."""

import argparse
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core.commands.placement import add_placement, placement
from core.commands.train import follow
from core.durations import duration
from core.errors import UserError
from core.flags import add_common
from core.i18n import _
from core.jobs import launch
from core.jobs.queue import queue_position
from core.jobs.ray_cluster import poll_clusters
from core.jobs.repeat_command import command
from core.jobs.summary import summary
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.store import delete, find, list_runs
from core.runs.trash import purge, restore
from core.schema import BUDGETS
from core.terminal import printable

Action = Callable[[argparse.Namespace], dict[str, Any]]


def add_parsers(commands: Any) -> Any:
    """Add `runs` and its verbs; return the sub-parsers object, to which other modules add verbs."""
    parser = commands.add_parser("runs", help=_("list, show, stop, resume, compare, export … runs"))
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    add_verb(verbs, "list", show_all, _("all runs, the newest first"), run=False)
    add_verb(verbs, "show", show, _("one run with its figures"))
    sub = add_verb(verbs, "stop", stop, _("ask a run to stop; it keeps what it has learned"))
    sub.add_argument("--wait", type=float, default=60.0, metavar="S", help=_("seconds before its process is ended"))
    sub = add_verb(
        verbs, "resume", resume, _("continue a run that was stopped or interrupted, or a finished one longer")
    )
    longer = sub.add_mutually_exclusive_group()
    for unit in BUDGETS:
        longer.add_argument(f"--more-{unit}", type=float, metavar="N", help=_("so many more than planned"))
    add_placement(sub)
    sub = add_verb(verbs, "rename", rename, _("change what a run is called, its note or its tags"))
    sub.add_argument("name", nargs="?", help=_("its new name"))
    sub.add_argument("--note")
    sub.add_argument("--tags", nargs="*", metavar="TAG")
    add_verb(verbs, "delete", delete_run, _("move a run into the bin, from which it can be restored for a week"))
    add_verb(verbs, "restore", restore_run, _("bring a deleted run back"))
    return verbs


def add_verb(verbs: Any, verb: str, action: Action, text: str, *, run: bool = True) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = verbs.add_parser(verb, help=text)
    if run:
        sub.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    add_common(sub)
    sub.set_defaults(run=action)
    return sub


def find_current(run_id: str) -> Run:
    """Return store.find(run_id) after updating its status from its cluster, if it has one."""
    run = find(run_id)
    poll_clusters([run])
    return run


def show_all(arguments: argparse.Namespace) -> dict[str, Any]:
    runs = list_runs()
    poll_clusters(runs)
    found = [summary(run) for run in runs]
    if not arguments.json:
        if not found:
            print(_("There are no runs yet: start one with `python -m core train charlm --text sample:lighthouse`."))
        for row in found:
            best = f"{row['best_metric']} {row['best']:.4f}" if row.get("best") is not None else ""
            line = f"{row['run']:<32} {row['family']:<11} {row['state']:<9} {row.get('step', 0):>8,}  {best}"
            print(printable(line.rstrip()))
    return {"runs": found}


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find_current(arguments.id)
    facts = summary(run)
    place = queue_position(run)
    if place:
        facts |= {"position": place[0], "starts_in": place[1]}
    with suppress(UserError):
        facts["command"] = command(run)
    if not arguments.json:
        lines = [f"{facts['name']} ({run.path})"]
        lines.append(f"{facts['family']} · {facts['state']} · {duration(facts.get('seconds', 0))}")
        shown = ("best_metric", "best", "best_step", "position", "starts_in", "note", "tags", "error")
        figures = {key: facts[key] for key in shown if facts.get(key) is not None} | run.report
        lines += [f"  {key:<24} {value}" for key, value in figures.items() if not isinstance(value, dict | bool)]
        lines += [facts[key] for key in ("command",) if key in facts]
        print(printable("\n".join(lines)))
    return facts | {"report": run.report}


def stop(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    if not run.active:
        raise UserError(_("The run “{run}” is not active: it is {state}.").format(run=run.id, state=run.status.state))
    launch.stop(run, wait=arguments.wait)
    return print_result(run, run.status.state, arguments)


def resume(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find_current(arguments.id)
    amounts = {unit: getattr(arguments, f"more_{unit}") for unit in BUDGETS}
    more = {unit: amount for unit, amount in amounts.items() if amount is not None}
    before = Placement.of(run)
    where = placement(arguments, before)
    if where != before:
        where.record(run)
    return follow(run, more or None)


def rename(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    run.describe(name=arguments.name, note=arguments.note, tags=arguments.tags)
    return print_result(run, run.name, arguments, name=run.name, note=run.note, tags=run.tags)


def delete_run(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find_current(arguments.id)
    key = delete(run)
    purge()
    return print_result(
        run, _("in the bin; `runs restore {run}` brings it back").format(run=run.id), arguments, key=key
    )


def restore_run(arguments: argparse.Namespace) -> dict[str, Any]:
    run = restore(arguments.id)
    return print_result(run, run.status.state, arguments)


def print_result(run: Run, words: str, arguments: argparse.Namespace, **facts: Any) -> dict[str, Any]:
    """Print one line unless --json is given; return the object to print with --json."""
    if not arguments.json:
        print(printable(f"{run.id}: {words}"))
    return {"run": run.id, "state": run.status.state if run.path.exists() else "deleted", **facts}
