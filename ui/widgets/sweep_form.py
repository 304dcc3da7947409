"""A form that starts a sweep: runs for all combinations of option values and seeds."""

from collections.abc import Callable

import streamlit as st

from core.errors import UserError
from core.i18n import _
from core.jobs import launch
from core.jobs.sweep import combinations
from core.runs.run import Run
from core.schema import BUDGETS, Options
from core.text_lists import by_spaces
from ui.shell import navigation
from ui.widgets.config_form import label_of
from ui.widgets.text import md

AXES = 2  # options that vary at once; the command line takes any number


def sweep_form(options: Options, make: Callable[[dict[str, list[str]], list[str]], list[Run]], *, key: str) -> None:
    """Draw the sweep expander. make(values, seeds) creates the runs, which are then started."""
    with st.expander(_("Sweep"), icon=":material/stacks:", key=f"{key}-sweep", on_change="rerun") as box:
        if not box.open:
            return
        st.caption(_("A run for each combination; they wait for one another, and Compare lays their curves together."))
        fields = type(options).model_fields
        names = ["", *(name for name in fields if name not in (*BUDGETS, "seed"))]
        values: dict[str, list[str]] = {}
        for number in range(AXES):
            left, right = st.columns([2, 3])
            name = left.selectbox(
                _("Option"), names, key=f"{key}-sweep-{number}", format_func=lambda name: label_of(name, fields)
            )
            now = "" if not name else str(getattr(options, name))
            typed = right.text_input(_("Values, with commas between"), now, key=f"{key}-values-{number}-{name}")
            if name:
                values[name] = by_spaces(typed)
        seeds = by_spaces(st.text_input(_("Seeds, with commas between"), "0, 1, 2", key=f"{key}-seeds"))
        try:
            count = len(combinations(values, seeds))
            if st.button(_("Train {count} runs").format(count=count), icon=":material/play_arrow:", key=f"{key}-all"):
                with st.spinner(_("Starting …")):
                    runs = list(launch.start_each(make(values, seeds)))
                navigation.go("compare", runs=",".join(run.id for run in runs[:8]))
        except UserError as error:
            st.caption(md(str(error)))
