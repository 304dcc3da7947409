"""The command-line parser. Exit codes: 0 success, 1 a fault of the program, 2 wrong input."""

import argparse
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from core.commands import again, bundle, compare, evaluate, export, runs, serve, train
from core.commands.examples import add_examples, complete
from core.errors import UserError
from core.families import FAMILIES
from core.faults import print_fault
from core.flags import Parser
from core.hosting import policy
from core.i18n import _
from core.runs.files import to_json_value
from core.runs.store import check_root
from core.terminal import printable
from core.version import label


def parser() -> Parser:
    root = Parser(
        prog="python -m core", description=_("Train small neural networks, use them, and look after their runs.")
    )
    root.add_argument("--version", action=_Version, help=_("print the version and exit"))
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train.add_parsers(commands)
    for family in FAMILIES.values():
        family.commands.add_parsers(commands)
    verbs = runs.add_parsers(commands)
    again.add_parsers(verbs)
    bundle.add_parsers(verbs)
    compare.add_parsers(verbs)
    evaluate.add_parsers(commands)
    export.add_parsers(commands)
    serve.add_parsers(commands)
    add_examples(root)
    return root


class _Version(argparse.Action):
    """--version; argparse's own action would ask git for the commit before every command."""

    def __init__(self, option_strings: list[str], dest: str, **named: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **named)

    def __call__(self, parser: argparse.ArgumentParser, *_given: Any) -> None:
        print(label())
        parser.exit()


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. A command returns a dict, printed with `--json`, or an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal's encoding may lack some characters
    policy.register()
    root = parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks how the line may go on
        complete(root)
    given = root.parse_args(arguments)
    _set_runs_dir(given)
    try:
        check_root()
        answer: dict[str, Any] | int | None = given.run(given)
        if isinstance(answer, dict):
            code = int(answer.pop("exit", 0))
            if given.json:
                print(json.dumps(to_json_value(answer)), flush=True)
            return code
        return answer or 0
    except UserError as error:
        print(printable(str(error)), file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(_("Interrupted."), file=sys.stderr)
        return 1
    except Exception:
        print_fault()
        return 1


def _set_runs_dir(given: argparse.Namespace) -> None:
    """Set the runs folder from --runs-dir, or from a run given by its path, and the launcher from --launcher."""
    if getattr(given, "runs_dir", None):
        os.environ["HIDDEN_STATE_RUNS"] = given.runs_dir
    if getattr(given, "launcher", None):
        os.environ["HIDDEN_STATE_LAUNCHER"] = given.launcher
    path = Path(getattr(given, "id", None) or ".")
    if len(path.parts) > 1 and (path / "config.json").is_file():
        os.environ["HIDDEN_STATE_RUNS"], given.id = str(path.parent), path.name
