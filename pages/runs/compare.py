"""Compare runs: differing options, curves, best values, samples."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from core.runs.store import list_runs
from ui.runs import class_view, compare
from ui.shell import hosting, navigation
from ui.widgets.text import guard, md

MOST = 8

st.title(_("Compare"), anchor=False)
group = hosting.present_class()
if group:
    class_view.show(group)
    st.stop()
runs = {run.id: run for run in list_runs() if run.metrics()}
if not runs:
    st.info(_("There are no runs with figures yet."))
    navigation.link("text-train", _("Train a network on a text"), ":material/school:")
    st.stop()

asked = [run_id for run_id in dict.fromkeys(st.query_params.get("runs", "").split(",")) if run_id in runs][:MOST]
chosen = st.multiselect(
    _("Runs"), list(runs), default=asked or list(runs)[:2], key="compare-runs", max_selections=MOST,
    format_func=lambda key: f"{runs[key].name} · {key}",
)  # fmt: skip
if chosen:
    st.query_params["runs"] = ",".join(chosen)
picked = [runs[run_id] for run_id in chosen if run_id in runs]
if not picked:
    st.caption(_("Choose one run or more."))
    st.stop()
families = {run.family for run in picked if run.family in FAMILIES}
if len(families) > 1:
    st.caption(_("These runs are of different families: only what they share can be compared."))


@st.fragment(run_every=3.0 if any(run.active for run in picked) else None)
def live() -> None:
    with guard("compare"):
        compare.curves(picked)
        compare.table(picked)


live()
with guard("samples"):
    st.subheader(_("What they make"), anchor=False)
    compare.samples(picked)
st.caption(md(", ".join(run.id for run in picked)))
