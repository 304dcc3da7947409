"""Compare the runs of a class; new runs appear automatically."""

import streamlit as st

from core.families import FAMILIES
from core.hosting import classes
from core.hosting.classes import Class
from core.i18n import _
from core.runs.run import Run
from core.runs.store import root_dir
from ui.runs import compare
from ui.shell import teacher_links
from ui.widgets.text import guard, md

POLL = 4.0  # seconds
SHOWN = 40  # lines in one figure


def show(group: Class) -> None:
    """Draw the comparison of the class's runs, in place of the user's own."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(md(group.name), anchor=False, width="stretch")
        teacher_links.leave_class_button()
    live(group)
    with guard("class samples"):
        runs = [run for run in classes.members(root_dir(), group) if run.metrics()][-SHOWN:]
        if runs:
            st.subheader(_("What they make"), anchor=False)
            compare.samples(runs)


@st.fragment(run_every=POLL)
def live(group: Class) -> None:
    with guard("class"):
        everybody = classes.members(root_dir(), group)
        _count(everybody)
        families = {run.family for run in everybody}
        family = next(iter(families), "")
        if len(families) > 1:
            titles = {key: row.title for key, row in FAMILIES.items() if key in families}
            family = st.segmented_control(
                _("Family"), list(titles), default=next(iter(titles)), required=True, key="class-family",
                format_func=lambda key: titles[key], label_visibility="collapsed",
            )  # fmt: skip
        runs = [run for run in everybody if run.family == family and run.metrics()][-SHOWN:]
        if runs:
            compare.curves(runs)
            compare.table(runs)


def _count(runs: list[Run]) -> None:
    if not runs:
        st.info(_("Nobody has trained in this class yet: what is trained by its link appears here by itself."))
        return
    states = [run.status.state for run in runs]
    words = _("{n} runs: {training} in training, {waiting} waiting, {done} finished.").format(
        n=len(runs), training=states.count("running"), waiting=states.count("queued"), done=states.count("finished")
    )
    st.caption(md(words))
