"""Sample images from a trained generator by seed, class and truncation; download as PNG, npz or GIF."""

import shlex

import numpy as np
import streamlit as st

from core.flags import request_words
from core.gan.inference import image_files
from core.gan.inference.draw import interpolate_frames
from core.gan.inference.request import Film, Sample, next_seed
from core.i18n import _
from ui.gan.drawing import animation, sampler_of, sheet
from ui.runs.picker import pick_run
from ui.shell import navigation
from ui.widgets.config_form import label_of, request_widget
from ui.widgets.text import guard

st.title(_("Draw"), anchor=False)
run = pick_run("gan")
if run is None:
    st.stop()

with guard("draw"):
    sampler = sampler_of(run)
    with st.grid(min_column_width=170):
        values = {name: request_widget(Sample, name) for name in ("count", "seed", "truncation")}
        kinds = [_("all in turn"), *sampler.classes]
        kind = st.selectbox(label_of("choice", Sample.model_fields), kinds, key="kind") if sampler.classes else None
    choice = None if kind in (None, kinds[0]) else str(kind)
    request = Sample(choice=choice, **values)
    noise = sampler.noise(request.count, request.seed, request.truncation)
    shares = sampler.shares(request.count, choice)
    pictures = sampler.draw(noise, shares)
    st.image(sheet(pictures), alt=_("{n} drawn pictures").format(n=len(pictures)))
    st.caption(_("Made from noise; another seed draws others."))

    words = ["python", "-m", "core", "sample", run.id, *request_words(request, ("count", "seed"))]
    with st.container(horizontal=True):
        st.download_button("PNG", sheet(pictures), f"{run.id}.png", "image/png", icon=":material/download:")
        st.download_button("npz", image_files.npz(pictures=pictures), f"{run.id}.npz", icon=":material/download:")
        if st.button(_("Film to the next seed"), icon=":material/movie:"):
            goal = sampler.noise(request.count, next_seed(request.seed), request.truncation)
            with st.spinner(_("Drawing the film …")):
                path = interpolate_frames(noise[:36], goal[:36], Film().frames)
                class_shares = None if shares is None else shares[:36]
                frames = np.stack([sampler.draw(step, class_shares) for step in path])
                st.session_state["film"] = (run.id, animation(np.concatenate([frames, frames[::-1]])))
        navigation.link("gan-inside", _("Walk about in its noise"), ":material/visibility:", run=run.id)
    made = st.session_state.get("film")
    if made and made[0] == run.id:
        st.image(made[1], alt=_("From one seed to the next along the sphere"))
        st.download_button("GIF", made[1], f"{run.id}.gif", "image/gif", icon=":material/download:")
    with st.expander(_("The command that draws exactly these"), icon=":material/terminal:"):
        st.code(shlex.join([*words, "--output", "grid.png"]), language="bash", wrap_lines=True)
