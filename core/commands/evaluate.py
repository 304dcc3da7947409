"""python -m core evaluate RUN: compute the figures of a trained run on its own held-out data or on other data."""

import argparse
from typing import Any

from core.errors import UserError
from core.families import FAMILIES
from core.flags import add_common
from core.i18n import _
from core.runs.store import find
from core.terminal import printable


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help=_("measure a trained run, on its own or on other data"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    for family in FAMILIES.values():
        parser.add_argument(
            f"--{family.data_flag}", metavar="FILE", help=_("other data, for {family}").format(family=family.title)
        )
    add_common(parser)
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    family = FAMILIES[run.family]
    given = {row.data_flag: getattr(arguments, row.data_flag) for row in FAMILIES.values()}
    wrong = [flag for flag, value in given.items() if value and flag != family.data_flag]
    if wrong:
        raise UserError(
            _("The run “{run}” is measured on --{right}, not on --{wrong}.").format(
                run=run.id, right=family.data_flag, wrong=wrong[0]
            )
        )
    from core.tensorflow_import import import_tensorflow

    import_tensorflow()
    found = {"run": run.id} | family.commands.evaluate(run, given[family.data_flag] or "")
    if not arguments.json:
        for key, value in found.items():
            if isinstance(value, float):
                print(f"{key:<30} {value:.4f}")
            elif isinstance(value, str | int):
                print(printable(f"{key:<30} {value}"))
    return found
