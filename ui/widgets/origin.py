"""The run that a Train page goes on from, named by ?from= in the address."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.errors import UserError
from core.families import FAMILIES, Family
from core.i18n import _
from core.jobs.train_on import earlier_source, kept_options, source_run
from core.runs.run import Run
from core.sources import Source
from ui.shell.cache_keys import model_key
from ui.widgets.text import md


def go_on_from(family: Family) -> tuple[Run | None, dict[str, Any]]:
    """Say which run the address names, with a button that leaves it; return it and the options that are kept.

    None and no options without one, or where it cannot be gone on from, which is said.
    """
    asked = st.query_params.get("from", "")
    if not asked:
        return None, {}
    try:
        run = source_run(family, asked)
        kept = kept_options(run, {}, family)
        _earlier(family.key, str(run.path), model_key(run))
    except UserError as error:
        st.warning(md(str(error)), icon=":material/link_off:")
        return None, {}
    with st.container(horizontal=True, vertical_alignment="center"):
        words = _("It goes on from the weights of “{run}”, with its network and its way of reading.")
        st.info(md(words.format(run=run.name)), icon=":material/step_over:")
        if st.button(_("Begin anew instead"), icon=":material/close:", key=f"{family.key}-anew"):
            del st.query_params["from"]
            st.rerun()
    return run, kept


def with_earlier(run: Run | None, sources: Sequence[Source], family: Family) -> list[Source]:
    """Return `sources`, and with them what is kept of `run`."""
    return [*sources, _earlier(family.key, str(run.path), model_key(run))] if run else list(sources)


@st.cache_data(max_entries=4, show_spinner=False)
def _earlier(family: str, path: str, key: tuple[str, tuple[int, ...]]) -> Source:
    return earlier_source(Run(path), FAMILIES[family])
