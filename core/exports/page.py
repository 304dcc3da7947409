"""Export a run as one HTML file that works without Python and without a network."""

from dataclasses import replace
from pathlib import Path

from core.exports.facts import data_files, figures
from core.families import family
from core.i18n import LANGUAGES, translate
from core.offline.page import html
from core.runs.files import write_bytes, writing
from core.runs.run import Run

FLOAT16_BYTES = 8_000_000  # above, the weights are stored in 8 bits each, so that a phone still opens the page


def write(run: Run, path: Path) -> list[str]:
    """Write the page; return its name. Raises UserError without a whole model, or where `path` cannot be written."""
    page = family(run.family).offline_page.page(run)
    weights = sum(array.size for array in page.arrays.values())
    content = html(
        replace(page, facts={code: facts(run, code) for code in LANGUAGES}),
        "float16" if 2 * weights <= FLOAT16_BYTES else "int8",
    )
    with writing(path):
        write_bytes(path, content.encode())
    return [path.name]


def facts(run: Run, code: str) -> list[tuple[str, list[str]]]:
    """What the page says of the run in the language `code`: figures and how they were measured, data, limits."""
    files, more = data_files(run)
    named = [f"{name} · sha256 {digest}" for name, digest in files]
    if more:
        named.append(translate("and {count} more files", code).format(count=more))
    sections = [
        ("Figures", [f"{value:.4g} · {translate(figure.protocol, code)}" for figure, value in figures(run)]),
        ("Data", named),
        ("Limits", [translate(limit, code) for limit in family(run.family).card.limits]),
    ]
    return [(translate(head, code), lines) for head, lines in sections if lines]
