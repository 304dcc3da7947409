"""Index of the concept pages as a map of prerequisites, with visited pages marked."""

import re

import streamlit as st

from core.i18n import _
from core.lab.concept import CONCEPTS, MODULES
from ui.learn.concept_map import concept_map
from ui.learn.page import PICTURE
from ui.shell import navigation
from ui.widgets.text import md

FIRST = re.compile(r"[.:] |[。：]")  # a summary's first statement ends here

st.title(_("The notes as a map"), anchor=False)
st.markdown(
    _(
        "Every network of the notes, computed here with real numbers: each page has the formula with its digits, a "
        "picture to step through, a question to answer before looking, and the same in Keras. An arrow leads from "
        "what is needed to what builds on it; the numbers are the notes' order."
    )
)

built = {screen.key for screen in navigation.screens()}
concepts = {key: CONCEPTS[key] for key in MODULES if key in built}
titles = navigation.concepts()
carried = st.query_params.get("opened", "")[:1000].split(",")
opened = [key for key in concepts if key in carried or key in st.session_state.get("lab:opened", [])]
st.session_state["lab:opened"] = opened
strange = [key for key in carried if key and key not in MODULES]
if strange:
    names = ", ".join(f"“{md(key[:40])}”" for key in strange[:5])
    st.warning(_("The address names {names}, which is no page here.").format(names=names), icon=":material/link_off:")
if opened:
    st.query_params["opened"] = ",".join(opened)
elif "opened" in st.query_params:
    del st.query_params["opened"]


def clicked() -> None:
    points = st.session_state["learn-map"].selection.points
    if points and points[0].get("customdata") in concepts:
        navigation.go(points[0]["customdata"])


left, right = st.columns([5, 6], gap="large")
with left:
    st.plotly_chart(
        concept_map(concepts, titles, opened),
        key="learn-map",
        config=PICTURE,
        alt=_("The concepts and what leads to what; the same is listed beside it"),
        on_select=clicked,
        selection_mode="points",
    )
    st.caption(
        _(
            ":green[Green] is what you have opened: {n} of {of}. The app keeps no account of you: it remembers this as "
            "long as the tab is open, and this page's address carries it, so a bookmark of it keeps it for good."
        ).format(n=len(opened), of=len(concepts))
    )
with right:
    for number, key in enumerate(MODULES, 1):
        if key not in concepts:
            continue
        concept = concepts[key]
        with st.container(border=True, gap=None):
            navigation.link(key, f"**{number} · {md(concept.title)}**", ":material/check:" if key in opened else None)
            st.markdown(md(FIRST.split(concept.summary)[0] + _(".")))
            if concept.prerequisites:
                first = ", ".join(titles[before] for before in concept.prerequisites)
                st.caption(_("First: {titles}").format(titles=md(first)))
