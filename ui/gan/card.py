"""The Overview's card of the GAN: what it draws, and more of it at a click."""

import streamlit as st

from core.i18n import _
from core.runs.run import Run
from ui.gan.drawing import pictures_of, sheet
from ui.shell import navigation
from ui.widgets.text import md

COUNT = 36


def card(run: Run) -> None:
    st.caption(_("It has seen “{name}” and draws new ones.").format(name=md(run.name)))
    if st.button(_("Draw others"), key="card-draw", icon=":material/casino:"):
        st.session_state["card-gan-seed"] = st.session_state.get("card-gan-seed", 0) + 1
    seed = st.session_state.get("card-gan-seed", 0)
    with st.container(height=300, border=False):
        if seed:
            st.image(sheet(pictures_of(run, COUNT, seed)), width=280, alt=_("Drawn pictures"))
        else:  # what it drew at the end of its training needs no TensorFlow
            steps = run.sample_steps()
            shipped = run.sample(steps[-1], "grid.png") if steps else None
            if shipped:
                st.image(shipped, width=280, alt=_("Drawn pictures"))
    st.space("stretch")  # the three cards end on one line
    navigation.link("gan-draw", _("More ways to draw"), ":material/arrow_forward:", run=run.id)
