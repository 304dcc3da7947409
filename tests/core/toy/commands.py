"""python -m core count RUN: the numbers that a toy has learned."""

import argparse
from typing import Any

from core.flags import add_common, add_request, given_request
from core.runs.run import Run
from core.runs.store import find
from tests.core.toy.inference.request import Count
from tests.core.toy.training.train import make_task


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("count", help="say the numbers that a toy has learned")
    parser.add_argument("id", metavar="RUN")
    add_request(parser, Count)
    add_common(parser)
    parser.set_defaults(run=count)


def count(arguments: argparse.Namespace) -> dict[str, Any]:
    request, run = given_request(arguments, Count), find(arguments.id)
    return {"run": run.id, "numbers": _trained(run).weight.value[: request.up_to].tolist()}


def evaluate(run: Run, path: str = "") -> dict[str, Any]:
    return {"loss": _trained(run).evaluate(0)["val_loss"]}


def _trained(run: Run) -> Any:
    task = make_task(run)
    task.load_model(str(run.model_path))
    return task
