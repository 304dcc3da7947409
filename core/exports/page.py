"""Export a run as one HTML file that works without Python and without a network."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

from core.errors import UserError
from core.exports.hub import NAMES_SHOWN, TASKS
from core.i18n import LANGUAGES, _, translate
from core.offline.page import Page, html
from core.runs.files import is_number, write_bytes
from core.runs.run import Run

FLOAT16_BYTES = 8_000_000  # above, the weights are stored in 8 bits each, so that a phone still opens the page


def write(run: Run, path: Path) -> list[str]:
    """Write the page; return its name. Raises UserError without a whole model, or where `path` cannot be written."""
    page: Page = import_module(f"core.{run.family}.exports.page").page(run)
    weights = sum(array.size for array in page.arrays.values())
    content = html(
        replace(page, facts={code: facts(run, code) for code in LANGUAGES}),
        "float16" if 2 * weights <= FLOAT16_BYTES else "int8",
    )
    try:
        write_bytes(path, content.encode())
    except OSError as error:
        raise UserError(
            _("“{folder}” cannot be written: {reason}.").format(folder=path, reason=error.strerror or error)
        ) from None
    return [path.name]


def facts(run: Run, code: str) -> list[tuple[str, list[str]]]:
    """What the page says of the run in the language `code`: figures and how they were measured, data, limits."""
    task, data = TASKS[run.family], run.config["data"]["files"]
    figures = [
        f"{run.report[figure.key]:.4g} · {translate(figure.protocol, code)}"
        for figure in task.figures
        if is_number(run.report.get(figure.key))
    ]
    files = [f"{item.get('name', '')} · sha256 {item.get('sha256', '')}" for item in data[:NAMES_SHOWN]]
    if len(data) > NAMES_SHOWN:
        files.append(translate("and {count} more files", code).format(count=len(data) - NAMES_SHOWN))
    sections = [
        ("Figures", figures),
        ("Data", files),
        ("Limits", [translate(limit, code) for limit in task.limits]),
    ]
    return [(translate(head, code), lines) for head, lines in sections if lines]
