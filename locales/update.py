"""`make locales`: find every message in the code, take what is new into the catalogues, and compile them.

A new message stands in the .po with an empty translation until somebody writes one; until then it is shown in English.
What stands in the code no more is dropped. Another language: an empty folder locales/<code>/LC_MESSAGES, and a row in
core.i18n.LANGUAGES.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from core.charlm.data.report import NGRAM_ORDER  # noqa: E402
from core.classifier.data.language import COMMON  # noqa: E402  # only now they can be found
from core.classifier.data.rows import PARTS  # noqa: E402
from core.families import FAMILIES  # noqa: E402
from core.lab import convolution  # noqa: E402
from core.runs.compare import AXES  # noqa: E402
from core.runs.status import STATES  # noqa: E402
from core.schema import title_of, words_of  # noqa: E402

MARKS = {"_": 0, "N_": 0, "lazy_message": 0, "option": 1}  # function → which of its arguments is the message
# What core.classifier finds out about a table.
FOLDERS = ("core", "pages", "ui")
NAME = "hidden_state"


def messages() -> Catalog:
    """Every message in the code, with the files in which it stands; line numbers would make every diff long."""
    found = Catalog(project="Hidden State", fuzzy=False, charset="utf-8")
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")):
        for message in marked(path.read_text(encoding="utf-8")):
            found.add(message, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    for message in labels():
        found.add(message, locations=[("ui/widgets/config_form.py", 0)])
    return found


def marked(code: str) -> Iterator[str]:
    """The messages in a file, also those in the middle of an f-string, where Babel's own extraction does not look."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
            message = next(iter(node.args[MARKS[node.func.id] :]), None)
            if isinstance(message, ast.Constant) and isinstance(message.value, str) and message.value:
                yield message.value


def schemas() -> Iterator[Any]:
    """The training options and the request of every family."""
    for family in FAMILIES.values():
        yield from (family.options, family.request)


def labels() -> Iterator[str]:
    """What is looked up by a name that the code puts together: options, groups, units, states, presets, …"""
    for family in FAMILIES.values():
        yield family.unit
    for schema in schemas():
        for name, field in schema.model_fields.items():
            extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            yield title_of(name, field)
            for word in (words_of(str(extra.get("group", ""))), str(extra.get("unit", ""))):
                if word:
                    yield word
    yield from ("epochs", "steps", "seconds", *STATES, "died", "broken", *AXES, *PARTS, *COMMON)
    yield from (name.capitalize() for family in FAMILIES.values() for name in family.config.PRESETS)
    yield f"{NGRAM_ORDER}-gram table"
    yield from (*convolution.SAMPLES, *convolution.KERNELS)


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def compiled(found: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, found)
    return file.getvalue()


def main() -> None:
    template = messages()
    for folder in sorted((ROOT / "locales").glob("*/LC_MESSAGES")):
        path = folder / f"{NAME}.po"
        held = catalogue(path) if path.exists() else Catalog(locale=folder.parent.name, fuzzy=False)
        held.update(template, no_fuzzy_matching=True, update_creation_date=False)
        held.obsolete.clear()
        held.header_comment = (
            f"# Hidden State in {Locale.parse(folder.parent.name).english_name}; written by `make locales`."
        )
        held.project, held.version, held.language_team = "Hidden State", "1", str(held.locale)
        held.last_translator = held.msgid_bugs_address = ""
        held.creation_date = held.revision_date = datetime(2026, 11, 21)  # a date of its own would change every diff
        with path.open("wb") as file:
            write_po(file, held, width=120, sort_output=True, include_lineno=False, omit_header=False)
        path.with_suffix(".mo").write_bytes(compiled(held))
        missing = sum(1 for message in held if message.id and not message.string)
        print(f"{folder.parent.name}: {len(held)} messages, {missing} without a translation")


if __name__ == "__main__":
    main()
