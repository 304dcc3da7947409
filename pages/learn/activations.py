"""Activation functions: value and derivative, and the share of saturated and dead units of a layer."""

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import activations
from core.lab.activations import ACTIVATIONS, SATURATED
from ui.learn import figures as draw
from ui.learn.page import Lab
from ui.widgets import figures
from ui.widgets.palette import BAD, GOOD, NEUTRAL, TRAIN, VALIDATION, with_alpha

REACH = 6.0
lab = Lab(activations.CONCEPT)
lab.header()
controls, picture, beside = lab.columns()
titles = {key: activation.title for key, activation in ACTIVATIONS.items()}

with controls:
    key = lab.choice("function", _("Function"), titles)
    other = lab.choice("beside", _("Beside it"), titles, default="relu")
    own = ACTIVATIONS[key].alpha
    alpha = None if own is None else lab.slider("alpha", "α", 0.0, 2.0, own, 0.01)
    z = lab.slider("z", _("The sum z"), -REACH, REACH, 2.0, 0.25)

value, slope = (float(v) for v in activations.apply(key, z, alpha))
with picture:
    axis, f, df = activations.curve(key, -REACH, REACH, alpha)
    axis, g, dg = activations.curve(other, -REACH, REACH)
    chart = draw.canvas("z", height=420)
    figures.line(chart, axis, g, titles[other], with_alpha(TRAIN, 0.45), dash="dot")
    figures.line(chart, axis, dg, _("its slope"), with_alpha(VALIDATION, 0.5), dash="dot")
    figures.line(chart, axis, f, "f(z)", TRAIN, width=3)
    figures.line(chart, axis, df, "f′(z)", VALIDATION, width=3)
    draw.segment(chart, [(z - 1, value - slope), (z + 1, value + slope)], _("tangent at z"), GOOD)
    spots = np.arange(-REACH, REACH + 0.25, 0.25)
    draw.click_targets(chart, spots, activations.apply(key, spots, alpha)[0], spots)
    draw.dots(chart, [z, z], [value, slope], GOOD)
    chart.update_yaxes(range=[-1.4, 2.4])
    alt = _("{name} and its slope, z = {z:g}").format(name=titles[key], z=z)
    numbers: figures.Table = {"z": axis[::20], "f(z)": f[::20], "f′(z)": df[::20]}
    lab.figure(chart, "curve", alt, numbers, on_click=lambda place: lab.set_value("z", float(place)))

with beside:
    lab.worked_formula(rf"f(z) = {ACTIVATIONS[key].formula} \qquad f'(z) = {ACTIVATIONS[key].slope}")
    lab.worked_formula(activations.formula_with_digits(key, z, alpha))
    st.markdown(
        _("At z = {z:g} **{share:.1%}** of the gradient comes back through {name}. Click the curve to move z.").format(
            z=z, share=slope, name=titles[key]
        )
    )
    lab.ask_question(activations.question(key, z, alpha))

st.subheader(_("In a real layer"), anchor=False)
st.caption(_("64 neurons read 300 handwritten digits. Their weights are drawn by the seed; nothing is trained."))
with lab.control_row():
    scale = lab.slider("scale", _("Weights ×"), 0.5, 20.0, 4.0, 0.5)
    shift = lab.slider("shift", _("Bias"), -10.0, 10.0, 0.0, 0.5)
    seed = lab.seed(z=2.0, scale=4.0, shift=0.0)
sums = activations.digit_layer(64, scale, shift, seed)
shares = activations.shares(sums, key, alpha)
left, right = st.columns(2, gap="medium")
with left:
    count, ends = np.histogram(np.clip(sums, -20, 20), 60)
    middle = (ends[1:] + ends[:-1]) / 2
    quiet = np.abs(activations.apply(key, middle, alpha)[1]) < SATURATED
    chart = draw.canvas(_("z of every neuron and digit"), _("how often"), height=280)
    draw.bars(chart, middle[~quiet], count[~quiet], _("slope lets the gradient through"), TRAIN, ends[1] - ends[0])
    draw.bars(chart, middle[quiet], count[quiet], _("slope below 0.05: saturated"), BAD, ends[1] - ends[0])
    lab.figure(chart, "sums", _("How the sums of the layer are spread"), {"z": middle, _("how often"): count})
with right:
    with st.container(horizontal=True):
        st.metric(_("saturated"), f"{shares.saturated:.1%}", help=_("Entries whose slope is below 0.05."))
        st.metric(_("dead neurons"), f"{shares.dead:.1%}", help=_("No slope for any of the digits: it cannot learn."))
        st.metric(_("mean slope"), f"{shares.mean_slope:.3f}")
    chart = draw.canvas(_("neuron, sorted"), _("mean slope"), height=190, legend=False)
    ordered = np.sort(shares.per_unit)
    draw.bars(chart, np.arange(64), ordered, _("mean slope"), NEUTRAL, 1)
    lab.figure(chart, "units", _("The mean slope of each neuron, sorted"), {_("mean slope"): ordered})

lab.keras_snippet(lambda: activations.snippet(z, alpha))
lab.footer()
