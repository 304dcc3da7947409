"""The window on a picture, its products in digits, three poolings side by side, and what the layers cost."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.errors import UserError
from core.i18n import _
from core.lab import convolution, pooling
from ui import lab_figures as draw
from ui.lab import Lab
from ui.lab_heat import frame, heat
from ui.lab_panels import panels, starts
from ui.palette import TRAIN, VALIDATION
from ui.show import md

lab = Lab(convolution.CONCEPT)
lab.head()
controls, picture, below = lab.bench(None)

with controls:
    names = {name: name for name in convolution.SAMPLES} | {"own": _("own picture")}
    chosen = lab.choice("picture", _("Picture"), names)
    filters = {name: name for name in convolution.KERNELS} | {"own": _("own kernel")}
    kind = lab.choice("kernel", _("Kernel"), filters)
    stride = lab.slider("stride", _("Stride"), 1, 3, 1, width=100)
    padding = lab.slider("padding", _("Zero padding"), 0, 3, 0, width=100)
    bias = lab.slider("bias", _("Bias"), -2.0, 2.0, 0.0, 0.1, width=120)
    lab.restart()

image = convolution.sample("ring" if chosen == "own" else chosen)
if chosen == "own":
    with controls:
        side = lab.slider("side", _("Made so many pixels wide"), 8, 24, 12)
        file = st.file_uploader(_("Your picture"), ["png", "jpg", "jpeg", "gif", "bmp", "webp"], max_upload_size=10)
    if file is None:
        st.info(_("Until you bring a picture, the ring is shown."), icon=":material/image:")
    else:
        try:
            image = convolution.own_image(file.getvalue(), side)
        except UserError as error:
            st.error(md(str(error)), icon=":material/error:")
kernel = convolution.KERNELS.get(kind, convolution.KERNELS["vertical edges"])
if kind == "own":
    kernel = lab.table("weights", _("Your kernel"), kernel, ["1", "2", "3"])


def tall(table: np.ndarray) -> int:
    return 20 + round(400 / len(padded)) * len(table)


def bare(chart: go.Figure) -> None:
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)


z = convolution.convolve(image, kernel, stride, padding, bias)
with picture:
    at = lab.stepper(z.size - 1, start=z.shape[1] + 1, marks=range(0, z.size, z.shape[1]), mark=_("Next row"))
    row, column = divmod(at, z.shape[1])
    window = convolution.window(image, kernel, row, column, stride, padding, bias)
    padded = np.pad(image, padding)
    left, right = st.columns([len(padded), max(len(z), len(padded) - 2)], gap="medium")
    with left:
        blank = [""] * len(padded)
        chart = heat(padded, blank, blank, low=0, high=1.6, height=tall(padded))
        bare(chart)
        frame(chart, window.top + padding, window.left + padding, VALIDATION, height=3, width=3)
        lab.picture(
            chart, "picture", _("The picture with its padding; the window stands at {r}, {c}").format(r=row, c=column)
        )
    with right:
        blank = [""] * len(z)
        chart = heat(z, blank, blank, high=1.4 * np.abs(z).max() or 1.0, height=tall(z), clickable=True)
        bare(chart)
        frame(chart, row, column, VALIDATION)
        alt = _("The feature map; the number of the window is framed")
        lab.picture(chart, "map", alt, on_click=lambda place: lab.go(place[0] * z.shape[1] + place[1]))
        st.caption(_("The feature map. Click a number and the window goes there."))

with below:
    chart = panels([window.patch, kernel, window.products], [_("window"), _("kernel"), _("products")], ["·", "="])
    words, digits = st.columns([2, 3], gap="medium")
    with words:
        lab.picture(chart, "products", _("The window's pixels times the kernel's weights"))
    with digits:
        lab.digits(convolution.formula_with_digits(window), small=True)
        lab.digits(convolution.size_with_digits(len(image), len(kernel), padding, stride))
    lab.predict(convolution.question(len(image), len(kernel), padding, stride))

st.subheader(_("Pooling, three ways"), anchor=False)
with lab.strip():
    size = lab.slider("field", _("Field"), 1, min(4, len(z)), min(2, len(z)), width=100) if len(z) > 1 else 1
    jump = lab.slider("jump", _("Stride of the field"), 1, 4, 2, width=120)
    seed = lab.seed(restart=False)
a = np.maximum(z, 0)
pools = {kind: pooling.pool(a, size, jump, kind, seed) for kind in pooling.POOLS}
titles = [_("ReLU of the map"), _("max"), _("mean"), _("stochastic")]
tables = [pool.values for pool in pools.values()]
chart = panels(tables, titles[1:], cell=min(34, 260 // len(tables[0])) + 8, places=1)
place = tuple(min(i // jump, n - 1) for i, n in zip((row, column), tables[0].shape, strict=True))
for start in starts(tables):
    frame(chart, place[0], start + place[1], VALIDATION)
lab.picture(chart, "pools", _("The map after ReLU, pooled in three ways"))
for kind, pool in pools.items():
    lab.digits(rf"\text{{{kind}:}}\quad {pooling.pooling_with_digits(a, pool, *place)}", small=True)

st.subheader(_("Flatten, and a fully connected layer"), anchor=False)
head = pooling.head(pools["max"].values[..., None], 10, seed)
chart = draw.canvas(_("class"), _("probability"), height=240, legend=False)
draw.bars(chart, range(10), head.probabilities, _("probability"), TRAIN)
lab.picture(chart, "classes", _("The probabilities of the ten classes"), {_("probability"): head.probabilities})
lab.digits(pooling.logit_with_digits(head, 0), small=True)
st.caption(_("Its weights are drawn by the seed: it has not learned anything, it only shows how it adds up."))
st.markdown(f"**{_('What it costs, for a picture of 28 × 28')}**")
for count in pooling.parameter_counts():
    lab.digits(rf"\text{{{count.title}:}}\quad {count.digits} = {count.number:,}".replace(",", r"{,}"), small=True)

lab.keras(lambda: pooling.snippet(image, kernel, stride, padding, bias, size, jump, seed))
lab.foot()
