"""Hopfield network: store drawings by Hebb's rule and recall a damaged one, with energy at each update."""

from typing import Any

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import hopfield
from ui.learn import hopfield as figures
from ui.learn.figures import format_number
from ui.learn.heatmap import drawings as drawing
from ui.learn.page import Lab

SIZE = 7
NAMES = {"smile": _("Smile"), "cross": _("Cross"), "house": _("House"), "stripes": _("Stripes")}
COLUMNS = [str(i + 1) for i in range(SIZE)]
OWN = hopfield.PICTURES["house"].T  # what an own drawing begins with


def describe_step(step: hopfield.Step) -> str:
    row, column = divmod(step.neuron, SIZE)
    asked = _("Sweep {sweep}: the neuron in row {row}, column {column} is asked; its field is h = {h}.").format(
        sweep=step.sweep, row=row + 1, column=column + 1, h=format_number(step.field)
    )
    if step.flipped:
        return asked + " " + _("It **flips** to {new}, and the energy falls.").format(new=format_number(step.new))
    return asked + " " + _("It stays {new}.").format(new=format_number(step.new))


def cells(state: np.ndarray) -> np.ndarray:
    return (state.reshape(SIZE, SIZE) + 1) // 2


def turned(name: str, drawn: np.ndarray, place: Any) -> None:
    """Callback: set drawing `name` to `drawn` with the cell at `place` flipped."""
    drawn = drawn.copy()
    drawn[place[0], place[1]] = 1 - drawn[place[0], place[1]]
    lab.set_table(name, drawn)
    if name == "start":
        lab.set_value("from", "drawn")
        lab.go_to_step(0)


lab = Lab(hopfield.CONCEPT)
lab.header()
controls, left, right = lab.columns()
picture, memory, below, tables = left.container(), left.container(), st.container(), st.container()

with controls:
    stored = lab.multichoice("stored", _("Stored pictures"), NAMES | {"own": _("Own")}, ["smile", "cross", "house"])
    sources = NAMES | {"noise": _("Noise"), "drawn": _("Your drawing")}
    source = lab.choice("from", _("Start from"), sources)
    if source in NAMES:
        share = lab.slider("damage", _("Damage"), 0.0, 0.5, 0.25, 0.05)
    seed = lab.seed()

with tables:
    drawings = {name: hopfield.PICTURES[name] for name in NAMES}
    if "own" in stored:
        drawn, typed = st.columns(2, gap="medium")
        with typed:
            drawings["own"] = own = lab.table("own", _("Your picture to be stored"), OWN, COLUMNS, limit=1)
        with drawn:
            chart = drawing([own], [""], height=300, clickable=[0])
            lab.figure(chart, "own", _("Your picture"), on_click=lambda at: turned("own", own, at))
            st.caption(_("Click its cells to draw it, or type 0 and 1 beside it."))
    if source == "drawn":
        with st.columns(2, gap="medium")[1]:
            start_cells = lab.table("start", _("Your drawing to start from"), drawings["smile"], COLUMNS, limit=1)
    kept, patterns = lab.or_fallback(
        lambda: (stored, hopfield.stack_patterns([hopfield.pattern(drawings[name]) for name in stored])),
        lambda: (
            list(NAMES)[:3],
            hopfield.stack_patterns([hopfield.pattern(drawings[name]) for name in list(NAMES)[:3]]),
        ),
    )
    if source == "noise":
        start = np.random.default_rng(seed).choice((-1, 1), size=SIZE**2)
    elif source == "drawn":
        start = lab.or_fallback(
            lambda: hopfield.pattern(start_cells), lambda: hopfield.damage(hopfield.pattern(drawings["smile"]), 0.25, 0)
        )
    else:
        start = hopfield.damage(hopfield.pattern(drawings[source]), share, seed)

names = tuple(NAMES.get(name, _("Own")) for name in kept)
done = hopfield.recall(patterns, start, seed)

with right:
    flips = [step.number for step in done.steps if step.flipped]
    at = lab.step_controls(len(done.steps), marks=flips, mark=_("Next flip"))
    step = done.steps[at - 1] if at else None
    state = step.state if step else start
    st.markdown(describe_step(step) if step else _("The start: nobody has been asked yet."))
    lab.figure(figures.energy(done, at), "energy", _("The energy after each neuron asked; now step {n}").format(n=at))
    if at == len(done.steps):
        st.info(figures.verdict(done, names), icon=":material/flag:")
    else:
        lab.ask_question(hopfield.question(patterns, start, names, seed))

with picture:
    shown = cells(state)
    alt = _("The {n} × {n} neurons at step {at}").format(n=SIZE, at=at)
    lab.figure(figures.state(shown, cells(start), step), "state", alt, on_click=lambda at: turned("start", shown, at))
    st.caption(_("Click a cell: the recall starts again from here, with that cell turned."))
with memory:
    kept_cells = [cells(pattern) for pattern in patterns]
    chart = figures.stored(kept_cells, names, hopfield.overlaps(patterns, state))
    lab.figure(chart, "stored", _("The stored pictures, each with its overlap with the state in view"))

if step:
    with below:
        lab.worked_formula(hopfield.formula_with_digits(patterns, step))

st.subheader(_("How much it can keep"), anchor=False)
figures.landscape(lab, patterns, seed)

lab.keras_snippet(lambda: hopfield.snippet(patterns, start, SIZE, seed))
lab.footer()
