"""The pieces of the owner's page."""

import time
from collections.abc import Sequence

import streamlit as st

from core.durations import duration
from core.families import FAMILIES
from core.faults import recent_faults
from core.hosting import owner, refusals
from core.hosting.owner import Work
from core.hosting.shares import visitors_computing
from core.i18n import N_, _, translated_mapping
from core.runs.store import root_dir
from ui.widgets.text import byte_size, guard, md, time_ago

KEY = "_owner"
PAUSE_AFTER_WRONG = 1.0  # seconds
KINDS = translated_mapping(
    {
        "data": N_("too much data"),
        "upload": N_("uploads beyond what is held"),
        "message": N_("too long a message"),
        "reading": N_("a file that costs too much to read"),
        "reading queue": N_("too many files wait to be read"),
        "memory": N_("a training took too much memory"),
        "network": N_("too large a network, or too long a training"),
        "disk": N_("the disk is full"),
        "line": N_("too many runs wait"),
        "paused": N_("new work is paused"),
        "import": N_("a run from outside"),
        "rows": N_("too many rows to classify"),
        "computing": N_("too many long computations"),
        "classes": N_("too many classes"),
    }
)


def signed_in() -> bool:
    """Ask for the token until this session has given the right one; it is kept nowhere."""
    if st.session_state.get(KEY):
        return True
    with st.form("owner", clear_on_submit=True, border=False):
        given = st.text_input(_("Token of the owner"), type="password", key="owner-token", max_chars=200)
        asked = st.form_submit_button(_("Open"), icon=":material/lock_open:")
    if asked and owner.is_token(given):
        st.session_state[KEY] = True
        st.rerun()
    if asked:
        time.sleep(PAUSE_AFTER_WRONG)
        st.error(_("This is not the token of this demo's owner."), icon=":material/lock:")
    return False


def pause_button() -> None:
    """Draw the button that pauses new work, or resumes it."""
    root = root_dir()
    with guard("pause"):
        if owner.is_paused(root):
            st.warning(_("New work is paused: what trains goes on, what waits keeps its place."))
            if st.button(_("Resume new work"), icon=":material/play_arrow:", type="primary", key="owner-resume"):
                owner.resume(root)
                st.rerun()
        elif st.button(_("Pause new work"), icon=":material/pause:", key="owner-pause"):
            owner.pause(root)
            st.rerun()


def overview() -> None:
    """All that goes on now."""
    root = root_dir()
    with guard("owner"):
        running, waiting, disk = owner.running(root), owner.waiting(root), owner.disk(root)
        with st.grid(min_column_width=150):
            st.metric(_("Training"), len(running))
            st.metric(_("Waiting"), len(waiting))
            st.metric(_("Long computations"), visitors_computing())
            st.metric(_("Memory of the server"), f"{owner.server_memory():,.0f} MB")
            st.metric(_("Memory of trainings"), f"{sum(item.memory_mb for item in running):,.0f} MB")
            st.metric(
                _("Disk of visitors"), byte_size(disk.used), help=_("Of {all}.").format(all=byte_size(disk.limit))
            )
            st.metric(_("Free on the disk"), byte_size(disk.free))
        _work(_("Training and waiting"), [*running, *waiting], _("Nothing trains or waits."))
        _refusals()
        _faults()
        _work(_("Runs that failed"), owner.failed(root), _("No run has failed."), errors=True)


def _work(title: str, items: Sequence[Work], none: str, errors: bool = False) -> None:
    st.subheader(title, anchor=False)
    if not items:
        st.caption(none)
        return
    rows = [
        {
            _("run"): item.run,
            _("family"): FAMILIES[item.family].title if item.family in FAMILIES else item.family,
            _("state"): _(item.state),
            _("visitor"): item.visitor or _("the owner"),
            _("since"): duration(item.seconds),
        }
        | ({_("error"): item.error} if errors else {_("memory"): f"{item.memory_mb:,.0f} MB"})
        for item in items
    ]
    st.dataframe(rows, hide_index=True, alt=title)


def _refusals() -> None:
    st.subheader(_("Refusals since the server began"), anchor=False)
    found = refusals.counts()
    if not found:
        st.caption(_("Nobody was refused anything."))
        return
    rows = [{_("kind"): KINDS.get(kind, kind), _("times"): count} for kind, count in found.items()]
    st.dataframe(rows, hide_index=True, alt=_("Refusals by kind"))


def _faults() -> None:
    st.subheader(_("Last faults of the server"), anchor=False)
    found = recent_faults()
    if not found:
        st.caption(_("None since the server began."))
    for fault in found[:10]:
        st.caption(f"{md(time_ago(fault.at))} · {md(fault.text)}")
