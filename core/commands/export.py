"""python -m core export RUN --as FORMAT: write a run for use elsewhere; `runs export` and `runs script` are aliases."""

import argparse
from pathlib import Path
from typing import Any

from core.commands.runs import add_verb, print_result
from core.exports import FORMATS, export
from core.i18n import _
from core.runs.store import find


def add_parsers(commands: Any) -> None:
    sub = add_verb(commands, "export", export_run, _("write a run for use elsewhere: one file, a program …"))
    formats = "; ".join(f"{name}: {_(row.title)}" for name, row in FORMATS.items())
    sub.add_argument("--as", dest="format", choices=list(FORMATS), default="zip", help=formats.replace("%", "%%"))
    sub.add_argument(
        "-o", "--output", metavar="PATH", help=_("file or new folder (default: named after the run, in this folder)")
    )


def export_run(arguments: argparse.Namespace) -> dict[str, Any]:
    run = find(arguments.id)
    written = export(run, arguments.format, Path(arguments.output) if arguments.output else None)
    line = f"{written.path} ({written.size / 1e6:.1f} MB)"
    if written.files != [written.path.name]:
        line += f": {', '.join(written.files)}"
    return print_result(
        run, line, arguments, path=str(written.path), format=arguments.format, files=written.files, size=written.size
    )
