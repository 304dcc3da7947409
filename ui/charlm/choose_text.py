"""Choose the text to analyse: part of the run's text, a generated one, or the user's."""

from dataclasses import dataclass

import streamlit as st

from core.charlm.inference.request import Generate, Settings
from core.i18n import _
from core.runs.run import Run
from ui.charlm.open_run import clamp_state, opened_of, text_of
from ui.shell.address import choose
from ui.shell.hosting import text_limit
from ui.widgets.config_form import request_widget
from ui.widgets.text import md

IN_ADDRESS = 1500  # maximum characters of a user's text in the address
LINE = 400  # maximum characters to skip to the start of a line


@dataclass(frozen=True)
class Chosen:
    """start: its offset in the run's text, or None."""

    text: str
    start: int | None = None


def choose_text(run: Run, size: int) -> Chosen:
    """Draw the choice, stored in the address; part of the run's text has `size` characters."""
    ways = {"piece": _("A piece of its text"), "writes": _("What it writes"), "own": _("Your text")}
    way = choose(st.segmented_control, _("Which text"), ways, key="of", required=True, label_visibility="collapsed")
    if way == "own":
        return Chosen(own_text())
    if way == "writes":
        return Chosen(written_text(run))
    return _piece(run, size)


def _piece(run: Run, size: int) -> Chosen:
    """Start at the first line start at or after the slider's offset, since reading starts from a line-feed state."""
    text = text_of(run)
    edge = len(text.text) - text.validation  # in characters, which is exact where no symbol has several
    last = max(0, len(text.text) - 100)
    clamp_state("at", 0, last)
    at = st.slider(
        _("It begins at character"),
        0,
        max(1, last),
        min(edge, last),
        key="at",
        bind="query-params",
        help=_("From character {edge:,} on it is the validation part, which the network was never trained on.").format(
            edge=edge
        ),
    )
    line = text.text.find("\n", max(0, at - 1), at + LINE) + 1 if at else 0
    while text.text[line : line + 1] == "\n":
        line += 1
    begin = line or at
    return Chosen(text.text[begin : begin + size] or text.text[-size:], begin)


def own_text() -> str:
    """A text area; its text is stored in the address where it is short enough."""
    if "own" not in st.session_state:
        st.session_state["own"] = st.query_params.get("text", "")
    text = st.text_area(_("Your text"), key="own", height=130, persist_state="session", max_chars=text_limit())
    if 0 < len(text) <= IN_ADDRESS:
        st.query_params["text"] = text
    else:
        st.query_params.pop("text", None)
    if len(text) > IN_ADDRESS:
        st.caption(_("This text is too long for the address: a link to this page does not carry it."))
    return text


def written_text(run: Run) -> str:
    """Generate a text, including the prompt, with settings stored in the address."""
    prompt, settings = writing_settings(run)
    return prompt + opened_of(run).writer.write_with_gates(prompt, settings, ())[0]


def writing_settings(run: Run, length: int = 800) -> tuple[str, Settings]:
    """Draw inputs for prompt, length, temperature and seed in one row."""
    with st.grid(min_column_width=150):
        prompt = request_widget(Generate, "prompt", max_chars=500)  # an address has to carry it
        values = {
            "length": request_widget(Settings, "length", value=length),
            "temperature": request_widget(Settings, "temperature", number=True),
            "seed": request_widget(Settings, "seed"),
        }
    return prompt, Settings(**values)


def show_sentence(sentence: str) -> None:
    """Show a sentence about the view, with Markdown escaped."""
    st.markdown(md(sentence))


def notes(cut: int, unknown: list[str]) -> None:
    """Show how much of the text was cut, and which characters are out of vocabulary."""
    if cut:
        st.caption(_("The text is long: its first 20,000 characters are read, {cut:,} are left out.").format(cut=cut))
    if unknown:
        shown = " ".join(repr(symbol)[1:-1] for symbol in unknown[:20])
        st.caption(_("Never seen in training, and read as “unknown”:") + " " + md(shown))


def window(key: str, total: int, size: int) -> tuple[int, int]:
    """Draw a slider for the visible window of a long text; return (begin, end)."""
    if total <= size:
        return 0, total
    step = max(1, size // 4)
    last = (total - size + step - 1) // step * step
    clamp_state(key, 0, last)
    begin = st.slider(
        _("Show from character"),
        0,
        last,
        0,
        step,
        key=key,
        bind="query-params",
        help=_("The text has {total:,} characters; {size:,} are shown at once.").format(total=total, size=size),
    )
    return begin, min(total, begin + size)
