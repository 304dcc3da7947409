"""python -m core runs …: list, show, stop, resume, delete."""

import argparse
from typing import Any

from core.commands.flags import add_common
from core.commands.train import duration, follow
from core.errors import UserError
from core.i18n import _
from core.runs import launch
from core.runs.run import Run
from core.runs.store import delete, find, list_runs


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("runs", help=_("list, show, stop, resume or delete runs"))
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, action, text in (
        ("list", show_all, _("all runs, the newest first")),
        ("show", show, _("one run with its figures")),
        ("stop", stop, _("ask a run to stop; it keeps what it has learned")),
        ("resume", resume, _("continue a run that was stopped or interrupted")),
        ("delete", remove, _("delete a run for good")),
    ):
        sub = verbs.add_parser(verb, help=text)
        if verb != "list":
            sub.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
        if verb == "stop":
            sub.add_argument("--wait", type=float, default=60.0, help=_("seconds before its process is ended"))
        add_common(sub)
        sub.set_defaults(run=action)


def summary(run: Run) -> dict[str, Any]:
    """What a table of runs shows of one run; a damaged one says so."""
    status = run.status
    try:
        family, created = run.family, run.created
    except UserError as error:
        return {"run": run.id, "name": run.name, "family": "", "state": "broken", "error": str(error)}
    return {
        "run": run.id,
        "name": run.name,
        "family": family,
        "state": status.state,
        "step": status.step,
        "total": status.total,
        "best_metric": status.best_metric,
        "best": status.best,
        "best_step": status.best_step,
        "seconds": round(status.seconds, 1),
        "created": created,
        "size": run.size(),
        **({"error": status.error} if status.error else {}),
    }


def show_all(arguments: argparse.Namespace) -> dict[str, Any]:
    found = [summary(run) for run in list_runs()]
    if not arguments.json:
        if not found:
            print(_("There are no runs yet: start one with `python -m core train charlm --text sample:lighthouse`."))
        for row in found:
            best = f"{row['best_metric']} {row['best']:.4f}" if row.get("best") is not None else ""
            print(f"{row['run']:<32} {row['family']:<11} {row['state']:<9} {row.get('step', 0):>8,}  {best}")
    return {"runs": found}


def show(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    facts = summary(run)
    if not arguments.json:
        print(f"{facts['name']} ({run.path})")
        print(f"{facts['family']} · {facts['state']} · {duration(facts.get('seconds', 0))}")
        for key in ("best_metric", "best", "best_step", "error"):
            if facts.get(key) is not None:
                print(f"  {key:<24} {facts[key]}")
        for key, value in run.report.items():
            if isinstance(value, int | float | str):
                print(f"  {key:<24} {value}")
    return facts | {"report": run.report}


def stop(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    if not run.active:
        raise UserError(_("The run “{run}” is not active: it is {state}.").format(run=run.id, state=run.status.state))
    launch.stop(run, wait=arguments.wait)
    return _said(run, arguments)


def resume(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    run.options, run.sources()  # say what is wrong before anything is touched
    if run.active or run.status.state == "finished":
        raise UserError(
            _("The run “{run}” is {state}: there is nothing to continue.").format(run=run.id, state=run.status.state)
        )
    run.clear_stop()
    return follow(run)


def remove(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    delete(run)
    if not arguments.json:
        print(_("Deleted {run}.").format(run=run.id))
    return {"run": run.id, "state": "deleted"}


def _said(run: Run, arguments: argparse.Namespace) -> dict[str, Any]:
    if not arguments.json:
        print(f"{run.id}: {run.status.state}")
    return {"run": run.id, "state": run.status.state}
