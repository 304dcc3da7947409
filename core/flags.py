"""Create command-line flags from a family's option schema, and read them."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from core.errors import UserError
from core.i18n import _
from core.schema import BUDGETS, Options, choices, from_text, name_of, one_budget
from core.terminal import printable


class Parser(argparse.ArgumentParser):
    """ArgumentParser that reports an error in one sentence and accepts no abbreviated flags."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | named)

    def error(self, message: str) -> NoReturn:
        print(
            _("{message} (see {program} --help).").format(message=printable(message), program=self.prog),
            file=sys.stderr,
        )
        raise SystemExit(2)


def add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs-dir", metavar="DIR", help=_("where runs live (default: saved_models)"))
    parser.add_argument("--json", action="store_true", help=_("make the last line of the output one JSON object"))


def add_options(parser: argparse.ArgumentParser, model: type[Options]) -> None:
    """Add one flag for each option; help, unit and default come from the schema. Former names are not in the help."""
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
            default = str(field.default).replace("%", "%%")
            group.add_argument(
                flag, dest=f"option_{name}", metavar=metavar, help=f"{text}{unit} ({_('default')}: {default})"
            )
    for former, name in model.ALIASES.items():
        group.add_argument("--" + former.replace("_", "-"), dest=f"option_{name}", help=argparse.SUPPRESS)


def given_options(arguments: argparse.Namespace, model: type[Options]) -> dict[str, Any]:
    """Return the given options; a given budget disables the others. Raises UserError for two budgets."""
    values: dict[str, Any] = {}
    for name in model.model_fields:
        value = getattr(arguments, f"option_{name}", None)
        if value is not None:
            values[name] = value if isinstance(value, bool) else from_text(model, name, value)
    return _checked_budget(values)


def set_options(pairs: Sequence[str], model: type[Options]) -> dict[str, Any]:
    """Return options from `NAME=VALUE` texts. Raises UserError for an unknown option or two budgets."""
    values: dict[str, Any] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        name = name_of(model, name.strip().lstrip("-").replace("-", "_"))
        if not sign:
            raise UserError(_("“{pair}” is no option: write NAME=VALUE.").format(pair=pair))
        if name not in model.model_fields:
            raise UserError(_("There is no option “{name}” for this family.").format(name=name))
        values[name] = from_text(model, name, value.strip())
    return _checked_budget(values)


def _checked_budget(values: dict[str, Any]) -> dict[str, Any]:
    named = [name for name in BUDGETS if values.get(name) is not None]
    if len(named) > 1:
        raise UserError(
            _("A run has one budget: give only one of {names}.").format(names=", ".join(f"--{name}" for name in named))
        )
    return one_budget(values)
