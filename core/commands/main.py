"""The parser and its exit codes: 0 done, 1 a fault, 2 the user's input."""

import argparse
import json
import os
import sys
import traceback
from typing import Any

from core.commands import runs, train
from core.errors import UserError
from core.families import FAMILIES
from core.i18n import _
from core.runs.files import plain


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m core", description=_("Train small neural networks, use them, and look after their runs.")
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train.add_parsers(commands)
    for family in FAMILIES.values():
        family.room("commands").add_parsers(commands)
    runs.add_parsers(commands)
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its answer is a dict for `--json`, or an exit code."""
    given = parser().parse_args(arguments)
    if getattr(given, "runs_dir", None):
        os.environ["HIDDEN_STATE_RUNS"] = given.runs_dir
    try:
        answer: dict[str, Any] | int | None = given.run(given)
        if isinstance(answer, dict):
            code = int(answer.pop("exit", 0))
            if given.json:
                print(json.dumps(plain(answer), ensure_ascii=False), flush=True)
            return code
        return answer or 0
    except UserError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(_("Interrupted."), file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
