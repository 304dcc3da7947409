"""Classify with a trained network: one text while it is typed, or a whole file."""

import streamlit as st

from core.i18n import _
from core.runs.run import Run
from ui.classifier.one_text import one_text, threshold_slider
from ui.classifier.whole_file import whole_file
from ui.runs.picker import pick_run
from ui.shell.address import choose
from ui.widgets.text import guard

st.title(_("Classify"), anchor=False)
run = pick_run("classifier")
if run is None:
    st.stop()

ways = {"one": _("One text"), "file": _("A whole file")}
left, right = st.columns(2, vertical_alignment="bottom")
with left:
    way = choose(st.segmented_control, _("What"), ways, key="way", required=True, label_visibility="collapsed")
with right:
    threshold = threshold_slider()


@st.fragment
def typed(run: Run) -> None:
    with guard("classify a text"):
        one_text(run, threshold)


if way == "one":
    typed(run)
else:
    with guard("classify a file"):
        whole_file(run, threshold)
