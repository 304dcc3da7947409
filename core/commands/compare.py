"""python -m core runs compare …: show the options in which runs differ, and the best figure of each."""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.flags import add_common
from core.i18n import _
from core.runs.files import writing
from core.runs.store import find
from core.terminal import printable


def add_parsers(verbs: Any) -> None:
    sub = verbs.add_parser("compare", help=_("the options in which runs differ, and what each reached"))
    sub.add_argument("ids", nargs="+", metavar="RUN")
    sub.add_argument("--csv", metavar="FILE", help=_("write all that they recorded, a line a step"))
    add_common(sub)
    sub.set_defaults(run=compare)


def compare(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.runs.compare import metrics_csv, table

    runs = [find(run_id) for run_id in arguments.ids]
    rows = table(runs)
    if arguments.csv:
        with writing(Path(arguments.csv)):
            Path(arguments.csv).write_text(metrics_csv(runs), encoding="utf-8", newline="")
    if not arguments.json:
        for row in rows:
            differing = ", ".join(f"{name} {value}" for name, value in row.options.items())
            best = "–" if row.best is None else f"{row.metric} {row.best:.4f} ({row.best_step})"
            print(printable(f"{row.run:<32} {row.state:<9} {best:<28} {differing}".rstrip()))
    return {"runs": [asdict(row) for row in rows]}
