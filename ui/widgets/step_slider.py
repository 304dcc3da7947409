"""A slider over the steps at which a run kept something."""

from collections.abc import Sequence

import streamlit as st

from core.i18n import _

LATEST = "latest"


def chosen_step(label: str, steps: Sequence[int], *, live: bool, key: str) -> int:
    """The chosen one of `steps` (not empty); while the run is live, the slider's end stands for the newest."""
    if len(steps) < 2:
        return steps[-1]
    options: list[int | str] = [*steps[:-1], LATEST] if live else [*steps]
    chosen = st.select_slider(
        label,
        options,
        value=options[-1],
        format_func=lambda option: _("latest") if option == LATEST else str(option),
        key=key,
    )
    return steps[-1] if chosen == LATEST else int(str(chosen))
