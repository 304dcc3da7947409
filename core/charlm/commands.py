"""python -m core generate RUN: write with a trained character model."""

import argparse
import sys
from typing import Any

from core.commands.flags import add_common
from core.i18n import _
from core.runs.store import find


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("generate", help=_("write with a trained character model"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    parser.add_argument("--prompt", default="", help=_("what the text begins with"))
    parser.add_argument("--length", type=int, default=500, help=_("characters to write"))
    parser.add_argument("--temperature", type=float, default=0.8, help=_("0 always takes the likeliest character"))
    parser.add_argument("--top-k", type=int, default=0, help=_("choose among the k likeliest; 0: among all"))
    parser.add_argument("--top-p", type=float, default=1.0, help=_("choose among the likeliest that hold this share"))
    parser.add_argument("--seed", type=int, default=0, help=_("the same seed writes the same text"))
    parser.add_argument("--count", type=int, default=1, help=_("how many texts"))
    add_common(parser)
    parser.set_defaults(run=generate)


def generate(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.charlm.settings import Settings
    from core.quiet import import_tensorflow

    settings = Settings(
        length=arguments.length,
        temperature=arguments.temperature,
        top_k=arguments.top_k,
        top_p=arguments.top_p,
        seed=arguments.seed,
        count=arguments.count,
    )
    run = find(arguments.id)
    import_tensorflow()
    from core.charlm.generate import load_writer

    writer = load_writer(run)
    unknown = writer.vocabulary.unknown(arguments.prompt)
    if unknown:
        shown = " ".join(unknown[:20])
        print(_("The network has never seen: {characters}").format(characters=shown), file=sys.stderr)
    texts = writer.write(arguments.prompt, settings)
    if not arguments.json:
        for number, text in enumerate(texts):
            print(("\n" + "─" * 40 + "\n" if number else "") + arguments.prompt + text)
    return {"run": arguments.id, "prompt": arguments.prompt, "texts": texts, "unknown": unknown}
