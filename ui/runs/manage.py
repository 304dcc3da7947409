"""Actions on a run: rename, continue with a longer budget, train again with changes, branch from a snapshot."""

from typing import Any

import streamlit as st

from core.errors import UserError
from core.i18n import _
from core.jobs import launch
from core.jobs.rerun import create_rerun, differences
from core.runs.run import Run
from core.schema import merged
from core.text_lists import by_commas
from core.training import snapshots
from ui.shell import navigation
from ui.shell.hosting import may_change
from ui.widgets.config_form import budget_row, options_form
from ui.widgets.text import md

UNITS = ("epochs", "steps", "seconds")


def manage(run: Run) -> None:
    """Draw the expander of actions; each shows its errors in place."""
    with st.expander(
        _("Name, continue, train again"), icon=":material/settings:", key="manage", on_change="rerun"
    ) as box:
        if not box.open:
            return
        mine = may_change(run)
        ways = {"name": _("Name and note")} if mine else {}
        ways["again"] = _("Train again with changes")
        if mine and run.status.state in ("finished", "stopped") and run.has_checkpoint:
            ways["longer"] = _("Continue longer")
        if snapshots.steps(run):
            ways["branch"] = _("Branch from a moment")
        way = st.segmented_control(
            _("What to do"), list(ways), default=next(iter(ways)), required=True, key=f"manage-{run.id}",
            format_func=lambda key: ways[key], label_visibility="collapsed",
        )  # fmt: skip
        try:
            {"name": _rename_form, "again": _rerun_form, "longer": _continue_form, "branch": _branch_form}[way](run)
        except UserError as error:
            st.error(md(str(error)), icon=":material/error:")


def _rename_form(run: Run) -> None:
    with st.form(f"about-{run.id}", border=False):
        name = st.text_input(_("Name"), run.name, max_chars=120)
        tags = st.text_input(_("Tags, with commas between"), ", ".join(run.tags))
        note = st.text_area(_("Note"), run.note, max_chars=5000)
        if st.form_submit_button(_("Keep"), icon=":material/save:"):
            run.describe(name=name, note=note, tags=by_commas(tags))
            st.rerun()


def _continue_form(run: Run) -> None:
    left, right = st.columns(2)
    unit = left.selectbox(_("Longer by"), UNITS, key=f"longer-unit-{run.id}", format_func=lambda key: _(key))
    amount = right.number_input(_("How many"), min_value=1.0, value=10.0 if unit == "epochs" else 60.0, key="longer")
    st.caption(_("It goes on from its last step, with the schedule that it would have had with the later end."))
    if st.button(_("Continue longer"), type="primary", icon=":material/fast_forward:"):
        launch.start(run, {unit: amount})
        st.rerun()


def _rerun_form(run: Run) -> None:
    changes = _changed_options(run)
    if st.button(_("Train again"), type="primary", icon=":material/replay:", disabled=not changes):
        _start_and_open(create_rerun(run, changes))


def _branch_form(run: Run) -> None:
    step = st.select_slider(_("Begin from the weights of step"), snapshots.steps(run), key=f"branch-{run.id}")
    changes = _changed_options(run)
    if st.button(_("Branch"), type="primary", icon=":material/call_split:"):
        _start_and_open(create_rerun(run, changes, branch_from=int(step)))


def _changed_options(run: Run) -> dict[str, Any]:
    """Draw all options with the run's values; return only those that were changed."""
    base, key = run.options, f"again.{run.id}"
    values = budget_row(base, key=key) | options_form(base, key=key, level="basic")
    with st.popover(_("More options"), icon=":material/tune:", width="stretch"):
        values |= options_form(base, key=key, level="advanced")
    chosen = merged(base, values)
    found = differences(base.model_dump(mode="json"), chosen.model_dump(mode="json"))
    if found:
        rows = [{_("option"): item.option, _("before"): str(item.before), _("now"): str(item.now)} for item in found]
        st.dataframe(rows, hide_index=True, alt=_("What differs from the run"))
    else:
        st.caption(_("Nothing differs yet."))
    return {item.option: item.now for item in found}


def _start_and_open(new: Run) -> None:
    launch.start(new)
    navigation.go("run", run=new.id)
