"""The training form of every Train page: preset, options, estimate, Train button, sweep and sharing."""

import json
import zlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from core.errors import UserError
from core.families import Family
from core.hosting import admission
from core.hosting.links import LinkSettings
from core.i18n import N_, _, translated_mapping
from core.jobs import launch
from core.jobs.sweep import sweep
from core.jobs.train_on import create_onward
from core.runs.run import Run
from core.runs.store import create, list_runs
from core.schema import merged
from core.sources import Source
from core.training.estimate import estimate
from ui.shell import hosting, navigation, teacher_links
from ui.shell.address import choose
from ui.widgets.config_form import budget_row, options_form
from ui.widgets.sweep_form import sweep_form
from ui.widgets.text import md, short_number

NO_SETUP = LinkSettings()
PRESETS = translated_mapping(
    {
        "quick": N_("Quick: something to show in a minute or two"),
        "balanced": N_("Balanced: good in the time of a coffee"),
        "best": N_("Best: as good as this machine gets in an hour"),
        "notes": N_("As in the notes: the original recipe, to compare with"),
    }
)


def train_columns(family: Family, setup: LinkSettings) -> tuple[Any, Any]:
    """Two columns of a Train page: the data, and beside it what train_form() fills, which stays in view (studio.css).

    The preset is drawn here, before there is any data, so that it stays chosen while files come and go.
    """
    left, right = st.columns([3, 2], gap="large")
    side = right.container(key="train-side")
    with side:
        st.caption(PRESETS.get(_preset(family, setup), ""))
    return left, side


def train_form(
    family: Family,
    sources: Sequence[Source],
    label: str,
    sizes: dict[str, Any],
    fixed: dict[str, Any],
    setup: LinkSettings = NO_SETUP,
    origin: Run | None = None,
) -> None:
    """Draw the form under train_columns(); the button creates the run, starts it and opens its page.

    fixed: options chosen above the form. setup: options set and controls hidden by the address.
    origin: the finished run that the new one goes on from.
    """
    preset = selected_preset(family, setup)
    proposed = admission.limit_budget(family.config.preset(preset, **sizes))
    base = teacher_links.apply_link(proposed, setup, fixed)
    data = zlib.crc32(json.dumps(sizes, sort_keys=True).encode())
    key = f"{family.key}.{preset}.{data}{teacher_links.key_suffix(setup.options)}"
    teacher_links.show_link_notice(setup)
    start = st.container()  # filled below, when the options are known
    values: dict[str, Any] = {}
    if not setup.hides("options"):
        with st.expander(_("All options"), icon=":material/tune:"):
            values = budget_row(base, key=key)
            values |= options_form(base, key=key, level="basic", skip=fixed)
            values |= options_form(base, key=key, level="advanced", skip=fixed)
    options = merged(base, values)
    with start:
        for caution in options.cautions():
            st.warning(md(caution), icon=":material/warning:")
        hosting.show_limits_and_queue()
        refused = _refusal(family, options, sizes, sources)
        name = label if setup.hides("name") else _name(family, label)
        go = st.button(
            _("Train"),
            type="primary",
            icon=":material/play_arrow:",
            key=f"{family.key}-go",
            width="stretch",
            disabled=bool(refused),
        )
        _estimate(family, options, sizes)
    if go:
        with st.spinner(_("Starting …")):
            begin = partial(create_onward, origin, family=family) if origin else create
            run = begin(options, sources, name=name, preset=preset, label=label)
            run.write_json("facts.json", {"sizes": sizes})
            launch.start(run)
        navigation.go("run", run=run.id)

    def create_sweep(values: dict[str, list[str]], seeds: list[str]) -> list[Run]:
        return sweep(options, values, seeds, sources, name=name, preset=preset, label=label)

    if not setup.hide and not origin:
        if not hosting.is_visitor():  # a visitor may queue one run only
            sweep_form(options, create_sweep, key=family.key)
        sample = label if st.session_state.get(f"{family.key}-way") == "sample" else ""
        teacher_links.share_panel(family, sample, preset, proposed, options)


def selected_preset(family: Family, setup: LinkSettings) -> str:
    """The preset that the form will show, for sections above it."""
    presets, key = family.config.PRESETS, f"{family.key}-preset"
    clicked = "" if setup.hides("preset") else str(st.session_state.get(key))
    asked = st.query_params.get(key, "")
    return next((name for name in (clicked, asked) if name in presets), next(iter(presets)))


def _preset(family: Family, setup: LinkSettings) -> str:
    presets = {name: _(name.capitalize()) for name in family.config.PRESETS}
    key = f"{family.key}-preset"
    if setup.hides("preset"):
        return selected_preset(family, setup)
    words = _("Preset")
    return choose(st.segmented_control, words, presets, key=key, required=True, label_visibility="collapsed")


def _name(family: Family, label: str) -> str:
    group = hosting.present_class()
    words = _("Name of the run")
    if group:
        words = _("Name of the run, for all in the class “{name}” to see").format(name=md(group.name))
    return st.text_input(words, value=label, max_chars=120, key=f"{family.key}-name-{label}")


def _refusal(family: Family, options: Any, sizes: dict[str, Any], sources: Sequence[Source]) -> str:
    """Show and return why a hosted demo would refuse this run, or ""; core checks it again."""
    try:
        admission.check_data(sum(len(source.data) for source in sources))
        admission.check_network(family, options, sizes)
    except UserError as error:
        st.error(md(str(error)), icon=":material/block:")
        return str(error)
    return ""


def _estimate(family: Family, options: Any, sizes: dict[str, Any]) -> None:
    figures = estimate(family, options, sizes, list_runs(family=family.key)[:20])
    with st.grid(min_column_width=120):
        st.metric(_("Parameters"), short_number(figures.parameters))
        st.metric(_("Memory"), f"{figures.memory_mb:,.0f} MB", help=_("What the training process will need, about."))
        st.metric(
            f"{_('Speed')} ({_(family.unit)}/s)",
            short_number(figures.throughput) if figures.throughput else _("not measured"),
        )
        st.metric(_("Time"), figures.time or _("measured when it starts"), help=md(figures.basis))
