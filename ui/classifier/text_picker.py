"""A table of texts with a selection that links to Why."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.classifier.training.evaluate import Evaluation
from core.i18n import _
from core.runs.run import Run
from ui.classifier.colored_text import box
from ui.classifier.one_text import why_query
from ui.shell import navigation
from ui.widgets.text import escape


def pick_text(run: Run, found: Evaluation, places: np.ndarray, rows: Sequence[dict[str, Any]], *, key: str) -> None:
    """Show `rows`, one for each of `places` in `found`, and the full text of the selected one, by default the first."""
    event = st.dataframe(
        list(rows), hide_index=True, key=key, on_select="rerun", selection_mode="single-row",
        height=min(420, 38 + 36 * len(rows)), alt=_("The texts"),
    )  # fmt: skip
    chosen = event.selection.rows[0] if event.selection.rows else 0
    place = int(places[chosen if chosen < len(places) else 0])
    text = found.texts[place]
    with st.container(border=True):
        st.html(f'<div style="{box()}">{escape(text[:3000])}</div>')
        query = why_query(text, place)
        navigation.link("classify-why", _("Why did it say so?"), ":material/visibility:", run=run.id, **query)
