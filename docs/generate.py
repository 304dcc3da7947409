"""Write docs/options.md from the schemas: `python docs/generate.py`.

Every option of a training and of a request stands there with its default, its bounds and its help, as on the pages and
in `--help`.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pydantic.fields import FieldInfo  # noqa: E402  # only now the project can be found

from core.bounds import choices, extra, help_of  # noqa: E402
from core.families import FAMILIES, Family  # noqa: E402
from core.flags import flag_of  # noqa: E402
from core.request import Request  # noqa: E402

FILE = ROOT / "docs" / "options.md"
HEAD = """# Options

What can be set before a training, and what a trained run can be asked for, by family. This page is written by
`python docs/generate.py` from the schemas, so edit these and not this page. An option is a flag of
`python -m core train`, with `-` for `_`: `--batch-size 32`; a switch also has its opposite, `--no-lowercase`. A preset
chooses what is not given. A run has one budget: `epochs`, `steps` or `seconds`.

What a trained run is asked for has the same name, default and bounds on its page, as a flag of its command, and in a
request to `python -m core serve RUN`. A second table, where there is one, lists what only page and command take.
"""


def main() -> None:
    """Write the page."""
    FILE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([HEAD, *(line for family in FAMILIES.values() for line in _family(family))]).rstrip() + "\n"


def _family(family: Family) -> Iterator[str]:
    yield f"## {family.title}: `{family.key}`\n"
    yield f"`python -m core train {family.key} --help` prints the same.\n"
    shown = {name: field for name, field in family.options.model_fields.items() if extra(field)["level"] != "hidden"}
    yield from _table("group", {name: (field, extra(field)["group"]) for name, field in shown.items()})
    if former := [f"`{old}` is `{name}`" for old, name in family.options.ALIASES.items()]:
        yield f"Former names, which are still read everywhere: {', '.join(former)}.\n"
    yield f"### What a trained run is asked for: `{_command(family)}`\n"
    yield f"`python -m core {_command(family)} --help` prints the same.\n"
    for request in _requests(family):
        if request is not family.request:
            yield f"{request.__doc__}\n"
        rows = {name: (field, _flag(name, field)) for name, field in request.model_fields.items()}
        yield from _table("flag", rows)


def _requests(family: Family) -> list[type[Request]]:
    """What the service answers, then what only the command takes beside it."""
    module = vars(sys.modules[family.request.__module__])
    own = [item for item in module.values() if isinstance(item, type) and item.__module__ == module["__name__"]]
    return [family.request, *(item for item in own if issubclass(item, Request) and item not in family.request.__mro__)]


def _command(family: Family) -> str:
    commands = argparse.ArgumentParser().add_subparsers()
    family.commands.add_parsers(commands)
    return str(next(iter(commands.choices)))


def _flag(name: str, field: FieldInfo) -> str:
    return "" if field.is_required() else f"`{flag_of(name, field)}`"


def _table(title: str, rows: dict[str, tuple[FieldInfo, str]]) -> Iterator[str]:
    """Name → field and what stands in the column `title`."""
    yield f"| option | {title} | default | can be | what it does |"
    yield "|---|---|---|---|---|"
    for name, (field, second) in rows.items():
        unit = f" [{extra(field)['unit']}]" if extra(field)["unit"] else ""
        default = "must be given" if field.is_required() else _shown(field.default)
        cells = (f"`{name}`{unit}", second, default, _bounds(field), help_of(field))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def _bounds(field: FieldInfo) -> str:
    """What the field takes, in words: its choices, or from where to where."""
    if field.annotation is bool:
        return "yes, no"
    values = choices(field.annotation)
    if values:
        return ", ".join(f"`{value}`" for value in values)
    found = {key: getattr(item, key) for item in field.metadata for key in BOUNDS if hasattr(item, key)}
    return ", ".join(f"{words} {_shown(found[key])}" for key, words in BOUNDS.items() if key in found)


BOUNDS = {"gt": "over", "ge": "at least", "lt": "under", "le": "at most"}
BOUNDS |= {"min_length": "length at least", "max_length": "length at most"}


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
