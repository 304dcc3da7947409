"""A form generated from a family's options schema."""

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from core.i18n import _
from core.schema import BUDGETS, Options, budget, choices, title_of, words_of
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
        amount = _number(unit, field, value, f"{key}.budget.{unit}", _(unit), whole=unit == "steps")
    return {name: amount if name == unit else None for name in BUDGETS}


def options_form(base: Options, *, key: str, level: str, skip: Iterable[str] = ()) -> dict[str, Any]:
    """Draw widgets for the fields of `level`, by group, with the values of `base`; return values by name.

    Changing `key` (for example with the preset's name) resets all of them.
    """
    left_out = {*BUDGETS, *skip}
    groups: dict[str, list[str]] = {}
    for name, field in type(base).model_fields.items():
        extra = _extra(field)
        if extra.get("level") == level and name not in left_out:
            groups.setdefault("" if level == "basic" else extra.get("group", ""), []).append(name)
    values: dict[str, Any] = {}
    for group, names in groups.items():
        if group:
            st.caption(md(_(words_of(group))))
        with st.grid(min_column_width=210):
            for name in names:
                values[name] = _widget(name, type(base).model_fields[name], getattr(base, name), f"{key}.{name}")
    return values


def _extra(field: FieldInfo) -> dict[str, Any]:
    return dict(field.json_schema_extra) if isinstance(field.json_schema_extra, dict) else {}


def label_of(name: str, fields: Mapping[str, FieldInfo]) -> str:
    """The option's label in the form; a dash for ""."""
    return _label(name, fields[name]) if name else "–"


def _help(field: FieldInfo) -> str:
    words = field.description or ""
    return _(words)


def _label(name: str, field: FieldInfo) -> str:
    unit = _extra(field).get("unit")
    words = _(title_of(name, field))
    return f"{words} ({_(unit)})" if unit else words


def _widget(name: str, field: FieldInfo, value: Any, key: str) -> Any:
    label, text = _label(name, field), md(_help(field))
    values = choices(field.annotation)
    kinds = {field.annotation, *get_args(field.annotation)}
    if values:
        return st.selectbox(label, values, index=values.index(value), key=key, help=text, format_func=str)
    if field.annotation is bool:
        return st.toggle(label, value=value, key=key, help=text)
    if any(get_origin(kind) in (list, tuple) for kind in kinds):
        joined = ", ".join(str(part) for part in value or ())
        typed = st.text_input(label, joined, key=key, help=f"{text} {_('Numbers with commas between them.')}")
        return by_spaces(typed)
    if float in kinds or int in kinds:
        return _number(name, field, value, key, label, whole=float not in kinds, optional=type(None) in kinds)
    return st.text_input(label, value or "", key=key, help=text)


def _number(
    name: str, field: FieldInfo, value: Any, key: str, label: str, *, whole: bool, optional: bool = False
) -> Any:
    kind = int if whole else float
    low: Any = None
    high: Any = None
    for bound in field.metadata:
        if (edge := getattr(bound, "ge", None)) is not None or (edge := getattr(bound, "gt", None)) is not None:
            low = kind(edge)
        if (edge := getattr(bound, "le", None)) is not None or (edge := getattr(bound, "lt", None)) is not None:
            high = kind(edge)
    number: Any = None if value is None else kind(value)
    step: Any = 1 if whole else max(abs(number or 1.0) / 10, 1e-9)
    return st.number_input(
        label,
        min_value=low,
        max_value=high,
        value=number,
        step=step,
        format="%d" if whole else "%.6g",
        key=key,
        help=md(_help(field)),
        placeholder=_("none") if optional else None,
    )
