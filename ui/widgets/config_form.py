"""A form generated from a family's options schema."""

from collections.abc import Iterable, Mapping
from typing import Any, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.bounds import bounds_of, choices, extra, help_of, kinds, longest
from core.i18n import _
from core.request import Request
from core.schema import BUDGETS, Control, Options, budget, merged, title_of, words_of
from core.text_lists import by_spaces
from ui.widgets.text import md


def budget_row(base: Options, *, key: str) -> dict[str, Any]:
    """Draw the budget input in epochs, steps or seconds; return all three, two of them None."""
    now = budget(base)
    left, right = st.columns(2, vertical_alignment="bottom")
    unit = left.segmented_control(
        _("Train for"), list(BUDGETS), default=now, required=True, key=f"{key}.budget", format_func=lambda name: _(name)
    )
    field = type(base).model_fields[unit]
    value = getattr(base, unit) or {"epochs": 10.0, "steps": 1000, "seconds": 120.0}[unit]
    with right:
        amount = _number(field, value, f"{key}.budget.{unit}", _(unit))
    return {name: amount if name == unit else None for name in BUDGETS}


def options_form(base: Options, *, key: str, level: str, skip: Iterable[str] = ()) -> dict[str, Any]:
    """Draw widgets for the fields of `level`, by group, with the values of `base`; return values by name.

    Changing `key` (for example with the preset's name) resets all of them.
    """
    left_out = {*BUDGETS, *skip}
    groups: dict[str, list[str]] = {}
    for name, field in type(base).model_fields.items():
        own = extra(field)
        if own.get("level") == level and name not in left_out:
            groups.setdefault("" if level == "basic" else own.get("group", ""), []).append(name)
    values: dict[str, Any] = {}
    for group, names in groups.items():
        if group:
            st.caption(md(_(words_of(group))))
        with st.grid(min_column_width=210):
            for name in names:
                values[name] = _widget(name, type(base).model_fields[name], getattr(base, name), f"{key}.{name}")
    return values


def reading_form(model: type[Options], names: Iterable[str], given: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the options `names` that decide how data is read, before there is a network; they start from `given`."""
    skip, base = set(model.model_fields) - set(names), merged(model(), dict(given))
    return {
        name: value
        for level in ("basic", "advanced")
        for name, value in options_form(base, key=key, level=level, skip=skip).items()
    }


def label_of(name: str, fields: Mapping[str, FieldInfo]) -> str:
    """The option's label in the form; a dash for ""."""
    return _label(name, fields[name]) if name else "–"


def request_form(base: Request, names: Iterable[str]) -> dict[str, Any]:
    """Widgets for these fields in a grid, starting from `base` and bound to the address; their values by name."""
    with st.grid(min_column_width=170):
        return {name: request_widget(type(base), name, value=getattr(base, name)) for name in names}


def request_widget(model: type[Request], name: str, *, key: str = "", value: Any = ..., **more: Any) -> Any:
    """One field's widget, bound to the address unless `more` says otherwise; returns its value.

    Label, help, bounds, step and default come from the schema. value: where this page begins with another one than the
    schema's default. key: the default is the field's name without underscores, which is the name in the address. more:
    `label`, `number=True` for a box instead of a slider, `multiline=True` for a text area, and what Streamlit's widget
    takes beside.
    """
    field = model.model_fields[name]
    start = field.default if value is ... else value
    return _widget(name, field, start, key or name.replace("_", ""), **{"bind": "query-params"} | more)


def _label(name: str, field: FieldInfo) -> str:
    unit = extra(field).get("unit")
    words = _(title_of(name, field))
    return f"{words} ({_(unit)})" if unit else words


def _widget(
    name: str, field: FieldInfo, value: Any, key: str, *, label: str = "", multiline: bool = False, **more: Any
) -> Any:
    label, text = label or _label(name, field), md(help_of(field))
    values, members = choices(field.annotation), kinds(field)
    if values:
        return st.selectbox(label, values, index=values.index(value), key=key, help=text, format_func=str, **more)
    if field.annotation is bool:
        return st.toggle(label, value=value, key=key, help=text, **more)
    if any(get_origin(kind) in (list, tuple) for kind in members):
        joined = ", ".join(str(part) for part in value or ())
        typed = st.text_input(label, joined, key=key, help=f"{text} {_('Numbers with commas between them.')}", **more)
        return by_spaces(typed)
    if {float, int} & members:
        return _number(field, value, key, label, **more)
    box = st.text_area if multiline else st.text_input
    return box(label, value or "", key=key, help=text, **{"max_chars": longest(field)} | more)


def _number(field: FieldInfo, value: Any, key: str, label: str, *, number: bool = False, **more: Any) -> Any:
    """A slider where the schema asks for one and `number` does not, else a box."""
    members, bounds = kinds(field), bounds_of(field)
    kind: Any = float if float in members else int
    optional = type(None) in members
    control = extra(field).get("control") or Control()
    slider = control.slider and not number
    if control.slider and number:  # a box goes over all of the bounds, a slider over what is worth sliding over
        control = Control(step=control.step)

    def end(own: float | None, bound: float | None) -> Any:
        chosen = bound if own is None else own
        return None if chosen is None else kind(chosen)

    low, high, start = end(control.low, bounds.low), end(control.high, bounds.high), end(value, None)
    text = md(help_of(field))
    if slider:
        if optional:
            text += " " + _("At the right end: none.")
        start = high if start is None else start
        at = st.slider(label, low, high, start, kind(control.step), key=key, help=text, **more)
        return None if optional and at >= high else at
    step = kind(control.step or (1 if kind is int else max(abs(start or 1.0) / 10, 1e-9)))
    return st.number_input(
        label,
        **{
            "min_value": low,
            "max_value": high,
            "value": start,
            "step": step,
            "format": "%d" if kind is int else "%.6g",
            "key": key,
            "help": text,
            "placeholder": _("none") if optional else None,
        }
        | more,
    )
