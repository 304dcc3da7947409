"""python -m bench NAME [--quick] [--json]: run a benchmark and print its rows."""

import argparse
import json
import sys
from importlib import import_module
from typing import Any

from core.training.machine import machine
from core.version import versions

NAMES = {
    "charlm": ["charlm"],
    "classifier": ["classifier"],
    "gan": ["gan"],
    "app": ["app", "runs", "visitors", "serving", "cluster"],
    "runs": ["runs"],
    "visitors": ["visitors"],
    "serving": ["serving"],
    "cluster": ["cluster"],
    "container": ["container"],
    "abuse": ["abuse"],
}


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    root.add_argument("name", choices=NAMES)
    root.add_argument("--quick", action="store_true", help="a short form: the ratios are rougher")
    root.add_argument("--only", default="", help="only rows whose work contains this")
    root.add_argument("--json", action="store_true", help="print the rows as one JSON list")
    return root


def main() -> int:
    given = parser().parse_args()
    rows: list[dict[str, Any]] = []
    for module in NAMES[given.name]:
        rows += import_module(f"bench.{module}").run(quick=given.quick, only=given.only)
    if given.json:
        print(json.dumps(rows, ensure_ascii=False))
        return 0
    known = machine()
    print(f"{known['processor']}, {known['cores']} cores, {known['memory_gb']} GB · {versions()}\n", file=sys.stderr)
    width = max((len(row["work"]) for row in rows), default=10)
    for row in rows:
        print(f"{row['work']:<{width}}  {row['who']:<16} {row['value']:>14,.3f} {row['unit']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
