"""A slider whose bounds depend on other inputs."""

from typing import TypeVar

import streamlit as st

from ui.learn.inputs import Inputs

N = TypeVar("N", int, float)


def bounded(page: Inputs, name: str, label: str, low: N, high: N, default: N, step: N) -> N:
    """Draw a slider from `low` to `high`; clamp its previous value where the bounds have changed."""
    key, high = page.key(name), max(low + step, high)
    held = st.session_state.get(key)
    if isinstance(held, int | float) and not low <= held <= high:
        st.session_state[key] = min(max(held, low), high)
    value: N = page.slider(name, label, low, high, min(default, high), step)
    return value
