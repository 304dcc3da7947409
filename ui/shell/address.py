"""Choices in the address by their keys.

Streamlit's own binding writes an option's label into the URL: "?view=:material/movie:+Film+strip", and another one in
another language. These helpers write "?view=film", and an address that changes under the page is heeded like a click.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.i18n import _, message_ids_of

SEPARATOR = ","
NOTHING = "-"
_ENDED = "_address run ended"
SETTLED = 1.5  # seconds until the browser surely has the address that the server wrote


def choose(
    widget: Callable[..., Any], label: str, options: Mapping[str, str], *, key: str, default: str = "", **more: Any
) -> str:
    """Draw `widget` (selectbox, segmented_control, …) over the keys of `options`, labelled by their values.

    One key stands for one kind of widget, wherever it is drawn.
    """
    default = default or next(iter(options))
    _read_address(key, lambda given: resolve_key(given, options) or default)
    if st.session_state[key] not in options:
        st.session_state[key] = default
    chosen = widget(label, list(options), format_func=lambda name: options[name], key=key, **more)
    _write_address(key, chosen, "" if chosen == default else chosen)
    return str(chosen)


def resolve_key(given: str, options: Mapping[str, str]) -> str:
    """The key that an address means, by itself or by its label in any language; "" where it means none."""
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
    """Draw `widget` (multiselect, pills for several, …) over the keys of `options`; as many as the person likes."""
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
    """What an address asks of choose_many that is none of `options`."""
    parts = given.split(SEPARATOR) if given != NOTHING else []
    return [part for part in parts if part and resolve_key(part, options) not in options]


def address_value(key: str) -> str:
    """What the address says for `key`; where it says it several times, as a list."""
    return SEPARATOR.join(st.query_params.get_all(key))


def _read_address(key: str, read: Callable[[str], Any]) -> None:
    """Take the address's value where it changed and the widget did not."""
    given = address_value(key)
    written, moment, value = st.session_state.get(_memory_key(key), ("", 0.0, None))
    clicked = key in st.session_state and st.session_state[key] != value
    changed = given != written and is_settled(moment)
    if key not in st.session_state or (changed and not clicked):
        st.session_state[key] = read(given)


def is_settled(moment: float) -> bool:
    """Has the browser surely got the address that was written at `moment`?

    A quick click still comes with the address from before, and may have waited for the end of a long run of the script:
    such an address says nothing.
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
