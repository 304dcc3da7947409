"""Convolution on an image with numbers, three kinds of pooling, and parameter counts."""

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import convolution, pooling
from ui.learn import figures as draw
from ui.learn.heatmap import frame
from ui.learn.matrix_panels import panels, pixels, starts
from ui.learn.own_picture import own_picture
from ui.learn.page import Lab
from ui.widgets.palette import TRAIN, VALIDATION

lab = Lab(convolution.CONCEPT)
lab.header()
controls, picture, below = lab.columns(None)

with controls:
    names = {name: _(name) for name in convolution.SAMPLES} | {"own": _("own picture")}
    chosen = lab.choice("picture", _("Picture"), names)
    filters = {name: _(name) for name in convolution.KERNELS} | {"own": _("own kernel")}
    kind = lab.choice("kernel", _("Kernel"), filters)
    stride = lab.slider("stride", _("Stride"), 1, 3, 1, width=100)
    padding = lab.slider("padding", _("Zero padding"), 0, 3, 0, width=100)
    bias = lab.slider("bias", _("Bias"), -2.0, 2.0, 0.0, 0.1, width=120)
    lab.restart()
    image = own_picture(lab) if chosen == "own" else convolution.sample(chosen)
kernel = convolution.KERNELS.get(kind, convolution.KERNELS["vertical edges"])
if kind == "own":
    kernel = lab.table("weights", _("Your kernel"), kernel, ["1", "2", "3"])

z = convolution.convolve(image, kernel, stride, padding, bias)
padded = np.pad(image, padding)
with picture:
    at = lab.step_controls(z.size - 1, start=z.shape[1] + 1, marks=range(0, z.size, z.shape[1]), mark=_("Next row"))
    row, column = divmod(at, z.shape[1])
    window = convolution.window(image, kernel, row, column, stride, padding, bias)
    left, right = st.columns([len(padded), max(len(z), len(padded) - 2)], gap="medium")
    cell = round(400 / len(padded))
    with left:
        chart = pixels(padded, cell, low=0)
        frame(chart, window.top + padding, window.left + padding, VALIDATION, height=3, width=3)
        alt = _("The picture with its padding; the window is in row {r}, column {c}").format(r=row, c=column)
        lab.figure(chart, "picture", alt)
    with right:
        chart = pixels(z, cell, clickable=True)
        frame(chart, row, column, VALIDATION)
        alt = _("The feature map; the number of the window is framed")
        numbers = {str(n + 1): values for n, values in enumerate(z.T)}
        lab.figure(chart, "map", alt, numbers, on_click=lambda place: lab.go_to_step(place[0] * z.shape[1] + place[1]))
        st.caption(_("The feature map. Click a number and the window goes there."))

with below:
    chart = panels([window.patch, kernel, window.products], [_("window"), _("kernel"), _("products")], ["·", "="])
    words, digits = st.columns([2, 3], gap="medium")
    with words:
        lab.figure(chart, "products", _("The window's pixels times the kernel's weights"))
    with digits:
        lab.worked_formula(convolution.formula_with_digits(window), small=True)
        lab.worked_formula(convolution.size_with_digits(len(image), len(kernel), padding, stride))
    lab.ask_question(convolution.question(len(image), len(kernel), padding, stride))

st.subheader(_("Pooling, three ways"), anchor=False)
with lab.control_row():
    size = lab.slider("field", _("Field"), 1, min(4, len(z)), min(2, len(z)), width=100) if len(z) > 1 else 1
    jump = lab.slider("jump", _("Stride of the field"), 1, 4, 2, width=120)
    seed = lab.seed(restart=False)
a = np.maximum(z, 0)
pools = {kind: pooling.pool(a, size, jump, kind, seed) for kind in pooling.POOLS}
titles = [_("max"), _("mean"), _("stochastic")]
tables = [pool.values for pool in pools.values()]
chart = panels(tables, titles, cell=min(34, 260 // len(tables[0])) + 8, places=1)
place = tuple(min(i // jump, n - 1) for i, n in zip((row, column), tables[0].shape, strict=True))
for start in starts(tables):
    frame(chart, place[0], start + place[1], VALIDATION)
lab.figure(chart, "pools", _("The map after ReLU, pooled in three ways"))
for title, pool in zip(titles, pools.values(), strict=True):
    lab.worked_formula(rf"\text{{{title}:}}\quad {pooling.pooling_with_digits(a, pool, *place)}", small=True)

st.subheader(_("Flatten, and a fully connected layer"), anchor=False)
head = pooling.head(pools["max"].values[..., None], 10, seed)
chart = draw.canvas(_("class"), _("probability"), height=240, legend=False)
draw.bars(chart, range(10), head.probabilities, _("probability"), TRAIN)
lab.figure(chart, "classes", _("The probabilities of the ten classes"), {_("probability"): head.probabilities})
lab.worked_formula(pooling.logit_with_digits(head, 0), small=True)
st.caption(_("Its weights are drawn by the seed: it has not learned anything, it only shows how it adds up."))
st.markdown(f"**{_('What it costs, for a picture of 28 × 28')}**")
for count in pooling.parameter_counts():
    st.markdown(f"- {count.title}: ${count.digits}$ = **{count.number:,}**")

lab.keras_snippet(lambda: pooling.snippet(image, kernel, stride, padding, bias, size, jump, seed))
lab.footer()
