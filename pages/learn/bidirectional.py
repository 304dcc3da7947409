"""Bidirectional RNN: change a word and see which forward and backward states depend on it."""

from typing import Any

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import bidirectional
from ui.learn.gap import fill_the_gap
from ui.learn.heatmap import frame, heat
from ui.learn.page import Lab
from ui.widgets.palette import BAD, VALIDATION

SENTENCE = "tomorrow morning we bring one English book"
UNITS = bidirectional.H
lab = Lab(bidirectional.CONCEPT)
lab.header()
controls, picture, below = lab.columns(None)

with controls:
    typed = lab.text("sentence", _("A sentence"), SENTENCE, width=380)
    words = lab.or_fallback(lambda: bidirectional.split(typed), lambda: bidirectional.split(SENTENCE))
    last = len(words)
    place = min(lab.number("place", _("Change word"), 1, bidirectional.MAX_WORDS, 7, 1, width=110), last)
    other = lab.text("other", _("into"), "snack", limit=30, width=130).split() or ["—"]
    unit = lab.choice("unit", _("Unit in digits"), {str(n + 1): str(n + 1) for n in range(UNITS)})
    seed = lab.seed()

changed = (*words[: place - 1], other[0], *words[place:])
before, after = bidirectional.read(words, seed), bidirectional.read(changed, seed)
forward, backward = bidirectional.moved(before, after)
reading: list[tuple[bidirectional.Direction, int]] = [("forward", t) for t in range(last)]
reading += [("backward", t) for t in reversed(range(last))]


def picture_of(states: bidirectional.States, done: int, name: str, alt: str, moved: bool) -> None:
    table = np.full((2 * UNITS, last), np.nan)
    for direction, t in reading[: done + 1]:
        top = 0 if direction == "forward" else UNITS
        table[top : top + UNITS, t] = getattr(states, direction)[t]
    rows = [f"{arrow} {n + 1}" for arrow in "→←" for n in range(UNITS)]
    chart = heat(table, rows, states.words, low=-1.4, high=1.4, names=("", "", _("state")), clickable=True)
    chart.update_xaxes(tickangle=-40 if last > 7 else 0)
    if moved:
        for top, distances in ((0, forward), (UNITS, backward)):
            for t in np.flatnonzero(distances).tolist():
                frame(chart, top, t, BAD, height=UNITS)
    else:
        direction, t = reading[done]
        frame(chart, (0 if direction == "forward" else UNITS) + int(unit) - 1, t, VALIDATION)
    numbers: dict[str, Any] = {_("word"): states.words} | {
        row: list(values) for row, values in zip(rows, table, strict=True)
    }
    if moved:
        numbers = {_("word"): states.words, _("→ moved by"): forward, _("← moved by"): backward}
    lab.figure(chart, name, alt, numbers, on_click=clicked)


def clicked(cell: list[int]) -> None:
    direction: bidirectional.Direction = "forward" if cell[0] < UNITS else "backward"
    lab.set_value("unit", str(cell[0] % UNITS + 1))
    lab.go_to_step(reading.index((direction, cell[1])))


with picture:
    at = lab.step_controls(2 * last - 1, start=2 * last - 1, marks=[last - 1], mark=_("All forward"))
    st.markdown(
        _("**The sentence as it is.** Forward states (→) are read from the left, backward states (←) from the right.")
    )
    picture_of(before, at, "before", _("Forward and backward states of every word"), False)
    direction, t = reading[at]
    lab.worked_formula(bidirectional.formula_with_digits(before, t, direction, int(unit) - 1), small=True)

with below:
    st.markdown(_("**One word changed.** Framed in red: the states that have heard of it."))
    picture_of(after, 2 * last - 1, "after", _("The states after the change; those that moved are framed"), True)
    lab.ask_question(bidirectional.question(words, place - 1, min(last, 2) - 1, seed), plain=True)

lab.keras_snippet(lambda: bidirectional.snippet(before))
st.subheader(_("Fill the gap, trained here"), anchor=False)
st.caption(
    _("What stands before the gap names a subject and a time of day; only the word after it says which is meant.")
)
fill_the_gap(lab, seed)
lab.footer()
