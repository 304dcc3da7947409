"""Figures of the Elman and Jordan page: inputs, outputs and context units."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from core.i18n import N_, _, translated_mapping
from core.lab import elman_jordan
from ui.learn import figures as draw
from ui.learn.heatmap import frame, heat
from ui.widgets.palette import BAD, NEUTRAL, TRAIN, VALIDATION

NAMES = translated_mapping({"elman": N_("Elman"), "jordan": N_("Jordan")})
COLOURS = {"elman": TRAIN, "jordan": VALIDATION}
Runs = Mapping[str, Sequence[elman_jordan.Step]]


def outputs(x: np.ndarray, wanted: np.ndarray, runs: Runs, at: int, first: int) -> go.Figure:
    """Bits, what should come out (empty before the first answer) and what each network says, step by step."""
    target = np.where(np.arange(len(x)) < first, np.nan, wanted)
    rows = [x, target, *([step.y for step in runs[kind]] for kind in NAMES)]
    words = [_("bit x"), _("wanted"), *NAMES.values()]
    chart = heat(rows, words, [str(t + 1) for t in range(len(x))], high=1.25, names=("", _("step"), ""), height=230)
    for row, kind in enumerate(NAMES, 2):
        wrong = [t for t in range(first, len(x)) if (runs[kind][t].y > 0.5) != (wanted[t] > 0.5)]
        chart.add_scatter(
            x=wrong,
            y=[row + 0.33] * len(wrong),
            mode="markers",
            marker={"symbol": "x", "size": 7, "color": BAD},
            hoverinfo="skip",
            showlegend=False,
        )
    frame(chart, 0, at - 1, VALIDATION, height=4)
    return chart


def contexts(runs: Runs, at: int) -> go.Figure:
    """The context units before each step: Elman's are a copy of the hidden layer, Jordan's of the output."""
    rows, words = [], []
    for kind, name in NAMES.items():
        values = np.array([step.m for step in runs[kind]]).T
        rows += list(values)
        words += [f"{name} {n + 1}" for n in range(len(values))]
    steps = [str(step.t) for step in runs["elman"]]
    chart = heat(
        rows,
        words,
        steps,
        low=-1,
        high=1,
        digits=False,
        names=("", _("step"), ""),
        height=max(190, 80 + 18 * len(rows)),
    )
    frame(chart, 0, at - 1, VALIDATION, height=len(rows))
    return chart


def memory(found: Mapping[str, elman_jordan.MemoryProbe]) -> go.Figure:
    """Accuracy of a linear probe of the context, relative to chance (½)."""
    back = len(found["elman"].bits)
    words = [_("{n} ago").format(n=n) for n in range(1, back + 1)] + [_("parity")]
    chart = draw.canvas("", _("told rightly"), height=240)
    for kind, name in NAMES.items():
        shares = [*found[kind].bits, found[kind].parity]
        chart.add_bar(x=words, y=shares, name=name, marker={"color": COLOURS[kind]}, hovertemplate="%{x}: %{y:.1%}")
    chart.add_hline(y=0.5, line={"dash": "dash", "width": 1.4, "color": NEUTRAL})
    chart.update_xaxes(type="category")
    chart.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return chart
