"""Export a run as a folder for a model hub: a model card, model.keras and what is needed to use it.

The card's head is YAML as the Hugging Face Hub reads it (https://huggingface.co/docs/hub/model-cards). Every text in it
is a JSON string, which YAML contains, so that no name of a person can add a key. Nothing is uploaded from here.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.bundles.program import use_script, write_folder
from core.errors import one_line
from core.i18n import N_, _
from core.runs.files import is_number, json_bytes
from core.runs.run import Run
from core.version import label

NAMES_SHOWN = 10  # files of the data that the card names


@dataclass(frozen=True)
class Figure:
    """One figure of report.json on the card: the hub's name of the measure, and how it was measured."""

    key: str
    measure: str
    protocol: str


@dataclass(frozen=True)
class Task:
    """What the hub calls the family's task, and what a reader must know of such a network."""

    pipeline: str
    tags: tuple[str, ...]
    figures: tuple[Figure, ...]
    limits: tuple[str, ...]


TASKS = {
    "charlm": Task(
        "text-generation",
        ("character-level", "lstm"),
        (
            Figure("val_loss_nats", "loss", N_("nats per character, windows of 64 characters, each from a zero state")),
            Figure(
                "val_loss_nats_256", "loss", N_("nats per character, windows of 256 characters, each from a zero state")
            ),
            Figure(
                "val_loss_nats_streaming", "loss", N_("nats per character, the state carried through the whole part")
            ),
            Figure("val_bits_per_char", "bits_per_character", N_("bits per character, windows of 64 characters")),
        ),
        (
            N_("It continues text character by character in the manner of its training text; it knows no facts."),
            N_("Characters that the training text lacks are read as one unknown character."),
            N_("It may repeat passages of its training text: do not publish one trained on what is private."),
        ),
    ),
    "classifier": Task(
        "text-classification",
        ("transformer",),
        (
            Figure("test_accuracy", "accuracy", N_("share of right answers on the test part, which decided nothing")),
            Figure("test_macro_f1", "f1", N_("F1 score, mean of the classes, on the test part")),
            Figure(
                "val_accuracy",
                "accuracy",
                N_("share of right answers on the validation part, by which the weights were chosen"),
            ),
        ),
        (
            N_("It knows only its training table's classes and kind of text: of others its answer means little."),
            N_("Its training table may hold the prejudices of those who wrote and labelled it."),
        ),
    ),
    "gan": Task(
        "unconditional-image-generation",
        ("gan",),
        (
            Figure(
                "frechet_classifier_distance",
                "frechet_classifier_distance",
                N_(
                    "Fréchet distance to the held-out pictures, on the features of a classifier trained on the same "
                    "data: lower is better, and comparable only within this data set"
                ),
            ),
            Figure("modes_covered", "modes_covered", N_("classes, or groups of like pictures, that are drawn at all")),
        ),
        (
            N_("It draws what resembles its training pictures, at their size and in shades of gray."),
            N_("It may come near to single training pictures: do not publish one trained on what is private."),
        ),
    ),
}


def write(run: Run, folder: Path) -> list[str]:
    """Write README.md, model.keras, use.py, config.json and the vocabulary or labels; return the files' names.

    Raises UserError where the run is damaged or the folder cannot be written.
    """
    files = {
        "README.md": card(run).encode(),
        "model.keras": run.model_path.read_bytes(),
        "use.py": use_script(run).encode(),
        "config.json": json_bytes({"family": run.family, "options": run.options.model_dump()}),
    }
    for name in ("vocabulary.json", "labels.json", "words.json"):
        if (content := run.read_json(name)) is not None:
            files[name] = json_bytes(content)
    return write_folder(folder, files)


def card(run: Run) -> str:
    """The model card in Markdown, with its YAML head."""
    task = TASKS[run.family]
    found = [(figure, run.report[figure.key]) for figure in task.figures if is_number(run.report.get(figure.key))]
    parts = [
        _head(run, task, found),
        f"# {_plain(run.name)}",
        _("A small neural network of {parameters} weights ({family}), trained with {studio}.").format(
            parameters=f"{run.facts.get('parameters') or run.report.get('parameters') or 0:,}",
            family=run.family,
            studio=label(),
        ),
        f"## {_('Figures')}",
        "\n".join(_table(found)),
        f"## {_('Data')}",
        "\n".join(_data(run)),
        f"## {_('Limits')}",
        "\n".join(f"- {_(limit)}" for limit in task.limits),
        f"## {_('How to use it')}",
        _("With TensorFlow's Keras alone, beside the files of this folder (the whole program is `use.py`):"),
        f"```python\n{use_script(run).rstrip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run, task: Task, found: list[tuple[Figure, float]]) -> str:
    """Metadata of the card; the license is left to who publishes it, since nobody here knows it."""
    data = {"type": "other", "name": one_line(str(run.config["data"].get("name", "")))}
    metrics = [
        {"type": figure.measure, "name": figure.protocol, "value": round(float(value), 6)} for figure, value in found
    ]
    result = {"task": {"type": task.pipeline}, "dataset": data, "metrics": metrics}
    head: dict[str, Any] = {
        "library_name": "keras",
        "pipeline_tag": task.pipeline,
        "tags": ["hidden-state", "small-model", *task.tags],
        "model-index": [{"name": one_line(run.name), "results": [result]}],
    }
    # Unescaped: YAML does not join the two surrogates of JSON's escapes, and one_line() left printable signs only.
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items())
    return "\n".join(["---", *lines, "---"])


def _table(found: list[tuple[Figure, float]]) -> list[str]:
    rows = [f"| {value:.4g} | {_(figure.protocol)} |" for figure, value in found]
    return [f"| {_('figure')} | {_('measured as')} |", "|---|---|", *rows]


def _data(run: Run) -> list[str]:
    files = run.config["data"]["files"]
    named = [(_plain(str(item.get("name", ""))), _plain(str(item.get("sha256", "")))) for item in files[:NAMES_SHOWN]]
    lines = [f"- {name}, sha256 `{digest}`" for name, digest in named]
    if len(files) > NAMES_SHOWN:
        lines.append("- " + _("and {count} more files").format(count=len(files) - NAMES_SHOWN))
    return lines


def _plain(text: str) -> str:
    """One line in which no sign is Markdown or HTML."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>()#+-.!|~&$:" else sign for sign in one_line(text))
