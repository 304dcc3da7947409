"""A slider whose ends depend on what the person chose elsewhere."""

from typing import TypeVar

import streamlit as st

from ui.learn.inputs import Inputs

N = TypeVar("N", int, float)


def bounded(page: Inputs, name: str, label: str, low: N, high: N, default: N, step: N) -> N:
    """A number from `low` to `high`; one that lies beyond an end that has come nearer moves along with it."""
    key, high = page.key(name), max(low + step, high)
    held = st.session_state.get(key)
    if isinstance(held, int | float) and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)
    value: N = page.slider(name, label, low, high, min(default, high), step)
    return value
