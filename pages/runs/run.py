"""One run: live while it trains, complete afterwards."""

import streamlit as st

from core.i18n import _
from core.runs.store import list_runs
from ui.runs.picker import run_from_url
from ui.runs.view import show_run
from ui.shell import navigation
from ui.widgets.text import md

run = run_from_url()
if run is None:
    runs = list_runs()
    st.title(_("Run"), anchor=False)
    if not runs:
        st.write(_("There are no runs yet."))
        navigation.link("text-train", _("Train a network on a text"), ":material/school:")
        st.stop()
    st.write(_("Choose a run to look at."))
    for found in runs[:12]:
        navigation.link("run", md(found.name), ":material/monitoring:", run=found.id)
    st.stop()
show_run(run)
