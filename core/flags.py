"""Create command-line flags from a family's option schema, and read them."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn, TypeVar

from pydantic.fields import FieldInfo

from core.bounds import bounds_of, choices, extra, help_of, kinds
from core.errors import UserError
from core.i18n import _
from core.request import Request
from core.schema import BUDGETS, Options, from_text, name_of, one_budget
from core.terminal import printable

R = TypeVar("R", bound=Request)


class Parser(argparse.ArgumentParser):
    """ArgumentParser that reports an error in one sentence, accepts no abbreviated flags, and ends its help with
    `examples`."""

    examples: tuple[str, ...] = ()

    def __init__(self, **named: Any) -> None:
        super().__init__(**{"allow_abbrev": False} | named)

    def format_help(self) -> str:
        lines = [f"\n{_('examples')}:", *(f"  {line}" for line in self.examples), ""] if self.examples else []
        return super().format_help() + "\n".join(lines)

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
        _add_flag(group, name, field, f"option_{name}")
    for former, name in model.ALIASES.items():
        group.add_argument("--" + former.replace("_", "-"), dest=f"option_{name}", help=argparse.SUPPRESS)


def _add_flag(group: Any, name: str, field: FieldInfo, dest: str) -> None:
    """`group`: a parser or a group of one. The value comes as a text or, of a switch, as bool; None where not given."""
    text = help_of(field).replace("%", "%%")
    flag, own, values = flag_of(name, field), extra(field), choices(field.annotation)
    if field.annotation is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, dest=dest, help=text)
        return
    metavar = "|".join(map(str, values)) if values else (own.get("flag") or name).rsplit("_", 1)[-1].upper()
    unit = f" [{own['unit']}]" if own.get("unit") else ""
    default = _("none") if field.default is None else field.default
    notes = [f"{_('default')}: {default}"] if default != "" else []
    if {int, float} & kinds(field) and str not in kinds(field):
        notes += [said] if (said := str(bounds_of(field))) else []
    note = f" ({'; '.join(notes)})".replace("%", "%%") if notes else ""
    group.add_argument(flag, dest=dest, metavar=metavar, help=f"{text}{unit}{note}")


def add_request(parser: argparse.ArgumentParser, model: type[Request]) -> None:
    """One flag a field of a request, as add_options makes them."""
    for name, field in model.model_fields.items():
        _add_flag(parser, name, field, f"request_{name}")


def given_request(arguments: argparse.Namespace, model: type[R]) -> R:
    """The request that the flags describe. Raises UserError for what is out of bounds."""
    values: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        value = getattr(arguments, f"request_{name}", None)
        if value is not None:
            plain = isinstance(value, bool) or str in kinds(field)  # a text stands for itself, also “none”
            values[name] = value if plain else from_text(model, name, value)
    return model(**values)


def request_words(request: Request, always: Iterable[str] = ()) -> list[str]:
    """The words of a command line that ask for `request`: what is not as by default, and the fields of `always`.

    What has no default stands on the line without a flag: the caller puts it there.
    """
    words: list[str] = []
    for name, field in type(request).model_fields.items():
        value = getattr(request, name)
        if field.is_required() or (name not in always and value == field.default):
            continue
        flag = flag_of(name, field)
        if isinstance(value, bool):
            words.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            words += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
    return words


def flag_of(name: str, field: FieldInfo) -> str:
    return "--" + str(extra(field).get("flag") or name).replace("_", "-")


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
