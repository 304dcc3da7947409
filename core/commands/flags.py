"""Command-line flags from a family's schema."""

import argparse
from typing import Any, get_args, get_origin

from core.errors import UserError
from core.i18n import _
from core.schema import Options, choices, parse_options

BUDGETS = ("seconds", "steps", "epochs")


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs-dir", metavar="DIR", help=_("where runs live (default: saved_models)"))
    parser.add_argument("--json", action="store_true", help=_("make the last line of the output one JSON object"))


def add_options(parser: argparse.ArgumentParser, model: type[Options]) -> None:
    """One flag a field: its help, unit, default and bounds come from the schema."""
    group = parser.add_argument_group(_("options (a preset chooses what is not given)"))
    for name, field in model.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        flag = "--" + name.replace("_", "-")
        text = (field.description or "").replace("%", "%%")
        unit = f" [{extra['unit']}]" if extra.get("unit") else ""
        values = choices(field.annotation)
        if field.annotation is bool:
            group.add_argument(
                flag, action=argparse.BooleanOptionalAction, default=None, dest=f"option_{name}", help=text
            )
        else:
            metavar = "|".join(str(value) for value in values) if values else name.rsplit("_", 1)[-1].upper()
            group.add_argument(
                flag, dest=f"option_{name}", metavar=metavar, help=f"{text}{unit} ({_('default')}: {field.default})"
            )


def given_options(arguments: argparse.Namespace, model: type[Options]) -> dict[str, Any]:
    """The options that were named, as text or bool; a named budget puts the others out of force."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        value = getattr(arguments, f"option_{name}", None)
        if value is None:
            continue
        many = any(get_origin(part) in (list, tuple) for part in (field.annotation, *get_args(field.annotation)))
        if isinstance(value, str) and value.lower() == "none":
            value = None
        elif isinstance(value, str) and many:
            value = [part for part in value.replace(",", " ").split() if part]
        values[name] = value
    named = [name for name in BUDGETS if values.get(name) is not None]
    if len(named) > 1:
        raise UserError(
            _("A run has one budget: give only one of {names}.").format(names=", ".join(f"--{name}" for name in named))
        )
    return dict.fromkeys(BUDGETS) | values if named else values


def merged(base: Options, values: dict[str, Any]) -> Options:
    """`base` with `values` on top, validated."""
    return parse_options(type(base), base.model_dump() | values)
