"""The first page: a demo run of each family to try, and a button that trains a new one."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from core.runs.store import list_runs
from ui.home.cards import card
from ui.shell import language, navigation

with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.title("Hidden State", anchor=False, width="content")
    language.picker("language-above")
st.markdown(
    _(
        "A studio for small neural networks: bring a text, a table or a heap of pictures, train a network on it, "
        "watch it learn, use it, and look inside."
    )
)

columns = st.columns(len(FAMILIES), gap="medium")
for family, column in zip(FAMILIES.values(), columns, strict=True):
    with column:
        card(family)

recent = [run for run in list_runs() if not run.id.startswith("demo-")][:5]
if recent:
    st.subheader(_("Your latest runs"), anchor=False)
    with st.container(horizontal=True):
        for run in recent:
            navigation.link("run", run.name, FAMILIES[run.family].icon if run.family in FAMILIES else None, run=run.id)

st.subheader(_("Understand it"), anchor=False)
st.markdown(_("Fourteen pages compute, with real numbers, every network that stands behind these three."))
navigation.link("learn", _("The notes as a map"), ":material/map:")
