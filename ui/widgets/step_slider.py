"""A slider over the steps for which a run has saved samples."""

from collections.abc import Sequence

import streamlit as st

from core.i18n import _

LATEST = "latest"


def chosen_step(label: str, steps: Sequence[int], *, live: bool, key: str) -> int:
    """Draw the slider and return one of `steps` (not empty); for a live run its end means "latest"."""
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
