"""Perceptron learning step by step on points in the plane, AND, OR and XOR (which does not converge)."""

from typing import Any

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import perceptron
from ui.learn import figures as draw
from ui.learn.page import Lab
from ui.widgets.palette import BAD, GOOD, NEUTRAL, TRAIN


def describe_step(step: perceptron.Step) -> str:
    point = _("Pass {epoch}: the point ({x1:g}, {x2:g}) has label {t}, the line says {y}.").format(
        epoch=step.epoch, x1=step.x[0], x2=step.x[1], t=step.t, y=step.y
    )
    if not step.mistake:
        return point + " " + _("Right: nothing moves.")
    return point + " " + _("A **mistake**: the line swings, and {n} are on the wrong side of it.").format(n=step.wrong)


def clicked(place: Any) -> None:
    """An empty place gets a point of label 1; a point changes to label 0, then it goes."""
    rows = st.session_state["perceptron-rows"]
    xy = rows[place][:2] if isinstance(place, int) else place
    here = next((row for row in rows if np.allclose(row[:2], xy)), None)
    others = [row for row in rows if row is not here]
    if here is None:
        others.append([*xy, 1])
    elif here[2] == 1:
        others.append([*xy, 0])
    lab.set_table("own", others or rows)


lab = Lab(perceptron.CONCEPT)
lab.header()
controls, picture, beside = lab.columns()
plane, below = picture.container(), picture.container()

with controls:
    kinds = {"AND": "AND", "OR": "OR", "XOR": "XOR", "clouds": _("Clouds"), "own": _("Own")}
    kind = lab.choice("points", _("Points"), kinds)
    points: Any
    labels: Any
    points, labels = perceptron.GATES.get(kind, perceptron.GATES["AND"])
    if kind == "clouds":
        gap = lab.slider("gap", _("Distance of the clouds"), 0.0, 6.0, 3.0, 0.25)
        cloud = lab.number("cloud", _("Which clouds"), 0, 99, 1, 1)
        points, labels = perceptron.gaussian_clouds(20, gap, cloud)
    elif kind == "own":
        with below:
            table = lab.table("own", _("Your points"), np.column_stack([points, labels]), ["x₁", "x₂", "t"], grow=True)
        st.session_state["perceptron-rows"] = table.tolist()
        points, labels = table[:, :2], table[:, 2]
    eta = lab.slider("eta", _("Learning rate η"), 0.05, 1.0, 0.1, 0.05)
    seed = lab.seed()
    trace = lab.or_fallback(
        lambda: perceptron.trace(points, labels, eta, seed),
        lambda: perceptron.trace(*perceptron.GATES["AND"], eta, seed),
    )

with beside:
    mistakes = [step.number for step in trace.steps if step.mistake]
    at = lab.step_controls(len(trace.steps), first=1, marks=mistakes, mark=_("Next mistake"))
    step = trace.steps[at - 1]
    st.markdown(describe_step(step))
    lab.worked_formula(perceptron.formula_with_digits(step, trace.eta), small=True)
    if at == len(trace.steps):
        st.info(trace.verdict, icon=":material/flag:")
    else:
        lab.ask_question(perceptron.question(trace, at + 1))

with plane:
    reach = [(-1.1, -1.1), (2.1, 2.1)] if kind == "own" else []
    low, high = np.min([*trace.points, *reach[:1]], 0) - 0.5, np.max([*trace.points, *reach[1:]], 0) + 0.5
    chart = draw.plane("x₁", "x₂", low, high)
    draw.half_planes(chart, step.new_w, step.new_b, low, high)
    draw.segment(chart, perceptron.line_ends(step.w, step.b, low, high), _("before"), NEUTRAL, dash="dot")
    draw.segment(chart, perceptron.line_ends(step.new_w, step.new_b, low, high), _("the line now"), TRAIN)
    if kind == "own":
        draw.click_grid(chart, low, high)
    draw.points(chart, trace.points, trace.labels, (_("label 0"), _("label 1")))
    draw.highlight(chart, step.x, _("looked at"), BAD if step.mistake else GOOD)
    alt = _("The points, and the line before and after step {n}").format(n=at)
    numbers = {"x₁": [x for x, _y in trace.points], "x₂": [y for _x, y in trace.points], "t": trace.labels}
    lab.figure(chart, "plane", alt, numbers, on_click=clicked if kind == "own" else None)
    if kind == "own":
        st.caption(_("Click an empty place: a point of label 1. Click a point: its label turns 0, then it goes."))

lab.keras_snippet(lambda: perceptron.snippet(trace, seed))
lab.footer()
