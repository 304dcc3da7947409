"""Choice widgets bound to query parameters by option key.

Streamlit's own binding writes an option's translated label into the URL, as "?view=:material/movie:+Film+strip". These
helpers write "?view=film"; a changed address updates the widget.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.i18n import _, message_ids_of

SEPARATOR = ","
NOTHING = "-"
_ENDED = "_address run ended"
SETTLED = 1.5  # seconds after which the browser is assumed to have the address that the server wrote


def choose(
    widget: Callable[..., Any], label: str, options: Mapping[str, str], *, key: str, default: str = "", **more: Any
) -> str:
    """Draw `widget` (selectbox, segmented_control, …) for the keys of `options`, labelled by their values.

    Use one `key` for one kind of widget only.
    """
    default = default or next(iter(options))
    _read_address(key, lambda given: resolve_key(given, options) or default)
    if st.session_state[key] not in options:
        st.session_state[key] = default
    chosen = widget(label, list(options), format_func=lambda name: options[name], key=key, **more)
    _write_address(key, chosen, "" if chosen == default else chosen)
    return str(chosen)


def choose_view(views: Mapping[str, tuple[str, str, str]]) -> str:
    """Choose one of a page's views (key → title, icon, question) by ?view=, and say its question below."""
    titles = {key: f":material/{icon}: {title}" for key, (title, icon, _question) in views.items()}
    view = choose(st.segmented_control, _("View"), titles, key="view", required=True, label_visibility="collapsed")
    st.caption(views[view][2])
    return view


def resolve_key(given: str, options: Mapping[str, str]) -> str:
    """Resolve an address value to an option key, by key or by label in any language; "" where none matches."""
    if given in options or not given:
        return given
    meanings = {_(message) for message in message_ids_of(given)}
    return next((key for key, label in options.items() if label in meanings), "")


def choose_many(
    widget: Callable[..., Any],
    label: str,
    options: Mapping[str, str],
    *,
    key: str,
    default: Sequence[str] = (),
    **more: Any,
) -> list[str]:
    """Draw `widget` (multiselect, pills, …) for any number of the keys of `options`."""
    _read_address(key, lambda given: _resolve_keys(given, options) if given else list(default))
    st.session_state[key] = [name for name in st.session_state[key] if name in options]
    chosen = list(widget(label, list(options), format_func=lambda name: options[name], key=key, **more))
    same = set(chosen) == set(default)
    _write_address(key, chosen, "" if same else SEPARATOR.join(chosen) or NOTHING)
    return chosen


def _resolve_keys(given: str, options: Mapping[str, str]) -> list[str]:
    found = [resolve_key(part, options) for part in given.split(SEPARATOR)] if given != NOTHING else []
    return list(dict.fromkeys(name for name in found if name))


def unknown_keys(given: str, options: Mapping[str, str]) -> list[str]:
    """The parts of an address value for choose_many that match none of `options`."""
    parts = given.split(SEPARATOR) if given != NOTHING else []
    return [part for part in parts if part and resolve_key(part, options) not in options]


def address_value(key: str) -> str:
    """The query parameter `key`; repeated values are joined by SEPARATOR."""
    return SEPARATOR.join(st.query_params.get_all(key))


def _read_address(key: str, read: Callable[[str], Any]) -> None:
    """Set the widget to the address's value where the address changed and the widget did not."""
    given = address_value(key)
    written, moment, value = st.session_state.get(_memory_key(key), ("", 0.0, None))
    clicked = key in st.session_state and st.session_state[key] != value
    changed = given != written and is_settled(moment)
    if key not in st.session_state or (changed and not clicked):
        st.session_state[key] = read(given)


def is_settled(moment: float) -> bool:
    """Whether the browser can be assumed to have the address that was written at `moment`.

    A quick click arrives with the previous address, possibly delayed by a long script run: ignore such an address.
    """
    return time.monotonic() - max(moment, st.session_state.get(_ENDED, 0.0)) > SETTLED


def note_run_end() -> None:
    st.session_state[_ENDED] = time.monotonic()


def _write_address(key: str, value: Any, wanted: str) -> None:
    _written, moment, _value = st.session_state.get(_memory_key(key), ("", 0.0, None))
    if st.query_params.get(key, "") != wanted:
        moment = time.monotonic()
        if wanted:
            st.query_params[key] = wanted
        else:
            del st.query_params[key]
    st.session_state[_memory_key(key)] = wanted, moment, value


def _memory_key(key: str) -> str:
    return f"_address {key}"
