"""python -m core generate RUN: write with a trained character model."""

import argparse
import sys
from typing import Any

from core.charlm.inference.request import Generate
from core.flags import add_common, add_request, given_request
from core.i18n import _
from core.runs.run import Run
from core.runs.store import find_of
from core.terminal import printable


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("generate", help=_("write with a trained character model"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    add_request(parser, Generate)
    add_common(parser)
    parser.set_defaults(run=generate)


def generate(arguments: argparse.Namespace) -> dict[str, Any]:
    from core.tensorflow_import import import_tensorflow

    request = given_request(arguments, Generate)
    run = find_of("charlm", arguments.id)
    import_tensorflow()
    from core.charlm.inference.write import load_writer

    writer = load_writer(run)
    unknown = writer.vocabulary.unknown(request.prompt)
    if unknown:
        shown = " ".join(unknown[:20])
        print(printable(_("The network has never seen: {characters}").format(characters=shown)), file=sys.stderr)
    texts = writer.write(request.prompt, request.settings)
    if not arguments.json:
        for number, text in enumerate(texts):
            whole = ("\n" + "─" * 40 + "\n" if number else "") + request.prompt + text
            print(printable(whole) if sys.stdout.isatty() else whole)  # into a file it goes as it was written
    return {"run": arguments.id, "prompt": request.prompt, "texts": texts, "unknown": unknown}


def evaluate(run: Run, path: str = "") -> dict[str, Any]:
    """The losses of the best weights on the validation part, or on the text at `path`. Raises UserError."""
    import math

    from core.charlm.data.prepare import MAX_BYTES, prepare
    from core.charlm.inference.write import load_writer
    from core.charlm.training.evaluate import Evaluator
    from core.charlm.training.forward import trainable_tensors
    from core.sources import read_source

    writer = load_writer(run)
    if path:
        other = prepare([read_source(path, MAX_BYTES)], writer.config.model_copy(update={"encoding": "auto"}))
        ids = writer.vocabulary.encode(other.text)
    else:
        ids = prepare(run.sources(), writer.config).split()[1]
    evaluator, weights = Evaluator(writer.config, len(writer.vocabulary), 1), trainable_tensors(writer.model)
    nats = evaluator.window_loss(weights, ids, 64)
    return {
        "characters": len(ids),
        "val_loss_nats": nats,
        "val_loss_nats_256": evaluator.window_loss(weights, ids, 256),
        "val_loss_nats_streaming": evaluator.stream_loss(weights, ids),
        "val_bits_per_char": nats / math.log(2),
        "val_perplexity": math.exp(min(nats, 50.0)),
    }
