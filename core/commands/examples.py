"""Two examples for each command, shown at the end of its help, and what the shell completes its arguments with."""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.flags import Parser

EXAMPLES: Mapping[str, tuple[str, str]] = {
    "train charlm": (
        "--text my-novel.txt --preset quick",
        "--text chapters/ --units 256 --seconds 300 --name chapters",
    ),
    "train classifier": ("--csv reviews.csv --preset quick", "--csv reviews.csv --text-column body --seeds 0,1,2"),
    "train gan": ("--images my-pictures.zip", "--images train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz"),
    "generate": ('demo-lighthouse --prompt "The keeper"', "demo-lighthouse --temperature 0.5 --count 3 --json"),
    "classify": ('demo-reviews "not bad at all" --why', "demo-reviews --csv in.csv --output judged.xlsx"),
    "sample": ("demo-digits --count 64 --output grid.png", "demo-digits --output walk.gif --seed 3"),
    "evaluate": ("demo-lighthouse", "demo-lighthouse --text other.txt --json"),
    "export": ("my-novel --as page -o my-novel.html", "my-novel --as program -o my-program"),
    "serve": ("demo-lighthouse", "demo-reviews --port 8700"),
    "runs list": ("", "--json"),
    "runs show": ("my-novel", "saved_models/my-novel --json"),
    "runs stop": ("my-novel", "my-novel --wait 10"),
    "runs resume": ("my-novel", "my-novel --more-seconds 600"),
    "runs rename": ('my-novel "The whole novel"', 'my-novel --note "with chapter 12" --tags long final'),
    "runs delete": ("my-novel", "my-novel --json"),
    "runs restore": ("my-novel", "my-novel --json"),
    "runs again": ("my-novel --set units=256 dropout=0.3", "my-novel --from-step 500 --name branch"),
    "runs export": ("my-novel my-novel.zip", "my-novel my-novel.zip --data"),
    "runs import": ("my-novel.zip", "my-novel.zip --json"),
    "runs script": ("my-novel my-program", "my-novel my-program --json"),
    "runs compare": ("my-novel my-novel-2", "my-novel my-novel-2 --csv metrics.csv"),
}


def add_examples(root: Parser) -> None:
    for words, parser in commands_of(root):
        if words in EXAMPLES:
            parser.examples = tuple(f"{root.prog} {words} {rest}".rstrip() for rest in EXAMPLES[words])


def commands_of(parser: argparse.ArgumentParser, words: str = "") -> Iterator[tuple[str, Parser]]:
    """Every command without commands of its own, by its words."""
    inside = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inside and isinstance(parser, Parser):
        yield words, parser
    for action in inside:
        for word, sub in action.choices.items():
            yield from commands_of(sub, f"{words} {word}".strip())


def complete(root: Parser) -> None:
    """Answer a shell that asks, through argcomplete, how the line may go on; then the process ends."""
    import argcomplete

    for _words, parser in commands_of(root):
        for action in parser._actions:
            if action.dest in ("id", "ids", "from_run"):
                action.completer = _run_ids  # type: ignore[attr-defined]
            elif action.dest == "data":
                action.completer = _data  # type: ignore[attr-defined]
    argcomplete.autocomplete(root)


def _run_ids(parsed_args: argparse.Namespace, **_given: Any) -> list[str]:
    from core.runs.store import list_runs

    return [run.id for run in list_runs(getattr(parsed_args, "runs_dir", None))]


def _data(prefix: str, parsed_args: argparse.Namespace, **_given: Any) -> list[str]:
    """Samples of the family, or files."""
    from core.samples.registry import SAMPLES

    samples = [f"sample:{name}" for name, item in SAMPLES.items() if item.family == getattr(parsed_args, "family", "")]
    folder = Path(prefix).parent if not prefix.endswith("/") else Path(prefix)
    try:
        files = [str(path) + "/" * path.is_dir() for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError:
        files = []
    return samples + files
