"""Points, the line that swings with each mistake, AND, OR, and XOR that never ends."""

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import perceptron
from ui import lab_figures as draw
from ui.lab import Lab
from ui.palette import NEUTRAL, TRAIN

lab = Lab(perceptron.CONCEPT)
lab.head()
controls, stage = lab.bench()

with controls:
    kinds = {"AND": "AND", "OR": "OR", "XOR": "XOR", "clouds": _("Clouds"), "own": _("Own")}
    kind = lab.choice("points", _("Points"), kinds)
    points, labels = perceptron.GATES.get(kind, perceptron.GATES["AND"])
    if kind == "clouds":
        gap = lab.slider("gap", _("Distance of the clouds"), 0.0, 6.0, 3.0, 0.25)
        cloud = lab.number("cloud", _("Which clouds"), 0, 99, 1, 1)
        points, labels = perceptron.clouds(20, gap, cloud)
    elif kind == "own":
        start = np.column_stack([points, labels])
        table = lab.table("own", _("Your points"), start, ["x₁", "x₂", "t"], grow=True)
        points, labels = table[:, :2], table[:, 2]
    eta = lab.slider("eta", _("Learning rate η"), 0.05, 1.0, 0.1, 0.05)
    seed = lab.seed()
    trace = lab.sound(
        lambda: perceptron.trace(points, labels, eta, seed),
        lambda: perceptron.trace(*perceptron.GATES["AND"], eta, seed),
    )

with stage:
    mistakes = [step.number for step in trace.steps if step.mistake]
    at = lab.stepper(len(trace.steps), first=1, marks=mistakes)
    step = trace.steps[at - 1]
    low, high = np.min(trace.points, 0) - 0.6, np.max(trace.points, 0) + 0.6
    chart = draw.plane("x₁", "x₂", low, high)
    draw.segment(chart, perceptron.line_ends(step.w, step.b, low, high), _("the line that judged"), NEUTRAL, dash="dot")
    draw.segment(chart, perceptron.line_ends(step.new_w, step.new_b, low, high), _("the line now"), TRAIN)
    draw.points(chart, trace.points, trace.labels, (_("label 0"), _("label 1")))
    chart.add_scatter(x=[step.x[0]], y=[step.x[1]], mode="markers", name=_("in view"), marker={"size": 24})
    lab.picture(chart, "plane", _("The points and the line before and after step {n}").format(n=at))
    lab.digits(perceptron.formula_with_digits(step, trace.eta))
    if at == len(trace.steps):
        st.info(trace.verdict)

if at < len(trace.steps):
    lab.predict(perceptron.question(trace, at + 1))
lab.keras(lambda: perceptron.snippet(trace, seed))
lab.foot()
