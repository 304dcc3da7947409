"""python -m core runs again …: train on a run's data again, with changed options, or from a weight snapshot."""

import argparse
from typing import Any

from core.commands.placement import add_placement, placement
from core.commands.runs import add_verb
from core.commands.train import follow
from core.families import FAMILIES
from core.flags import set_options
from core.i18n import _
from core.jobs.rerun import create_rerun
from core.runs.placement import Placement
from core.runs.store import find
from core.schema import merged


def add_parsers(verbs: Any) -> None:
    sub = add_verb(verbs, "again", train_again, _("train once more on a run's data, with changes"))
    sub.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help=_("options that differ"))
    sub.add_argument("--from-step", type=int, metavar="N", help=_("begin from the weights kept at this step"))
    sub.add_argument("--name", default="", help=_("what to call the new run"))
    add_placement(sub)


def train_again(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    changes = set_options(arguments.set, type(run.options))
    if changes:  # what the data does not allow is said before there is a run
        FAMILIES[run.family].data.sizes(run.sources(), merged(run.options, changes))
    where = placement(arguments, Placement.of(run))
    new = create_rerun(run, changes, arguments.name, arguments.from_step)
    where.record(new)
    return follow(new)
