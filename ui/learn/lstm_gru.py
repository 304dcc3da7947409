"""Figures of the LSTM and GRU page: gates over a string, a unit's memory, and the inputs of gate overrides."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.i18n import N_, _, translated_mapping
from core.lab.lstm_gru import GateOverride, LstmStep, Step
from ui.learn import figures as draw
from ui.learn.bounded_slider import bounded
from ui.learn.heatmap import frame, heat
from ui.learn.page import Lab
from ui.widgets.figures import line
from ui.widgets.palette import NEUTRAL, REAL, TRAIN, VALIDATION

CELLS = translated_mapping({"lstm": "LSTM", "gru": "GRU", "gru-textbook": N_("GRU, textbook")})
BIAS = N_("The first bias of the gate that keeps the memory, f or z: above 0 it begins open.")
GATES = translated_mapping(
    {
        "lstm": {"f": N_("f forget"), "i": N_("i write"), "candidate": N_("c̃ new"), "o": N_("o show")},
        "gru": {"z": N_("z keep"), "r": N_("r reset"), "candidate": N_("h̃ new")},
        "gru-textbook": {"z": N_("z renew"), "r": N_("r reset"), "candidate": N_("h̃ new")},
    }
)


FORMULAS = {
    "gru": r"\tilde h_t = \tanh(x_t W_h + b_h + r_t \odot (h_{t-1} R_h + b_r)) \qquad "
    r"h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tilde h_t",
    "gru-textbook": r"\tilde h_t = \tanh(x_t W_h + (r_t \odot h_{t-1}) R_h + b_h) \qquad "
    r"h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t",
}


def gates(
    kind: str, steps: Sequence[Step], signs: Sequence[str], unit: int, at: int, overrides: Sequence[GateOverride] = ()
) -> go.Figure:
    """Every gate of one unit, and what it holds, over the string; a held gate is framed. A click hands over [row,
    column]."""
    names = {**GATES[kind], **({"c": _("c memory")} if kind == "lstm" else {}), "h": _("h state")}
    rows = [[float(getattr(step, name)[unit]) for step in steps] for name in names]
    words = ["␣" if sign == " " else sign for sign in signs]
    chart = heat(rows, list(names.values()), words, low=-1.2, high=1.2, names=("", "", ""), clickable=True, height=300)
    for hold in overrides:
        frame(chart, list(names).index(hold.gate), hold.first - 1, REAL, width=len(steps) - hold.first + 1)
    frame(chart, 0, at - 1, VALIDATION, height=len(names))
    return chart


def kept(kind: str, step: Step, unit: int) -> float:
    """The share of a unit's memory that a step passes on."""
    if isinstance(step, LstmStep):
        return float(step.f[unit])
    return float(step.z[unit] if kind == "gru" else 1 - step.z[unit])


def memory(kind: str, steps: Sequence[Step], others: Mapping[str, Sequence[Step]], unit: int, at: int) -> go.Figure:
    """What the unit holds after each sign, what it would hold in `others`, and what is left of the first sign's."""
    name = "c" if kind == "lstm" else "h"
    index = [step.t for step in steps]
    chart = draw.canvas(_("sign"), "", height=240)
    for (label, other), dash in zip(others.items(), ("dash", "dot"), strict=False):
        line(chart, index, [float(getattr(s, name)[unit]) for s in other], label, NEUTRAL, dash=dash)
    line(chart, index, [float(getattr(s, name)[unit]) for s in steps], name, TRAIN, mode="lines+markers")
    share = np.cumprod([1.0] + [kept(kind, step, unit) for step in steps[1:]])
    line(chart, index, share.tolist(), _("left of the first sign's"), REAL, dash="dot")
    chart.add_vline(x=at, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
    chart.update_yaxes(range=[-1.1, 1.1] if max(abs(v) for t in chart.data for v in t.y) <= 1.05 else None)
    return chart


def holding(lab: Lab, gates: Mapping[str, str], last: int) -> list[GateOverride]:
    """Inputs of a gate override: gate, value, and first of the `last` steps."""
    short = {gate: name.split()[0] for gate, name in gates.items()}
    gate = lab.choice("hold", _("Hold a gate"), {"free": _("none"), **short})
    if gate == "free":
        return []
    low = -1.0 if gate == "candidate" else 0.0
    value = bounded(lab, "value", _("held at"), low, 1.0, 1.0 if gate in ("f", "z") else 0.0, 0.05)
    first = bounded(lab, "first", _("from step"), 1, last, 1, 1)
    return [GateOverride(gate, value, min(first, last))]
