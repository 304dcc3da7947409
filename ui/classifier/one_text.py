"""Classify one text: label, probabilities, and the tokens that were read."""

import shlex

import streamlit as st

from core.classifier.inference.classify import Answer
from core.classifier.inference.request import Settings
from core.flags import request_words
from core.i18n import _
from core.runs.run import Run
from ui.classifier.cached_data import evaluation_of
from ui.classifier.colored_text import bar, read
from ui.classifier.open_run import classifier_of
from ui.classifier.run_view import final_probes
from ui.shell import navigation
from ui.shell.hosting import text_limit
from ui.widgets.config_form import request_widget
from ui.widgets.palette import NEUTRAL, TRAIN
from ui.widgets.text import md

SHOWN = 12  # classes with a bar
ADDRESS = 1500  # maximum characters of a text in an address


def example(run: Run) -> str:
    """A validation text of the run, as initial input."""
    rows = final_probes(run)
    return rows[0]["text"] if rows else ""


def text_from_address(run: Run) -> str:
    return st.query_params.get("text") or example(run)


def text_to_explain(run: Run) -> str:
    """The text selected by the address: parameter `text`, or `test`, the index of a test text."""
    place = st.query_params.get("test", "")
    if "text" in st.query_params or not place:
        return st.query_params.get("text") or st.session_state.get("why-text") or example(run)
    texts = evaluation_of(run).texts
    return texts[int(place)] if place.isdecimal() and int(place) < len(texts) else example(run)


def why_query(text: str, place: int | None = None) -> dict[str, str]:
    """Query parameters of a link to Why: the text itself, or the test index of a long one."""
    if len(text) <= ADDRESS:
        return {"text": text}
    return {} if place is None else {"test": str(place)}


def keep_in_address(text: str) -> None:
    """Put a text of a moderate length into the address, so that a link shows the same."""
    if len(text) <= ADDRESS and st.query_params.get("text") != text:
        st.query_params["text"] = text
        st.query_params.pop("test", None)
    elif len(text) > ADDRESS:
        st.query_params.pop("text", None)


def show_answer(run: Run, answer: Answer) -> None:
    classes = classifier_of(run).classes
    label = answer.label if answer.sure else _("not sure")
    st.markdown(f"### {md(label)} :small[:gray[{answer.confidence:.1%}]]")
    order = sorted(range(len(classes)), key=lambda at: -answer.probabilities[at])[:SHOWN]
    top = order[0]
    st.html(
        "".join(
            bar(classes[at], float(answer.probabilities[at]), TRAIN if at == top and answer.sure else NEUTRAL)
            for at in order
        )
    )
    if len(classes) > SHOWN:
        st.caption(_("{n} more classes are less likely.").format(n=len(classes) - SHOWN))
    with st.container(border=True):
        st.html(read(answer.text, answer.tokens, _("unknown to it"), _("cut off")))
    st.caption(reading(run, answer))


def reading(run: Run, answer: Answer) -> str:
    """How much of the text the network has read, in a sentence."""
    if not answer.tokens:
        return _("There is no word or sign in it: the network sees one unknown token.")
    seen = len(answer.tokens) - answer.cut
    parts = [_("Each underlined piece is one of {n:,} tokens that it reads.").format(n=seen)]
    if answer.unknown:
        parts.append(_("{n:,} of them, on a warm ground, it has never learned.").format(n=answer.unknown))
    if answer.unknown == seen:
        parts.append(_("It knows none of them: this answer is a guess."))
    if answer.cut:
        where = {"end": _("end"), "start": _("start"), "middle": _("middle")}[run.options.truncation]  # type: ignore[attr-defined]
        parts.append(_("{n:,} more, struck through at the {where}, are cut off.").format(n=answer.cut, where=where))
    return " ".join(parts)


def one_text(run: Run, threshold: float) -> None:
    """Draw the text input and, live, the prediction."""
    text = st.text_input(
        _("A text"),
        text_from_address(run),
        key=f"use-text-{run.id}",
        live=True,
        max_chars=text_limit(),
        placeholder=_("Type or paste a text"),
    )
    if not text:
        st.info(_("Type a sentence: the network judges it as you type."))
        return
    show_answer(run, classifier_of(run).answer(text, threshold))
    with st.container(horizontal=True):
        st.session_state["why-text"] = text  # for a text too long for an address
        label = _("Why? See what it looked at")
        navigation.link("classify-why", label, ":material/visibility:", run=run.id, **why_query(text))
    with st.expander(_("The command that does the same"), icon=":material/terminal:"):
        words = ["python", "-m", "core", "classify", run.id, text[:2000]]
        st.code(shlex.join(words + threshold_flag(threshold)), language="bash", wrap_lines=True)


def threshold_slider() -> float:
    return float(request_widget(Settings, "threshold", format="percent"))


def threshold_flag(threshold: float) -> list[str]:
    return request_words(Settings(threshold=threshold))
