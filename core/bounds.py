"""What a value may be, read from its field, and the one sentence that refuses another value."""

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from core.errors import UserError
from core.i18n import _

SHOWN = 80  # characters of a refused value that the sentence repeats
NUMBERS = {
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number",
    "int_type", "int_parsing", "int_parsing_size", "int_from_float", "float_type", "float_parsing",
}  # fmt: skip


@dataclass(frozen=True)
class Bounds:
    """A number's range; an open end is not part of it, None is no end."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __str__(self) -> str:
        """The range in words, to stand behind “a number”; "" where there is none."""
        low, high = _number(self.low), _number(self.high)
        if self.low is None and self.high is None:
            return ""
        if self.high is None:
            said = _("over {low}") if self.low_open else _("of at least {low}")
        elif self.low is None:
            said = _("under {high}") if self.high_open else _("of at most {high}")
        elif self.low_open:
            said = _("over {low} and under {high}") if self.high_open else _("over {low} and at most {high}")
        else:
            said = _("from {low} to under {high}") if self.high_open else _("from {low} to {high}")
        return said.format(low=low, high=high)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,}" if float(value).is_integer() else f"{value:g}"


def bounds_of(field: FieldInfo) -> Bounds:
    """The bounds of a number's field."""
    found: dict[str, Any] = {}
    for item in field.metadata:
        for sign, end in (("ge", "low"), ("gt", "low"), ("le", "high"), ("lt", "high")):
            edge = getattr(item, sign, None)
            if edge is not None:
                found |= {end: edge, f"{end}_open": sign in ("gt", "lt")}
    return Bounds(**found)


def longest(field: FieldInfo) -> int | None:
    """How many characters or entries a text or a list may have; None where no limit is set."""
    return next((item.max_length for item in field.metadata if getattr(item, "max_length", None) is not None), None)


def kinds(field: FieldInfo) -> set[Any]:
    """The annotation and, of a union, its members."""
    return {field.annotation, *get_args(field.annotation)}


def choices(annotation: Any) -> tuple[Any, ...] | None:
    """The values of a Literal annotation, also inside `| None`; None for any other."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    for part in get_args(annotation):
        if get_origin(part) is Literal:
            return get_args(part)
    return None


def extra(field: FieldInfo) -> dict[str, Any]:
    """What a field knows beside pydantic's own: see core.schema.option."""
    return dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}


def help_of(field: FieldInfo) -> str:
    """The sentence of help, in the language of whoever is being answered, and which value switches the option off."""
    said, off = _(field.description or ""), extra(field).get("off")
    return said if off is None else f"{said} {_('{value} means off.').format(value=_number(off))}"


def wanted(field: FieldInfo) -> str:
    """What a number's or a choice's field takes, in words."""
    values, members = choices(field.annotation), kinds(field)
    if values:
        said = _("one of {values}").format(values=", ".join(map(str, values)))
    elif bool in members:
        said = _("true or false")
    else:
        said = _number_within(bounds_of(field), whole=float not in members)
    if type(None) in members:
        said = _("{what}, or none").format(what=said)
    off = extra(field).get("off")
    return said if off is None else _("{what}; {value} means off").format(what=said, value=_number(off))


def _number_within(bounds: Bounds, whole: bool) -> str:
    said = str(bounds)
    if not said:
        return _("a whole number") if whole else _("a number")
    return (_("a whole number {range}") if whole else _("a number {range}")).format(range=said)


def check(name: str, value: int, low: int, high: int) -> None:
    """Raise the UserError that a field of these bounds would: for whole numbers whose bounds the run itself sets."""
    if not low <= value <= high:
        raise _outside(name, f"{value}", _number_within(Bounds(low, high), whole=True))


def _outside(name: str, value: str, what: str) -> UserError:
    return UserError(_("Option “{name}” cannot be {value}: choose {what}.").format(name=name, value=value, what=what))


def option_error(model: type[BaseModel], error: ValidationError) -> UserError:
    """One sentence about the first offending field: its name, its value and what it may be.

    The same sentence whether the value came as a text (a flag, an address) or as JSON.
    """
    first = error.errors(include_url=False)[0]
    place, kind, context = first["loc"], first["type"], first.get("ctx", {})
    field = model.model_fields.get(str(place[0])) if place else None
    if not place:
        return UserError(_("The request cannot be read: {reason}.").format(reason=_first_low(first["msg"])))
    # A union names its members in the place: only the field and the numbers of entries are the caller's.
    name = ".".join([str(place[0]), *(str(part) for part in place[1:] if isinstance(part, int))])
    if kind == "missing":
        return UserError(_("Option “{name}” is missing.").format(name=name))
    if kind == "extra_forbidden":
        return UserError(
            _("Option “{name}” is not known; there are: {known}.").format(
                name=name[:SHOWN], known=", ".join(model.model_fields)
            )
        )
    if kind == "string_too_long":
        return UserError(
            _("Option “{name}” has {count:,} characters: it may have {limit:,}.").format(
                name=name, count=len(first["input"]), limit=context["max_length"]
            )
        )
    if kind in ("too_long", "too_short"):
        limit = context["max_length"] if kind == "too_long" else context["min_length"]
        words = (
            _("Option “{name}” has {count:,} entries: it may have {limit:,}.")
            if kind == "too_long"
            else _("Option “{name}” has {count:,} entries: it needs at least {limit:,}.")
        )
        return UserError(words.format(name=name, count=context["actual_length"], limit=limit))
    direct = field is not None and len(place) == 1 and str not in kinds(field)
    if field is not None and direct and (kind in NUMBERS or kind in ("literal_error", "bool_parsing", "bool_type")):
        return _outside(name, _shown(first["input"], typed=not kind.endswith("_type")), wanted(field))
    return UserError(
        _("Option “{name}” cannot be {value}: {reason}.").format(
            name=name, value=_shown(first["input"]), reason=_first_low(first["msg"])
        )
    )


def _first_low(text: str) -> str:
    return text[:1].lower() + text[1:]


def _shown(value: Any, typed: bool = False) -> str:
    """A refused value; typed: a text may stand for a number, and then looks like one that came as a number."""
    if typed and isinstance(value, str):
        try:
            float(value)
            return value.strip()[:SHOWN]
        except ValueError:
            pass
    said = repr(value)
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}…"
