"""Squared loss and cross-entropy on the same saturated neuron: gradients and convergence."""

import streamlit as st

from core.i18n import _
from core.lab import losses
from core.lab.losses import LOSSES, STARTS
from ui.learn import figures as draw
from ui.learn.page import Lab
from ui.widgets import figures
from ui.widgets.palette import GOOD, TRAIN, VALIDATION

STEPS, LEAP = 300, 25
COLOURS = dict(zip(LOSSES, (TRAIN, VALIDATION), strict=True))
NAMES = {"squared": _("squared loss"), "cross-entropy": _("cross-entropy")}
lab = Lab(losses.CONCEPT)
lab.header()
controls, picture, beside = lab.columns()

with controls:
    kinds = {"badly wrong": _("badly wrong"), "wrong": _("wrong"), "hopeless": _("hopeless"), "own": _("own")}
    start = lab.choice("start", _("The neuron is at first"), kinds)
    w, b = STARTS.get(start, (2.0, 2.0))
    if start == "own":
        w = lab.slider("w", _("Weight w"), -8.0, 8.0, w, 0.1)
        b = lab.slider("b", _("Bias b"), -8.0, 8.0, b, 0.1)
    x = lab.slider("x", _("Input x"), -2.0, 2.0, 1.0, 0.1)
    y = lab.slider("y", _("Target y"), 0.0, 1.0, 0.0, 0.1)
    eta = lab.slider("eta", _("Learning rate η"), 0.05, 2.0, 0.15, 0.05)
    lab.restart()

neuron = losses.neuron(w, b, x, y)
learned = {loss: losses.learn(neuron, eta, STEPS, loss) for loss in LOSSES}
with beside:
    leaps = range(LEAP, STEPS + 1, LEAP)
    at = lab.step_controls(STEPS, marks=leaps, mark=f"+{LEAP}")
    now = {loss: losses.neuron(done.w[at], done.b[at], x, y) for loss, done in learned.items()}
    for loss in LOSSES:
        st.markdown(f"**{NAMES[loss].capitalize()}**")
        lab.worked_formula(losses.formula_with_digits(now[loss], loss), small=True)

with picture:
    chart = draw.canvas(_("step"), _("output a"), height=300)
    for loss, done in learned.items():
        figures.line(chart, range(STEPS + 1), done.a.tolist(), NAMES[loss], COLOURS[loss], width=3)
        draw.dots(chart, [at], [done.a[at]], COLOURS[loss])
    draw.segment(chart, [(0, y), (STEPS, y)], _("target"), GOOD, dash="dash", width=1.5)
    chart.update_yaxes(range=[-0.05, 1.05])
    numbers: figures.Table = {_("step"): range(0, STEPS + 1, LEAP)} | {
        NAMES[k]: done.a[::LEAP] for k, done in learned.items()
    }
    lab.figure(chart, "output", _("The neuron's output over the steps of learning, for both losses"), numbers)
    below = {loss: done.below(0.1, y) for loss, done in learned.items()}
    for loss, step in below.items():
        late = _("not within {n} steps").format(n=STEPS) if step is None else _("after {n} steps").format(n=step)
        st.markdown(_("{loss}: within 0.1 of the target **{when}**.").format(loss=NAMES[loss].capitalize(), when=late))
    lab.ask_question(losses.question(now["squared"]))

st.subheader(_("Why: the ground on which they walk"), anchor=False)
st.caption(_("Cost over w and b. The squared loss is flat where the neuron is surely wrong; the cross-entropy slopes."))
for loss, column in zip(LOSSES, st.columns(2, gap="medium"), strict=True):
    with column:
        axis, cost = losses.surface(x, y, loss)
        chart = draw.plane("w", "b", (-8, -8), (8, 8), height=380)
        draw.surface(chart, axis, axis, cost, high=0.5 if loss == "squared" else 10)
        done = learned[loss]
        draw.path(chart, done.w[: at + 1], done.b[: at + 1], NAMES[loss], COLOURS["cross-entropy"])
        lab.figure(chart, loss, _("Cost of the {loss} over weight and bias, with the way").format(loss=NAMES[loss]))

lab.keras_snippet(lambda: losses.snippet(neuron, eta, STEPS))
lab.footer()
