"""Writing together: the story in two colours, the network's offers as buttons, every version kept."""

import json
from collections.abc import Sequence

import streamlit as st

from core.charlm.inference.request import Settings
from core.charlm.inside.coauthoring import NETWORK, PERSON, Piece, Story, from_marks, marks
from core.charlm.inside.suggestions import Suggestion, Suggestions
from core.i18n import _
from core.runs.run import Run
from ui.charlm.choose_text import IN_ADDRESS
from ui.charlm.colored_text import BOX, visible
from ui.charlm.copying import beside
from ui.charlm.open_run import opened_of
from ui.shell.cache_keys import of_model
from ui.widgets.palette import COOL
from ui.widgets.text import escape, guard, md

OFFERS, CHARACTERS = 5, 5
GO_ON = 200  # characters that it writes by itself
PEN = "together"  # the key of the story in the session


def story() -> Story:
    """The session's story; an address that this session has not written itself brings its own."""
    given = st.query_params.get("text", ""), st.query_params.get("who", "")
    written = st.session_state.setdefault(f"{PEN} addresses", set())
    if PEN not in st.session_state or (given[0] and hash(given) not in written):
        st.session_state[PEN] = Story.of(from_marks(*given))
        st.session_state["typed"] = ""
    found: Story = st.session_state[PEN]
    return found


def tell_address(pieces: Sequence[Piece]) -> None:
    """Put the story into the address while it is short enough for one."""
    text = "".join(piece.text for piece in pieces)
    value = (text, marks(pieces)) if 0 < len(text) <= IN_ADDRESS else ("", "")
    for name, part in zip(("text", "who"), value, strict=True):
        if part and st.query_params.get(name) != part:
            st.query_params[name] = part
        elif not part and name in st.query_params:
            del st.query_params[name]
    st.session_state[f"{PEN} addresses"].add(hash(value))


def teller_of(run: Run) -> Suggestions:
    """One for each session: it remembers the states of this story's versions."""
    key = ("teller", *of_model(run))
    if st.session_state.get(f"{PEN} teller", (None,))[0] != key:
        st.session_state[f"{PEN} teller"] = key, opened_of(run).teller()
    found: Suggestions = st.session_state[f"{PEN} teller"][1]
    return found


def html(pieces: Sequence[Piece]) -> str:
    """The story; what the network wrote stands on a ground of its own."""
    grounds = {PERSON: "none", NETWORK: f"rgba({COOL},.22)"}
    spans = [
        f'<span style="background:{grounds[piece.who]};border-radius:3px">{escape(piece.text)}</span>'
        for piece in pieces
    ]
    return f'<div style="{BOX};font-size:1.1rem">{"".join(spans)}<span style="opacity:.5">▏</span></div>'


def typed() -> str:
    return str(st.session_state.get("typed", ""))


def keep_typed() -> None:
    """What stands in the box becomes part of the story."""
    words = typed()
    st.session_state["typed"] = ""
    with guard("together"):
        st.session_state[PEN].add(words, PERSON)


def take(before: str, text: str) -> None:
    """Accept an offer that was made for the text `before`; one that has been overtaken by typing is not taken."""
    told: Story = st.session_state[PEN]
    if told.text + typed() != before:
        return
    keep_typed()
    with guard("together"):
        told.add(text, NETWORK)


def change(action: str) -> None:
    keep_typed()
    told: Story = st.session_state[PEN]
    with guard("together"):
        if action == "line":
            told.add("\n", PERSON)
        else:
            getattr(told, action)()


def go_on(run: Run, temperature: float, length: int) -> None:
    """Let the network write by itself; the number of versions is the seed, so that a second try differs."""
    keep_typed()
    told: Story = st.session_state[PEN]
    with guard("together"):
        settings = Settings(length=length, temperature=temperature, seed=len(told.versions))
        told.add(opened_of(run).writer.write_held(told.text, settings, ())[0], NETWORK)


def rewrite() -> None:
    with guard("together"):
        st.session_state[PEN].rewrite(st.session_state["whole"])
        st.session_state["typed"] = ""


def to_branch() -> None:
    keep_typed()
    with guard("together"):
        st.session_state[PEN].go(st.session_state["branch"])


def offers(before: str, found: Sequence[Suggestion], shortcuts: str, key: str) -> None:
    for number, (offer, letter) in enumerate(zip(found, shortcuts, strict=False)):
        shown = "".join(map(visible, offer.text))
        st.button(
            f"{md(shown)} · {offer.probability:.0%}" if offer.probability >= 0.01 else f"{md(shown)} · < 1%",
            key=f"{key}-{number}",
            shortcut=f"Alt+{letter}",
            on_click=take,
            args=(before, offer.text),
            width="stretch",
        )


def pens(told: Story) -> None:
    """Who wrote how much, and the branches."""
    shares = told.shares()
    total = max(1, sum(shares.values()))
    st.caption(
        _("You wrote {you} characters ({share:.0%}), the network {it}: its words stand on a violet ground.").format(
            you=shares[PERSON], share=shares[PERSON] / total, it=shares[NETWORK]
        )
    )
    branches = told.branches()
    if len(branches) > 1:
        st.session_state["branch"] = told.now if told.now in branches else branches[-1]
        st.selectbox(
            _("Branches: every way that this text has gone"),
            branches,
            format_func=lambda number: _("{n} · … {end}").format(
                n=number, end="".join(map(visible, told.versions[number].text[-50:]))
            ),
            key="branch",
            on_change=to_branch,
        )


def downloads(run: Run, told: Story) -> None:
    with st.container(horizontal=True):
        st.download_button(
            _("Download .txt"), told.text, file_name=f"{run.id}-together.txt", icon=":material/download:"
        )
        st.download_button(
            _("With marks, .json"),
            json.dumps(
                {"run": run.id, "pieces": [{"who": _who(piece.who), "text": piece.text} for piece in told.pieces]},
                ensure_ascii=False,
                indent=1,
            ),
            file_name=f"{run.id}-together.json",
            icon=":material/data_object:",
        )
    if len(told.text) >= 20:
        beside(run, told.text, "together-span")


def _who(who: str) -> str:
    return {PERSON: "person", NETWORK: "network"}[who]
