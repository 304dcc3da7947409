"""The character model's card on the Overview: continues a prompt."""

import streamlit as st

from core.charlm.inference.request import Settings
from core.i18n import _
from core.runs.run import Run
from ui.charlm.writing import last_sample, plain, writer_of
from ui.shell import navigation
from ui.widgets.text import md

LENGTH = 260


def card(run: Run) -> None:
    st.caption(_("It has read “{name}” and goes on from your words.").format(name=md(run.name)))
    prompt = st.text_input(_("Begin"), _("The lamp"), key="card-prompt", max_chars=200)
    if st.button(_("Write on"), key="card-write", icon=":material/edit_note:"):
        st.session_state["card-seed"] = st.session_state.get("card-seed", 0) + 1
        with st.spinner(_("Writing …")):
            settings = Settings(length=LENGTH, temperature=0.7, seed=st.session_state["card-seed"])
            st.session_state["card-text"] = (prompt, writer_of(run).write(prompt, settings)[0])
    said, text = st.session_state.get("card-text") or ("", last_sample(run)[:LENGTH])
    with st.container(height=190, border=False):
        st.html(plain(said, text))
    st.space("stretch")  # align the bottom of the three cards
    navigation.link("text-write", _("More room to write"), ":material/arrow_forward:", run=run.id)
