"""The Overview's cards: one per family, with its demo run and a button that trains on the embedded sample."""

import streamlit as st

from core.families import Family, plan_options
from core.i18n import _
from core.jobs import launch
from core.runs.run import Run
from core.runs.store import create, list_runs
from core.samples.registry import sample, sample_names
from ui.shell import navigation
from ui.shell.families import CardModule, family_module
from ui.widgets.text import guard, md


def card(family: Family) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"### {family.icon} {family.title}")
        with guard(f"card {family.key}"):
            demo = demo_run(family.key)
            if demo is None:
                st.caption(_("No trained network is here yet: train one."))
            else:
                _try(family, demo)
            _train_button(family)


def demo_run(family: str) -> Run | None:
    """The demo run that ships with the project, or else the newest usable run."""
    usable = [run for run in list_runs(family=family) if run.usable]
    demos = [run for run in usable if run.id.startswith("demo-")]
    return next(iter(demos or usable), None)


def _try(family: Family, demo: Run) -> None:
    module: CardModule | None = family_module(family.key, "card")
    if module is not None:
        module.card(demo)
    else:
        navigation.link("run", md(demo.name), ":material/monitoring:", run=demo.id)


def _train_button(family: Family) -> None:
    samples = sample_names(family.key)
    with st.container(horizontal=True, vertical_alignment="center"):
        if samples and st.button(
            _("Train one on the sample"), key=f"train-{family.key}", type="primary", icon=":material/play_arrow:"
        ):
            name = samples[0]
            sources = sample(name)
            run = create(plan_options(family, sources, "quick", {}), sources, preset="quick", label=name, name=name)
            launch.start(run)
            navigation.go("run", run=run.id)
        way = {f"{family.key}-way": "upload"}
        navigation.link(f"{family.section}-train", _("On your own data"), ":material/upload:", **way)
