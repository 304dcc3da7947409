"""python -m core runs export | import | script: export a run as one file or as a program, or import one."""

import argparse
from pathlib import Path
from typing import Any

from core.commands.runs import add_verb, print_result
from core.flags import add_common
from core.i18n import _
from core.runs.store import find


def add_parsers(verbs: Any) -> None:
    sub = add_verb(verbs, "export", export_run, _("write a run as one file: options, model, report, samples"))
    sub.add_argument("file", metavar="OUT.zip")
    sub.add_argument("--data", action="store_true", help=_("with what it was trained on"))
    sub = verbs.add_parser("import", help=_("take a run out of such a file, after every part of it was checked"))
    sub.add_argument("file", metavar="FILE.zip")
    add_common(sub)
    sub.set_defaults(run=import_run)
    sub = add_verb(verbs, "script", export_script, _("write a run as a program of its own, in plain Keras"))
    sub.add_argument("folder", metavar="FOLDER", help=_("a new folder for train.py and what it reads"))


def export_run(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.bundles.bundle import export

    run, path = find(arguments.id), Path(arguments.file)
    export(run, path, data=arguments.data)
    size = path.stat().st_size
    return print_result(run, f"{path} ({size / 1e6:.1f} MB)", arguments, file=str(path), size=size)


def import_run(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.bundles.bundle import import_bundle

    run = import_bundle(Path(arguments.file))
    return print_result(run, run.name, arguments)


def export_script(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.bundles.program import write_script

    run = find(arguments.id)
    names = write_script(run, Path(arguments.folder))
    return print_result(run, f"{arguments.folder}: {', '.join(names)}", arguments, files=names)
