"""Backpropagation through time with numbers; then vanishing and exploding gradients and the five remedies."""

from dataclasses import replace

import streamlit as st

from core.i18n import _
from core.lab import bptt, chain, gradients
from ui.learn import gradients as figures
from ui.learn.figures import format_number
from ui.learn.live_training import Progress, on_demand
from ui.learn.page import Lab

SERIES = [[1, 2], [2, 3], [1, 2], [0, 1], [1, 2]]  # x, d: the notes' two inputs, and three more
SWITCHES = {"activation": "relu", "initialisation": "keeping", "norm": True, "residual": True, "clip": True}
OFF = {"activation": "sigmoid", "initialisation": "small", "norm": False, "residual": False, "clip": False}


def switch_all(values: dict[str, str | bool]) -> None:
    for name, value in values.items():
        lab.set_value(name, value)


def train(progress: Progress) -> dict[str, gradients.Training]:
    patient = gradients.train(patient_chain, rate=0.5, progress=lambda share: progress(share / 2))
    return {
        _("nothing done"): patient,
        _("yours"): gradients.train(network, rate=0.5, progress=lambda share: progress(0.5 + share / 2)),
    }


lab = Lab(bptt.CONCEPT)
lab.header()
view = lab.choice("view", _("Look at"), {"long": _("A long way back"), "digits": _("Every digit")})
controls, picture, beside = lab.columns()
below = st.container()

if view == "digits":
    with controls:
        scale = lab.slider("scale", _("W times"), 0.0, 5.0, 1.0, 0.1)
        kinds = {"state": "‖∂Eₜ/∂sₖ‖", "weights": "‖∂Eₜ/∂W‖, step k"}
        shown = lab.choice("shown", _("In the picture"), kinds)
        lab.restart()
    with beside:
        steps = st.container()
        series = lab.table("series", _("Inputs and targets"), SERIES, ["x", "d"], grow=True)
    back = lab.or_fallback(
        lambda: bptt.backward(x=series[:, 0], d=series[:, 1], scale=scale),
        lambda: bptt.backward(x=[x for x, _d in SERIES], d=[d for _x, d in SERIES], scale=scale),
    )
    order = [(term.t, term.k) for row in reversed(back.terms) for term in row]
    with steps:
        at = lab.step_controls(len(order) - 1)
        t, k = order[at]
        st.markdown(_("What the error of step **{t}** says to step **{k}**.").format(t=t, k=k))
    with picture:
        values = back.state_gradients() if shown == "state" else back.contributions()
        chart = figures.terms(values, t, k, kinds[shown])
        alt = _("The length of each term of the gradient, by error and step back in time")
        lab.figure(chart, "terms", alt, on_click=lambda cell: lab.go_to_step(order.index((cell[0] + 1, cell[1] + 1))))
        st.caption(_("Each error, a row, goes back to the left through one factor a step. Click a cell to go to it."))
    with below:
        lab.worked_formula(bptt.formula_with_digits(back, t, k))
        lab.ask_question(bptt.question(back))
    lab.keras_snippet(lambda: bptt.snippet(back))
else:
    with controls:
        kind = lab.choice("network", _("Network"), {"mlp": _("Deep network"), "rnn": _("RNN")})
        depth = lab.slider("depth", _("Layers") if kind == "mlp" else _("Time steps"), 2, 100, 20, 1)
        scale = lab.slider("times", _("Weights times"), 0.1, 10.0, 1.0, 0.1)
        seed = lab.seed()
        bends = {"sigmoid": "σ", "tanh": "tanh", "relu": "ReLU", "leaky_relu": _("leaky")}
        bend = lab.choice("activation", _("1 Activation"), bends)
        start = lab.choice(
            "initialisation", _("2 Initialisation"), {"small": _("× 0.01"), "keeping": _("keeps variance")}
        )
        norm = lab.switch("norm", _("3 Batch normalisation"))
        residual = lab.switch("residual", _("4 Residual"))
        clip = lab.switch("clip", _("5 Clipping"))
        v = lab.number("v", _("to norm v"), 0.01, 100.0, 1.0, 0.1) if clip else 1.0
        st.button(_("All five"), key=lab.key("all"), on_click=switch_all, args=(SWITCHES,))
        st.button(_("No remedy"), key=lab.key("none"), on_click=switch_all, args=(OFF,))
    own = chain.Remedies(bend, start, norm, residual, v if clip else None)
    network = chain.Chain(kind, depth, scale=scale, seed=seed, remedies=own)
    patient_chain = replace(network, remedies=chain.Remedies())
    seen, every = gradients.trace(network), gradients.compare(network)
    with beside:
        block = depth - lab.step_controls(depth - 1)
        here = seen.blocks[block - 1]
        st.markdown(
            _("Block **{n}**: of the gradient, {gradient} is here; its activation passes on {slope} of it.").format(
                n=block, gradient=format_number(here.state_gradient), slope=format_number(here.slope)
            )
        )
        ratios = {figures.REMEDIES[name]: trace.ratio for name, trace in every.items()} | {_("yours"): seen.ratio}
        alt = _("What arrives at the first block of what set out at the last, for each remedy alone")
        lab.figure(
            figures.remedies(ratios), "remedies", alt, {_("remedy"): list(ratios), _("ratio"): [*ratios.values()]}
        )
        lab.ask_question(gradients.question(network))
    with picture:
        others = {_("nothing done"): every["none"], _("all five"): every["all"]}
        alt = _("The length of the gradient at each block, on a logarithmic axis")
        lab.figure(figures.norms(seen, others, block, kind == "rnn"), "norms", alt, figures.table(seen))
        lost = sum(not figures.LOWEST < b.state_gradient < figures.HIGHEST for b in seen.blocks)
        if lost:
            st.warning(_("At {n} blocks nothing is left of it, or no number that could be drawn.").format(n=lost))
        runs = on_demand(lab, "train", _("Train it, and the untreated one"), ("chain", network), train)
        if runs:
            lab.figure(figures.losses(runs), "losses", _("The loss of both networks while they are trained"))
            st.caption(" · ".join(f"{name}: {figures.describe_training(run)}" for name, run in runs.items()))
    with below:
        lab.worked_formula(gradients.formula_with_digits(network, seen))
    lab.keras_snippet(lambda: gradients.snippet(network))
lab.footer()
