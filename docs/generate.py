"""Write docs/options.md from the schemas: `python docs/generate.py`.

Every option stands there with its default, its bounds and its help, as in the form and in `--help`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pydantic.fields import FieldInfo  # noqa: E402  # only now the project can be found

from core.families import FAMILIES  # noqa: E402
from core.schema import choices  # noqa: E402

FILE = ROOT / "docs" / "options.md"
HEAD = """# Options

What can be set before a training, by family. This page is written by `python docs/generate.py` from the schemas, so
edit these and not this page. An option is a flag of `python -m core train`, with `-` for `_`: `--batch-size 32`; a
switch also has its opposite, `--no-lowercase`. A preset chooses what is not given. A run has one budget: `epochs`,
`steps` or `seconds`.
"""


def main() -> None:
    """Write the page."""
    FILE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(line for family in FAMILIES.values() for line in _family(family))]).rstrip() + "\n"


def _family(family: Any) -> Iterator[str]:
    yield f"## {family.title}: `{family.key}`\n"
    yield f"`python -m core train {family.key} --help` prints the same.\n"
    yield "| option | group | default | can be | what it does |"
    yield "|---|---|---|---|---|"
    for name, field in family.options.model_fields.items():
        extra = field.json_schema_extra
        if extra["level"] == "hidden":
            continue
        unit = f" [{extra['unit']}]" if extra["unit"] else ""
        cells = (f"`{name}`{unit}", extra["group"], _shown(field.default), _bounds(field), field.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""
    if former := [f"`{old}` is `{name}`" for old, name in family.options.ALIASES.items()]:
        yield f"Former names, which are still read everywhere: {', '.join(former)}.\n"


def _bounds(field: FieldInfo) -> str:
    """What the field takes, in words: its choices, or from where to where."""
    if field.annotation is bool:
        return "yes, no"
    values = choices(field.annotation)
    if values:
        return ", ".join(f"`{value}`" for value in values)
    found = {key: getattr(item, key) for item in field.metadata for key in BOUNDS if hasattr(item, key)}
    return ", ".join(f"{words} {_shown(found[key])}" for key, words in BOUNDS.items() if key in found)


BOUNDS = {"gt": "over", "ge": "at least", "lt": "under", "le": "at most", "max_length": "length at most"}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_shown, value))
    return "none" if value in (None, "") else str(value)


if __name__ == "__main__":
    main()
