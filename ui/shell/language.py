"""The interface language: that of the address, the one chosen in the session, else the browser's."""

import threading
import time

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core import i18n
from core.i18n import LANGUAGES, _
from ui.shell import address, hosting

LANGUAGE = "language"  # in the address
_CHOSEN, _MOMENT = "_language chosen", "_language moment"
# Session → language, also for fragments, which run without main.py; the oldest entry is dropped first.
_languages: dict[str, str] = {}
_lock = threading.Lock()
SESSIONS = 10_000


def detect_language() -> None:
    """Determine the language; call once per script run, before the navigation is built."""
    i18n.set_language_source(_session_language)
    given, own = st.query_params.get(LANGUAGE, ""), st.session_state.get(_CHOSEN, "")
    # A click right after a choice still arrives with the previous address.
    if given in LANGUAGES and address.is_settled(st.session_state.get(_MOMENT, float("-inf"))):
        own = given
    st.session_state[_CHOSEN] = own
    hosting.keep_in_address(LANGUAGE, own)
    context = get_script_run_ctx()
    if context is not None:
        with _lock:
            _languages.pop(context.session_id, None)
            _languages[context.session_id] = own or _browser_language()
            while len(_languages) > SESSIONS:
                del _languages[next(iter(_languages))]


def _session_language() -> str:
    context = get_script_run_ctx(suppress_warning=True)
    return _languages.get(context.session_id, "") if context is not None else ""


def _browser_language() -> str:
    code = (st.context.locale or "").partition("-")[0].lower()
    return code if code in LANGUAGES and code != "en" else ""


def picker(key: str) -> None:
    """Draw the language selector; `key` must be unique per place."""
    st.session_state[key] = i18n.language()
    st.segmented_control(
        _("Language"),
        list(LANGUAGES),
        format_func=lambda code: LANGUAGES[code],
        key=key,
        required=True,
        on_change=_on_pick,
        args=(key,),
        label_visibility="collapsed",
    )


def _on_pick(key: str) -> None:
    code = st.session_state[key]
    st.session_state[_CHOSEN], st.session_state[_MOMENT] = code, time.monotonic()
    hosting.keep_in_address(LANGUAGE, code)
