"""LSTM and GRU on a string with all gates as numbers and overrides; then the long-sentence task, trained live."""

from dataclasses import replace

import streamlit as st

from core.i18n import _
from core.lab import lstm_gru
from ui.learn import lstm_gru as figures
from ui.learn.bounded_slider import bounded
from ui.learn.long_memory import folding
from ui.learn.page import Lab
from ui.widgets.text import md

TEXT = "hidden state"


lab = Lab(lstm_gru.CONCEPT)
lab.header()
view = lab.choice("view", _("Look at"), {"cell": _("One cell"), "long": _("The long sentence")})
controls, left, right = lab.columns((6, 7))

if view == "cell":
    with controls:
        kind = lab.choice("cell", _("Cell"), figures.CELLS)
        text = lab.text("string", _("Your string"), TEXT, limit=lstm_gru.LONGEST)
        units = lab.slider("units", _("Units"), 2, 8, 4)
        keep = lab.slider("keep", _("Keeping gate's bias"), -3.0, 5.0, 1.0, 0.5, help=_(figures.BIAS))
        seed = lab.seed()
        unit = -1 + bounded(lab, "unit", _("Unit in view"), 1, units, 1, 1)
    with left:
        x, _signs = lab.or_fallback(lambda: lstm_gru.characters(text), lambda: lstm_gru.characters(TEXT))
        signs = [_signs[i] for i in x.argmax(axis=1)]
    with controls:
        overrides = figures.holding(lab, figures.GATES[kind], len(x))
    cell = lstm_gru.initial(kind, x.shape[1], units, seed, keep)
    steps = lstm_gru.run(kind, cell, x, overrides)
    others = {_("with no gate held"): lstm_gru.run(kind, cell, x)} if overrides else {}
    if kind != "lstm":  # the same weights in the other form: only the place of r differs
        other = "gru" if kind == "gru-textbook" else "gru-textbook"
        turned = [replace(hold, value=1 - hold.value) if hold.gate == "z" else hold for hold in overrides]
        others[figures.CELLS[other]] = lstm_gru.run(other, cell, x, turned)
        st.caption(_("Keras' GRU (reset_after), then the textbook's: r stands elsewhere, and z means 1 − z."))
        for formula in figures.FORMULAS.values():
            lab.worked_formula(formula)
    with right:
        at = lab.step_controls(len(x), first=1, start=min(2, len(x)))
        read = md("␣" if signs[at - 1] == " " else signs[at - 1])
        st.markdown(_("Sign {t} is “{sign}”. Unit {unit} in digits:").format(t=at, sign=read, unit=unit + 1))
        lab.worked_formula(lstm_gru.formula_with_digits(kind, cell, x, at, unit, overrides), small=True)
        if at < len(x) and not overrides:
            lab.ask_question(lstm_gru.question(kind, cell, x, at + 1, unit))
    with left:
        alt = _("Every gate of unit {n} over the string").format(n=unit + 1)
        chart = figures.gates(kind, steps, signs, unit, at, overrides)
        lab.figure(chart, "gates", alt, on_click=lambda place: lab.go_to_step(place[1] + 1))
        chart = figures.memory(kind, steps, others, unit, at)
        lab.figure(chart, "memory", _("What the unit holds, and what is left of the first sign's"))
        st.caption(_("Green: what the gates have left of the first sign's memory. Click a sign to go to it."))
    lab.keras_snippet(lambda: lstm_gru.snippet(kind, cell, x, overrides))
else:
    folding(lab, controls, left, right)
lab.footer()
