"""Train a GAN: image input, data report, preset, options, estimate."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from ui.gan import data_report
from ui.shell import teacher_links
from ui.widgets.config_form import reading_form
from ui.widgets.data_input import choose_data
from ui.widgets.text import guard
from ui.widgets.train_form import train_columns, train_form

st.title(_("Train two networks on pictures"), anchor=False)
st.caption(_("One draws, the other tells drawn from real; each learns from the other, until the drawings pass."))

family = FAMILIES["gan"]
setup = teacher_links.read_link(family)
left, right = train_columns(family, setup)
with left, guard("pictures in"):
    sources, label = choose_data("gan", many=True, hidden=setup.hides("data"))
    if not sources:
        st.info(
            _(
                "Bring at least 64 small pictures: files, a zip (sub-folders are kinds, or a labels.csv says them), "
                "arrays (.npz, .npy, MNIST's IDX), or a table with a row of pixels for each."
            )
        )
        st.stop()
    reading = teacher_links.linked_options(setup, data_report.FIELDS)
    if not setup.hides("options"):
        with st.expander(_("How the pictures are read"), icon=":material/tune:"):
            key = f"gan-reading{teacher_links.key_suffix(reading)}"
            reading = reading_form(family.options, data_report.FIELDS, reading, key=key)
    images, sizes = data_report.examine(tuple(sources), **reading)
    data_report.show(images)
    with right:
        train_form(family, sources, label, sizes, reading, setup)
