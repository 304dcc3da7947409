"""Preset, a few options, the rest folded away, an estimate, the button: the lower half of every Train page."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.commands.flags import merged
from core.families import Family
from core.i18n import _
from core.runs import launch
from core.runs.store import create, list_runs
from core.sources import Source
from core.training.estimate import estimate
from ui import nav
from ui.form import budget_row, options_form
from ui.show import big, md

PRESETS = {
    "quick": _("Quick: something to show in a minute or two"),
    "balanced": _("Balanced: good in the time of a coffee"),
    "best": _("Best: as good as this machine gets in an hour"),
    "notes": _("As in the notes: the original recipe, to compare with"),
}


def train_form(
    family: Family, sources: Sequence[Source], label: str, sizes: dict[str, Any], fixed: dict[str, Any]
) -> None:
    """Draw the form; on the button create the run, start it and go to its page. `fixed` are options chosen above."""
    config = family.room("config")
    presets = list(config.PRESETS)
    preset = st.segmented_control(
        _("Preset"),
        presets,
        default=presets[0],
        required=True,
        key=f"{family.key}-preset",
        bind="query-params",
        format_func=lambda name: _(name.capitalize()),
        label_visibility="collapsed",
    )
    st.caption(PRESETS.get(preset, ""))
    base = merged(config.preset(preset, **sizes), fixed)
    key = f"{family.key}.{preset}.{abs(hash(tuple(sorted(sizes.items()))))}"
    values = budget_row(base, key=key) | options_form(base, key=key, level="basic", skip=fixed)
    with st.expander(_("All options"), icon=":material/tune:"):
        values |= options_form(base, key=key, level="advanced", skip=fixed)
    options = merged(base, values)
    _estimate(family, options, sizes)
    name = st.text_input(_("Name of the run"), value=label, max_chars=120, key=f"{family.key}-name-{label}")
    if st.button(_("Train"), type="primary", icon=":material/play_arrow:", key=f"{family.key}-go"):
        with st.spinner(_("Starting …")):
            run = create(options, sources, name=name, preset=preset, label=label)
            run.write_json("facts.json", {"sizes": sizes})
            launch.start(run)
        nav.go("run", run=run.id)


def _estimate(family: Family, options: Any, sizes: dict[str, Any]) -> None:
    figures = estimate(family, options, sizes, list_runs(family=family.key)[:20])
    with st.grid(min_column_width=150):
        st.metric(_("Parameters"), big(figures.parameters))
        st.metric(_("Memory"), f"{figures.memory_mb:,.0f} MB", help=_("What the training process will need, about."))
        st.metric(_("Speed"), f"{big(figures.throughput)} {family.unit}/s" if figures.throughput else _("not measured"))
        st.metric(_("Time"), figures.time or _("measured when it starts"), help=md(figures.basis))
