"""The GAN's card on the Overview: sample images, with a button for new ones."""

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
        else:  # the sample saved at the end of training needs no TensorFlow
            steps = run.sample_steps()
            shipped = run.sample(steps[-1], "grid.png") if steps else None
            if shipped:
                st.image(shipped, width=280, alt=_("Drawn pictures"))
    st.space("stretch")  # align the bottom of the three cards
    navigation.link("gan-draw", _("More ways to draw"), ":material/arrow_forward:", run=run.id)
