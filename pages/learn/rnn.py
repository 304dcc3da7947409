"""The unrolled RNN: the notes' example with numbers, and five input-output configurations."""

import numpy as np
import streamlit as st

from core.i18n import _, language
from core.lab import rnn, wirings
from core.lab.wirings import WIRINGS, Sizes
from ui.learn import rnn as unrolled
from ui.learn.page import Lab

TABLES = ("x", "U", "W", "b", "V", "c")
lab = Lab(rnn.CONCEPT)
lab.header()
controls, picture, below = lab.columns(None)

with controls:
    source = lab.choice("cell", _("Cell"), {"notes": _("the notes' example"), "drawn": _("drawn by the seed")})
    cell, x = rnn.notes_example()
    if source == "drawn":
        units = lab.slider("units", _("Units"), 1, 4, 3, width=110)
        outputs = lab.slider("outputs", _("Outputs"), 1, 3, 2, width=110)
        steps_in = lab.slider("inputs", _("Inputs"), 1, 8, 4, width=110)
        seed = lab.seed()
        cell = rnn.random_cell(1, units, outputs, seed, "softmax" if outputs > 1 else "linear")
        x = np.random.default_rng(seed).integers(-2, 3, (steps_in, 1)).astype(float)
    else:
        lab.restart()

with st.expander(_("Edit every number"), icon=":material/edit:", expanded=lab.in_address(*TABLES)):
    first, second, third = st.columns(3)
    names = [str(i + 1) for i in range(max(cell.V.shape))]
    size, out = len(cell.W), len(cell.c)
    with first:
        x = lab.table("x", _("Inputs x, one a row"), x, ["x"], grow=True)
        U = lab.table("U", _("U: from the input to each unit"), cell.U, names[:size])
    with second:
        W = lab.table("W", _("W: from each unit (row) to each unit"), cell.W, names[:size], names[:size])
        b = lab.table("b", _("b: bias of each unit"), cell.b[None], names[:size])
    with third:
        V = lab.table("V", _("V: from each unit (row) to each output"), cell.V, names[:out], names[:size])
        c = lab.table("c", _("c: bias of each output"), cell.c[None], names[:out])
cell = rnn.cell(U, W, b[0], V, c[0], cell.output)
trace = lab.or_fallback(lambda: rnn.trace(cell, x), lambda: rnn.trace(cell, x[: rnn.MAX_STEPS]))
order = unrolled.order(trace)

with picture:
    marks = [n for n, number in enumerate(order) if number[0] == "state" and number[2] == 0]
    at = lab.step_controls(len(order) - 1, marks=marks, mark=_("Next input"))
    what, t, unit = order[at]
    alt = _("The network over {n} steps; the number in view is made of those that the orange lines come from")
    lab.figure(unrolled.numbers(trace, at), "unrolled", alt.format(n=len(trace)), on_click=lab.go_to_step)

with below:
    lab.worked_formula(rnn.formula_with_digits(cell, trace[t], what, unit), small=True)
    st.caption(_("The orange lines show what this number is made of. U, W and V are the same at every step."))
    lab.ask_question(rnn.question(cell, [step.x for step in trace]))
    rows = {"t": [step.t for step in trace]}
    rows |= {f"s{j + 1}": [float(step.s[j]) for step in trace] for j in range(size)}
    rows |= {f"y{j + 1}": [float(step.y[j]) for step in trace] for j in range(out)}
    st.dataframe(rows, hide_index=True, alt=_("States and outputs of every step"))

lab.keras_snippet(lambda: rnn.snippet(cell, [step.x for step in trace]))

st.subheader(_("Five ways to wire it"), anchor=False)
with lab.control_row():
    key = lab.choice(
        "wiring", _("Wiring"), {key: wiring.title for key, wiring in WIRINGS.items()}, default="many-to-one"
    )
    T = lab.slider("T", _("Input steps"), 1, 6, 4, width=110)
    T_out = lab.slider("Tout", _("Output steps"), 1, 6, 3, width=110)
    D = lab.slider("D", _("Numbers a step"), 1, 8, 3, width=110)
    H = lab.slider("H", _("Units of the cell"), 1, 16, 5, width=110)
sizes = Sizes(T, T_out, D, H, 2)
st.caption(WIRINGS[key].example)
lab.figure(unrolled.wiring(wirings.ticks(key, sizes)), "wiring", WIRINGS[key].title)


@st.cache_data(max_entries=100, show_spinner=_("Building the model in Keras…"))
def shapes(language_code: str, key: str, sizes: Sizes) -> list[dict[str, str]]:
    return [
        {
            _("layer"): f"{layer.name} ({layer.kind})",
            _("shape, None is the batch"): str(layer.symbolic),
            _("with a batch of two"): str(layer.seen),
            _("weights"): f"{layer.parameters:,}",
        }
        for layer in wirings.shapes(key, sizes)
    ]


st.markdown(_("The shapes that Keras gives for this wiring:"))
st.dataframe(shapes(language(), key, sizes), hide_index=True, alt=_("Layers, shapes and weights of the wiring"))
lab.keras_snippet(lambda: wirings.snippet(key, sizes), "wiring-keras", _("This wiring in Keras"))
lab.footer()
