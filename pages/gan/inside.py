"""Inspect a generator's latent space: directions, interpolation, A − B + C, inversion, memorisation."""

import streamlit as st

from core.i18n import _
from ui.gan import latent_views
from ui.runs.picker import pick_run
from ui.widgets.text import guard

st.title(_("Inside the noise"), anchor=False)
run = pick_run("gan")
if run is None:
    st.stop()

VIEWS = {
    "directions": (_("Directions"), latent_views.directions),
    "walk": (_("Walk"), latent_views.walk),
    "sum": (_("A − B + C"), latent_views.arithmetic),
    "find": (_("Find a picture"), latent_views.find_picture),
    "memory": (_("Does it copy?"), latent_views.memorization),
    "film": (_("Film of the training"), latent_views.training_animation),
}
asked = st.query_params.get("view")
view = st.segmented_control(
    _("View"), list(VIEWS), default=asked if asked in VIEWS else "directions", required=True, key="gan-view",
    format_func=lambda key: VIEWS[key][0], label_visibility="collapsed",
)  # fmt: skip
st.query_params["view"] = view
with guard(f"gan inside {view}"):
    VIEWS[view][1](run)
