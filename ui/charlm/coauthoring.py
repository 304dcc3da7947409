"""Co-authoring: the document coloured by author, suggestions as buttons, version history."""

import json
from collections.abc import Sequence

import streamlit as st

from core.charlm.inference.request import Settings
from core.charlm.inside.coauthoring import NETWORK, PERSON, Document, Piece, decode_authors, encode_authors
from core.charlm.inside.suggestions import Suggestion, Suggestions
from core.i18n import _
from core.runs.run import Run
from ui.charlm.choose_text import IN_ADDRESS
from ui.charlm.colored_text import BOX, visible
from ui.charlm.copying import copying_summary
from ui.charlm.open_run import opened_of
from ui.shell.cache_keys import model_key
from ui.widgets.palette import COOL
from ui.widgets.text import escape, guard, md

OFFERS, CHARACTERS = 5, 5
GO_ON = 200  # default length of generated text
SESSION_KEY = "together"  # key of the document in the session state


def session_document() -> Document:
    """The session's document; an address not written by this session replaces it."""
    given = st.query_params.get("text", ""), st.query_params.get("who", "")
    written = st.session_state.setdefault(f"{SESSION_KEY} addresses", set())
    if SESSION_KEY not in st.session_state or (given[0] and hash(given) not in written):
        st.session_state[SESSION_KEY] = Document.from_pieces(decode_authors(*given))
        st.session_state["typed"] = ""
    found: Document = st.session_state[SESSION_KEY]
    return found


def write_to_address(pieces: Sequence[Piece]) -> None:
    """Store the document in the address where it is short enough."""
    text = "".join(piece.text for piece in pieces)
    value = (text, encode_authors(pieces)) if 0 < len(text) <= IN_ADDRESS else ("", "")
    for name, part in zip(("text", "who"), value, strict=True):
        if part and st.query_params.get(name) != part:
            st.query_params[name] = part
        elif not part and name in st.query_params:
            del st.query_params[name]
    st.session_state[f"{SESSION_KEY} addresses"].add(hash(value))


def suggestions_of(run: Run) -> Suggestions:
    """The session's Suggestions, which cache the states of the document's versions."""
    key = ("suggestions", *model_key(run))
    if st.session_state.get(f"{SESSION_KEY} suggestions", (None,))[0] != key:
        st.session_state[f"{SESSION_KEY} suggestions"] = key, opened_of(run).suggestions()
    found: Suggestions = st.session_state[f"{SESSION_KEY} suggestions"][1]
    return found


def html(pieces: Sequence[Piece]) -> str:
    """HTML of the document; the network's text has a background colour."""
    grounds = {PERSON: "none", NETWORK: f"rgba({COOL},.22)"}
    spans = [
        f'<span style="background:{grounds[piece.author]};border-radius:3px">{escape(piece.text)}</span>'
        for piece in pieces
    ]
    return f'<div style="{BOX};font-size:1.1rem">{"".join(spans)}<span style="opacity:.5">▏</span></div>'


def typed() -> str:
    return str(st.session_state.get("typed", ""))


def append_typed() -> None:
    """Append the text of the input box to the document."""
    words = typed()
    st.session_state["typed"] = ""
    with guard("together"):
        st.session_state[SESSION_KEY].add(words, PERSON)


def accept(before: str, text: str) -> None:
    """Append a suggestion made for the text `before`; ignore it if the text has changed since."""
    document: Document = st.session_state[SESSION_KEY]
    if document.text + typed() != before:
        return
    append_typed()
    with guard("together"):
        document.add(text, NETWORK)


def apply_action(action: str) -> None:
    append_typed()
    document: Document = st.session_state[SESSION_KEY]
    with guard("together"):
        if action == "line":
            document.add("\n", PERSON)
        else:
            getattr(document, action)()


def generate(run: Run, temperature: float, length: int) -> None:
    """Append generated text; the seed is the number of versions, so that each attempt differs."""
    append_typed()
    document: Document = st.session_state[SESSION_KEY]
    with guard("together"):
        settings = Settings(length=length, temperature=temperature, seed=len(document.versions))
        document.add(opened_of(run).writer.write_with_gates(document.text, settings, ())[0], NETWORK)


def rewrite() -> None:
    with guard("together"):
        st.session_state[SESSION_KEY].rewrite(st.session_state["whole"])
        st.session_state["typed"] = ""


def select_branch() -> None:
    append_typed()
    with guard("together"):
        st.session_state[SESSION_KEY].go_to(st.session_state["branch"])


def suggestion_buttons(before: str, found: Sequence[Suggestion], shortcuts: str, key: str) -> None:
    for number, (offer, letter) in enumerate(zip(found, shortcuts, strict=False)):
        shown = "".join(map(visible, offer.text))
        st.button(
            f"{md(shown)} · {offer.probability:.0%}" if offer.probability >= 0.01 else f"{md(shown)} · < 1%",
            key=f"{key}-{number}",
            shortcut=f"Alt+{letter}",
            on_click=accept,
            args=(before, offer.text),
            width="stretch",
        )


def authorship(document: Document) -> None:
    """Show the share of each author, and a selector of branches."""
    shares = document.characters_by_author()
    total = max(1, sum(shares.values()))
    st.caption(
        _("You wrote {you} characters ({share:.0%}), the network {it}: its words stand on a violet ground.").format(
            you=shares[PERSON], share=shares[PERSON] / total, it=shares[NETWORK]
        )
    )
    branches = document.leaf_versions()
    if len(branches) > 1:
        st.session_state["branch"] = document.current if document.current in branches else branches[-1]
        st.selectbox(
            _("Branches: every way that this text has gone"),
            branches,
            format_func=lambda number: _("{n} · … {end}").format(
                n=number, end="".join(map(visible, document.versions[number].text[-50:]))
            ),
            key="branch",
            on_change=select_branch,
        )


def downloads(run: Run, document: Document) -> None:
    with st.container(horizontal=True):
        st.download_button(
            _("Download .txt"), document.text, file_name=f"{run.id}-together.txt", icon=":material/download:"
        )
        st.download_button(
            _("With marks, .json"),
            json.dumps(
                {
                    "run": run.id,
                    "pieces": [{"who": _who(piece.author), "text": piece.text} for piece in document.pieces],
                },
                ensure_ascii=False,
                indent=1,
            ),
            file_name=f"{run.id}-together.json",
            icon=":material/data_object:",
        )
    if len(document.text) >= 20:
        copying_summary(run, document.text, "together-span")


def _who(who: str) -> str:
    return {PERSON: "person", NETWORK: "network"}[who]
