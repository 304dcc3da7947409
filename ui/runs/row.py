"""One run as a row of the Runs page."""

from collections.abc import Sequence

import streamlit as st

from core.errors import UserError
from core.families import FAMILIES
from core.i18n import _
from core.jobs import launch
from core.jobs.summary import summary
from core.runs.metrics import column
from core.runs.run import Run
from core.runs.store import delete
from ui.runs.view import state_badge
from ui.shell import navigation
from ui.shell.hosting import is_visitor, may_change
from ui.widgets.text import byte_size, md, metric_name, time_ago

SPARK = 40
CHOSEN = "compare-row-"


def compare_link(runs: Sequence[Run]) -> None:
    """Link to Compare with the ticked ones of `runs`."""
    chosen = [run.id for run in runs if st.session_state.get(f"{CHOSEN}{run.id}")]
    if chosen:
        label = _("Compare the chosen: {n}").format(n=len(chosen))
        navigation.link("compare", label, ":material/compare_arrows:", runs=",".join(chosen))


def show_row(run: Run) -> None:
    facts = summary(run)
    with st.container(border=True, key=f"row-{run.id}"):
        left, middle, right = st.columns([3, 2, 2], vertical_alignment="center")
        with left:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{md(facts['name'])}**", width="content")
                state_badge(facts["state"])
            st.caption(_details(facts))
            if facts.get("error"):
                st.caption(f":red[{md(facts['error'])}]")
        with middle:
            _sparkline(run, facts)
        with right:
            _actions(run, facts["state"])


def _details(facts: dict) -> str:  # type: ignore[type-arg]
    family = FAMILIES.get(facts["family"])
    words = [family.title if family else _("unknown"), md(facts["run"])]
    if facts.get("created"):
        words.append(time_ago(facts["created"]))
    if facts.get("size"):
        words.append(byte_size(facts["size"]))
    if facts["state"] in ("running", "queued") and facts.get("total"):
        words.append(_("{share:.0%} done").format(share=facts["step"] / facts["total"]))
    return " · ".join(words)


def _sparkline(run: Run, facts: dict) -> None:  # type: ignore[type-arg]
    if facts.get("best") is None:
        st.caption(_("no figures yet"))
        return
    _steps, values = column(run.metrics(), facts["best_metric"])
    stride = max(1, len(values) // SPARK)
    st.metric(
        _("{metric}, step {step:,}").format(metric=metric_name(facts["best_metric"]), step=facts["best_step"] or 0),
        f"{facts['best']:.4f}",
        chart_data=values[::stride] if len(values) > 1 else None,
    )


def _actions(run: Run, state: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if state != "broken":
            st.checkbox(_("Compare"), key=f"{CHOSEN}{run.id}")
            navigation.link("run", _("Open"), ":material/open_in_full:", run=run.id)
        if not may_change(run):
            return
        try:
            if state in ("running", "queued"):
                if st.button(_("Stop"), key=f"stop-{run.id}", icon=":material/stop:", disabled=run.stop_requested()):
                    launch.stop(run)
                    st.rerun()
                return
            if state in ("stopped", "died", "failed") and st.button(
                _("Continue"), key=f"continue-{run.id}", icon=":material/play_arrow:"
            ):
                launch.start(run)
                st.rerun()
            with st.popover(_("Delete"), icon=":material/delete:", key=f"delete-{run.id}"):
                words = _("Move “{name}” to the bin? It is kept there for a week.")
                if is_visitor():
                    words = _("Move “{name}” to the bin? Bin and all, your runs are gone after a day.")
                st.write(words.format(name=md(run.name)))
                if st.button(_("Delete it"), key=f"really-{run.id}", type="primary"):
                    delete(run)
                    st.rerun()
        except UserError as error:
            st.error(md(str(error)))
