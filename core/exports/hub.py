"""Export a run as a folder for a model hub: a model card, model.keras and what is needed to use it.

The card's head is YAML as the Hugging Face Hub reads it (https://huggingface.co/docs/hub/model-cards). Every text in it
is a JSON string, which YAML contains, so that no name of a person can add a key. Nothing is uploaded from here.
"""

import json
from pathlib import Path
from typing import Any

from core.bundles.program import use_script, write_folder
from core.errors import one_line
from core.exports.facts import data_files, figures
from core.families import family
from core.i18n import _
from core.model_card import Figure, ModelCard
from core.runs.files import json_bytes
from core.runs.run import Run
from core.version import label


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
    about, found = family(run.family).card, figures(run)
    parts = [
        _head(run, about, found),
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
        "\n".join(f"- {_(limit)}" for limit in about.limits),
        f"## {_('How to use it')}",
        _("With TensorFlow's Keras alone, beside the files of this folder (the whole program is `use.py`):"),
        f"```python\n{use_script(run).rstrip()}\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run, about: ModelCard, found: list[tuple[Figure, float]]) -> str:
    """Metadata of the card; the license is left to who publishes it, since nobody here knows it."""
    data = {"type": "other", "name": one_line(str(run.config["data"].get("name", "")))}
    metrics = [
        {"type": figure.measure, "name": figure.protocol, "value": round(float(value), 6)} for figure, value in found
    ]
    result = {"task": {"type": about.pipeline}, "dataset": data, "metrics": metrics}
    head: dict[str, Any] = {
        "library_name": "keras",
        "pipeline_tag": about.pipeline,
        "tags": ["hidden-state", "small-model", *about.tags],
        "model-index": [{"name": one_line(run.name), "results": [result]}],
    }
    # Unescaped: YAML does not join the two surrogates of JSON's escapes, and one_line() left printable signs only.
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items())
    return "\n".join(["---", *lines, "---"])


def _table(found: list[tuple[Figure, float]]) -> list[str]:
    rows = [f"| {value:.4g} | {_(figure.protocol)} |" for figure, value in found]
    return [f"| {_('figure')} | {_('measured as')} |", "|---|---|", *rows]


def _data(run: Run) -> list[str]:
    files, more = data_files(run)
    lines = [f"- {_plain(name)}, sha256 `{_plain(digest)}`" for name, digest in files]
    return [*lines, *(["- " + _("and {count} more files").format(count=more)] if more else [])]


def _plain(text: str) -> str:
    """One line in which no sign is Markdown or HTML."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>()#+-.!|~&$:" else sign for sign in one_line(text))
