"""Verbatim overlap with the training text: longest match, novelty curve, marked passages and their sources."""

from typing import TYPE_CHECKING

import streamlit as st

from core.i18n import _
from core.runs.run import Run
from ui.charlm import colored_text
from ui.charlm.choose_text import own_text, show_sentence, written_text
from ui.charlm.open_run import copies_of, text_of
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import HEAT, TRAIN
from ui.widgets.text import escape, md

if TYPE_CHECKING:
    from core.charlm.inside.copying import Copying, Span

BEFORE, AFTER = 120, 240  # characters of the source shown around a copied stretch
LISTED = 40


def show(run: Run) -> None:
    ways = {"writes": _("What it writes"), "own": _("A text of yours")}
    way = choose(st.segmented_control, _("Which text"), ways, key="copied", required=True, label_visibility="collapsed")
    text = written_text(run) if way == "writes" else own_text()
    if not text:
        st.info(_("Paste a text to see what of it stands in the training text."))
        return
    details(run, text)


def copying_summary(run: Run, text: str, key: str) -> None:
    """Show a one-line summary beside a generated text, with details in a popover."""
    found = copies_of(run, text)
    st.caption(md(sentence(found)))
    if found.spans:
        with st.popover(_("Copied stretches: {count}").format(count=len(found.spans)), icon=":material/content_copy:"):
            _marked(run, text, found, key)


def sentence(found: "Copying") -> str:
    if not found.novelty:
        return _("Too short to compare.")
    if found.longest is None:
        return _("Not even four characters in a row stand in the training text.")
    k = min(8, *found.novelty) if max(found.novelty) < 8 else 8
    return _(
        "The longest run that stands word for word in the training text has {longest} characters; {share:.0%} of the "
        "stretches of {k} characters are new."
    ).format(longest=found.longest.length, share=found.novelty[k], k=k)


def details(run: Run, text: str) -> None:
    """Show the summary, the novelty curve, the marked text and the places in the source."""
    found = copies_of(run, text)
    show_sentence(sentence(found))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _marked(run, text, found, "span")
    with right:
        if found.novelty:
            chart = figures.figure(_("length of a stretch, characters"), _("share that is new"), revision="novelty")
            figures.line(
                chart, list(found.novelty), list(found.novelty.values()), _("new"), TRAIN, mode="lines+markers"
            )
            chart.update_layout(showlegend=False)
            chart.update_yaxes(range=[-0.03, 1.03], tickformat=".0%")
            figures.draw(
                chart,
                key="novelty",
                alt=_("The share of the text's stretches that the training text does not have, by their length"),
                table={_("characters"): list(found.novelty), _("share that is new"): list(found.novelty.values())},
            )


def _marked(run: Run, text: str, found: "Copying", key: str) -> None:
    from core.charlm.data.prepare import clean

    options = run.options
    source = text_of(run)
    pieces = source.vocabulary.split(clean(text, options.lowercase, options.nfkc)[0])  # type: ignore[attr-defined]
    with st.container(border=True, height=330):
        st.html(_html(pieces, found.spans))
    if not found.spans:
        st.caption(_("No stretch of twelve characters or more stands in the training text."))
        return
    ranked = sorted(found.spans, key=lambda span: -span.length)[:LISTED]
    labels = {str(number): _label(pieces, span, number) for number, span in enumerate(ranked, start=1)}
    span = ranked[int(choose(st.selectbox, _("Open its place in the training text"), labels, key=key)) - 1]
    ids = source.ids
    before, middle, after = (
        source.vocabulary.decode(part)
        for part in (
            ids[max(0, span.source - BEFORE) : span.source],
            ids[span.source : span.source + span.length],
            ids[span.source + span.length : span.source + span.length + AFTER],
        )
    )
    line = source.vocabulary.decode(ids[: span.source]).count("\n") + 1
    st.caption(_("Character {place:,}, line {line:,} of the training text:").format(place=span.source, line=line))
    with st.container(border=True, height=230):
        st.html(colored_text.excerpt(before, middle, after))


def _label(pieces: list[str], span: "Span", number: int) -> str:
    words = "".join(pieces[span.start : span.start + span.length]).replace("\n", "⏎")
    return _("{number} · {length} characters · {words}").format(number=number, length=span.length, words=words[:60])


def _html(pieces: list[str], spans: "tuple[Span, ...]") -> str:
    """HTML of the text with copied passages highlighted, more strongly for longer ones; overlaps are merged."""
    parts, done = [], 0
    for span in spans:
        begin, end = max(done, span.start), span.start + span.length
        parts.append(escape("".join(pieces[done:begin])))
        ground = f"rgba({HEAT},{min(0.6, 0.12 + span.length / 120):.2f})"
        title = escape(_("{n} characters, from {place:,}").format(n=span.length, place=span.source))
        words = escape("".join(pieces[begin:end]))
        parts.append(
            f'<mark title="{title}" style="color:inherit;border-radius:3px;background:{ground}">{words}</mark>'
        )
        done = end
    parts.append(escape("".join(pieces[done:])))
    return f'<div style="{colored_text.BOX}">{"".join(parts)}</div>'
