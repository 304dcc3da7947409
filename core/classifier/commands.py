"""python -m core classify RUN: classify a text or a file of texts with a trained run."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from core.bounds import help_of
from core.classifier.inference.request import Classify, Settings
from core.errors import UserError
from core.flags import add_common, add_request, given_request
from core.i18n import _
from core.runs.files import writing
from core.runs.run import Run
from core.runs.store import find_of
from core.tensorflow_import import import_tensorflow
from core.terminal import printable

NOT_WRITTEN = (".xls", ".ods", ".json", ".jsonl", ".parquet", ".zip", ".gz")


def add_parsers(commands: Any) -> None:
    parser = commands.add_parser("classify", help=_("judge texts with a trained classifier"))
    parser.add_argument("id", metavar="RUN", help=_("the run's id, or the path of its folder"))
    parser.add_argument("texts", nargs="*", metavar="TEXT", help=help_of(Classify.model_fields["texts"]))
    parser.add_argument("--csv", metavar="IN", help=_("a table, or a .txt file with a text a line"))
    parser.add_argument("--output", metavar="OUT", help=_("where the judged table is written: .csv or .xlsx"))
    parser.add_argument("--column", default="", help=_("the column of the texts; empty: guessed"))
    add_request(parser, Settings)
    parser.add_argument("--why", action="store_true", help=_("say how much each token speaks for the answer"))
    add_common(parser)
    parser.set_defaults(run=classify)


def classify(arguments: argparse.Namespace) -> dict[str, Any]:
    settings = given_request(arguments, Settings)
    if bool(arguments.csv) == bool(arguments.texts):
        raise UserError(_("Give either texts, or a table with --csv and --output."))
    if arguments.csv and not arguments.output:
        raise UserError(_("Say with --output where the judged table is to be written."))
    if arguments.csv and Path(arguments.output).suffix.lower() in NOT_WRITTEN:
        raise UserError(_("“{file}” should end in .csv or .xlsx.").format(file=arguments.output))
    run = find_of("classifier", arguments.id)
    import_tensorflow()
    return _table(run, arguments, settings) if arguments.csv else _texts(run, arguments, settings)


def _texts(run: Run, arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from core.classifier.inference.classify import load_classifier
    from core.classifier.inside.attribution import Explainer

    classifier = load_classifier(run)
    found = []
    for text in arguments.texts:
        answer = classifier.answer(text, settings.threshold)
        item: dict[str, Any] = {
            "text": text,
            "label": answer.label if answer.sure else None,
            "confidence": answer.confidence,
            "probabilities": dict(zip(classifier.classes, answer.probabilities.tolist(), strict=True)),
            "tokens": [token.text for token in answer.tokens if token.read],
            "unknown": [token.text for token in answer.tokens if token.read and not token.known],
            "cut": answer.cut,
        }
        if arguments.why:
            scores = Explainer(classifier).integrated_gradients(text, classifier.classes.index(answer.label))
            item["why"] = [
                [token.text, float(value)] for token, value in zip(scores.tokens, scores.values, strict=True)
            ]
        found.append(item)
        if not arguments.json:
            _show(item)
    return {"run": run.id, "answers": found}


def _show(item: dict[str, Any]) -> None:
    label = item["label"] if item["label"] is not None else _("not sure")
    lines = [f"{label}  {item['confidence']:.1%}  {item['text'][:200]}"]
    if item["unknown"]:
        lines.append("  " + _("unknown: {tokens}").format(tokens=" ".join(item["unknown"][:20])))
    if item["cut"]:
        lines.append("  " + _("{count:,} tokens were cut off").format(count=item["cut"]))
    lines += [f"  {value:+.3f}  {token}" for token, value in item.get("why", [])]
    print(printable("\n".join(lines)))


def _table(run: Run, arguments: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from core.classifier.data.table import MAX_BYTES
    from core.classifier.inference.classify import classify_table, load_classifier
    from core.classifier.inference.workbook import write_workbook
    from core.sources import read_source

    source = read_source(arguments.csv, MAX_BYTES)
    output = Path(arguments.output)
    draft = output.with_name(f".{output.name}.{os.getpid()}.part")
    rows = 0

    def progress(done: int, total: int) -> None:
        nonlocal rows
        rows = done
        if sys.stderr.isatty():
            print(f"\r{done:,} / {total:,}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    try:
        with writing(output):
            with draft.open("wb") as file:
                classifier = load_classifier(run)
                parts = classify_table(
                    classifier, source, column=arguments.column, threshold=settings.threshold, progress=progress
                )
                if output.suffix.lower() == ".xlsx":
                    write_workbook(parts, file, numbers=1 + len(classifier.classes))
                else:
                    file.writelines(parts)
            os.replace(draft, output)  # atomic: an existing file is replaced only when complete
    finally:
        draft.unlink(missing_ok=True)
    print(printable(_("{count:,} rows written to {path}").format(count=rows, path=output)), file=sys.stderr)
    return {"run": run.id, "rows": rows, "output": str(output)}


def evaluate(run: Run, path: str = "") -> dict[str, Any]:
    """The figures of `run` on its own test part, or on the labelled table at `path`. Raises UserError."""
    from core.classifier.training.evaluate import evaluate_table, load_evaluation

    if not path:
        return {"run": run.id, "part": "test", **load_evaluation(run).summary()}
    from core.classifier.data.rows import labelled_texts
    from core.classifier.data.table import MAX_BYTES
    from core.classifier.inference.classify import load_classifier
    from core.sources import read_source

    table = read_source(path, MAX_BYTES)
    columns = [str(run.facts.get(name) or "") or None for name in ("text_column", "label_column")]
    texts, labels, names = labelled_texts(table, *columns)
    found = evaluate_table(load_classifier(run), texts, labels, names)
    return {"run": run.id, "part": table.name, **found.summary()}
