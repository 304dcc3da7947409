"""Co-authoring: the user types, the network suggests continuations, the text is coloured by author."""

import streamlit as st

from core.charlm.inference.request import Settings
from core.charlm.inside.coauthoring import PERSON, Piece, merge_pieces
from core.i18n import _
from core.runs.run import Run
from ui.charlm import coauthoring as coauthor
from ui.charlm.open_run import opened_of
from ui.runs.picker import pick_run
from ui.shell.hosting import text_limit
from ui.widgets.config_form import request_widget
from ui.widgets.text import guard


@st.fragment
def editor(run: Run) -> None:
    with guard("together"):
        document, suggestions = coauthor.session_document(), coauthor.suggestions_of(run)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            heat = request_widget(Settings, "temperature", width=260)
            length = request_widget(
                Settings,
                "length",
                label=_("Characters by itself"),
                key="alone",
                value=coauthor.GO_ON,
                step=50,
                width=190,
            )
        left, right = st.columns([3, 2], gap="medium")
        with left:
            page = st.container(border=True, height=300)
            words = st.text_input(
                _("You write"), key="typed", live="200ms", max_chars=2000,
                placeholder=_("Type here; take an offer by its button, or with Alt and its number"),
            )  # fmt: skip
            with st.container(horizontal=True):
                st.button(
                    _("Let it go on"), icon=":material/edit_note:", type="primary", shortcut="Alt+G", key="go-on",
                    on_click=coauthor.generate, args=(run, heat, length),
                )  # fmt: skip
                for action, label, icon, letter, off in (
                    ("line", _("New line"), "keyboard_return", "L", False),
                    ("undo", _("Undo"), "undo", "Z", not document.current and not words),
                    ("redo", _("Redo"), "redo", "Y", not document.redo_stack),
                ):
                    st.button(
                        label, icon=f":material/{icon}:", shortcut=f"Alt+{letter}", key=action, disabled=off,
                        on_click=coauthor.apply_action, args=(action,),
                    )  # fmt: skip
        pieces = merge_pieces([*document.pieces, Piece(words, PERSON)])
        page.html(coauthor.html(pieces))
        now = document.text + words
        with right:
            st.caption(_("It would go on with"))
            coauthor.suggestion_buttons(now, suggestions.continuations(now, heat, coauthor.OFFERS), "12345", "offer")
            st.caption(_("or only with the character"))
            coauthor.suggestion_buttons(
                now, suggestions.characters(now, heat, coauthor.CHARACTERS), "67890", "character"
            )
        coauthor.authorship(document)
        coauthor.write_to_address(pieces)
        coauthor.downloads(run, document)
        with st.expander(_("Change anything"), icon=":material/edit:", key="edit", on_change="rerun") as edit:
            if edit.open:
                st.session_state["whole"] = document.text
                st.text_area(
                    _("The whole text; what you change is yours"), key="whole", height=220, on_change=coauthor.rewrite,
                    max_chars=text_limit(),
                )  # fmt: skip


st.title(_("Write together"), anchor=False)
run = pick_run("charlm")
if run is None:
    st.stop()
with guard("together"):
    opened_of(run)
    editor(run)
