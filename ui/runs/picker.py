"""Select a run; the choice is a query parameter, so that links open the same run."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from core.runs.run import Run
from core.runs.store import find, list_runs
from ui.shell import navigation
from ui.widgets.text import guard, time_ago


def run_from_url() -> Run | None:
    """The run named by ?run=, or None; warn where it does not exist."""
    wanted = st.query_params.get("run")
    if not wanted:
        return None
    with guard("run in the URL"):
        return find(wanted)
    return None


def pick_run(family: str) -> Run | None:
    """Select box of the usable runs of `family`, preset by the URL; without any, a link to training."""
    runs = {run.id: run for run in list_runs(family=family) if run.usable}
    if not runs:
        st.info(_("There is no trained network yet."))
        navigation.link(f"{FAMILIES[family].section}-train", _("Train one"), ":material/school:")
        return None
    wanted = st.query_params.get("run")
    if wanted not in runs:
        if wanted:
            st.warning(_("The run of this address does not exist here, or has no model yet."))
        wanted = next(iter(runs))
    ids = list(runs)
    chosen = st.selectbox(
        _("Run"),
        ids,
        index=ids.index(wanted),
        format_func=lambda key: f"{runs[key].name} · {time_ago(runs[key].created)}",
        key=f"pick-{family}-{wanted}",
    )
    if st.query_params.get("run") != chosen:
        st.query_params["run"] = chosen
    return runs[chosen]
