"""Figures of the page on vanishing and exploding gradients."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from core.i18n import N_, _, translated_mapping
from core.lab.gradients import Trace, Training
from ui.learn import figures as draw
from ui.learn.heatmap import frame, heat
from ui.widgets.figures import line, smooth
from ui.widgets.palette import BAD, GOOD, NEUTRAL, TRAIN, VALIDATION, with_alpha

LOWEST, HIGHEST = 1e-40, 1e40  # where the axes end: less is as good as nothing
REMEDIES = translated_mapping(
    {
        "none": N_("nothing"),
        "activation": N_("activation"),
        "initialisation": N_("initialisation"),
        "batch_norm": N_("batch norm"),
        "residual": N_("residual"),
        "clip": N_("clipping"),
        "all": N_("all five"),
    }
)


def terms(table: np.ndarray, t: int, k: int, name: str) -> go.Figure:
    """(T, T): one row an error E_t, one column a step k back in time, the term in view framed."""
    T = len(table)
    steps = [str(n + 1) for n in range(T)]
    names = (_("error of step t"), _("step k, back in time to the left"), name)
    chart = heat(table, steps, steps, names=names, clickable=True, height=90 + max(22 * T, 240))
    frame(chart, t - 1, k - 1, VALIDATION)
    return chart


def _log(values: Sequence[float]) -> list[float | None]:
    return [value if LOWEST < value < HIGHEST else None for value in values]


def norms(yours: Trace, others: Mapping[str, Trace], at: int, steps: bool) -> go.Figure:
    """Gradient norm at each block: of its state (solid) and of its weights (dotted)."""
    chart = draw.canvas(_("time step") if steps else _("layer"), _("length of the gradient"), height=400)
    index = [block.index for block in yours.blocks]
    for colour, (name, trace) in zip((BAD, GOOD), others.items(), strict=True):
        values = _log([block.state_gradient for block in trace.blocks])
        line(chart, index, values, name, with_alpha(colour, 0.65), dash="dash")  # type: ignore[arg-type]
    weights = _log([block.weight_gradient for block in yours.blocks])
    line(chart, index, weights, _("yours: its weights"), TRAIN, dash="dot")  # type: ignore[arg-type]
    state = _log([block.state_gradient for block in yours.blocks])
    line(chart, index, state, _("yours: ∂E/∂h"), TRAIN, width=3)  # type: ignore[arg-type]
    chart.add_vline(x=at, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
    chart.update_yaxes(type="log", exponentformat="power", dtick=_decades(chart))
    chart.update_xaxes(range=[0.5, len(index) + 0.5])
    return chart


def _decades(chart: go.Figure) -> int:
    """Every how many powers of ten a line is drawn."""
    found = [value for trace in chart.data for value in trace.y if value]
    span = np.log10(max(found) / min(found)) if found else 1
    return max(1, int(np.ceil(span / 6)))


def remedies(ratios: Mapping[str, float]) -> go.Figure:
    """Share of the gradient that reaches the first block, with each remedy alone, with all, and as chosen."""
    names = list(ratios)
    values = [min(max(value, LOWEST), HIGHEST) if np.isfinite(value) else HIGHEST for value in ratios.values()]
    signs = {LOWEST: "triangle-left", HIGHEST: "triangle-right"}
    chart = draw.canvas(_("first block / last block"), "", height=84 + 30 * len(names), legend=False)
    chart.add_scatter(
        x=values,
        y=names,
        mode="markers",
        marker={
            "size": 12,
            "color": [BAD, *[NEUTRAL] * (len(names) - 3), GOOD, TRAIN],
            "symbol": [signs.get(value, "circle") for value in values],
        },
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.2e}<extra></extra>",
    )
    chart.add_vline(x=1, line={"width": 1, "dash": "dot", "color": NEUTRAL})
    chart.update_xaxes(type="log", exponentformat="power", nticks=5)
    chart.update_yaxes(type="category", categoryorder="array", categoryarray=names[::-1], nticks=2 * len(names))
    return chart


def losses(runs: Mapping[str, Training]) -> go.Figure:
    """Training loss of the network without remedies and of the chosen one."""
    chart = draw.canvas(_("step of training"), _("cross-entropy"), height=260)
    for colour, (name, run) in zip((BAD, TRAIN), runs.items(), strict=True):
        line(chart, list(range(len(run.losses))), smooth(run.losses, 0.5), name, colour)
    chart.add_hline(y=float(np.log(2)), line={"dash": "dash", "width": 1.2, "color": NEUTRAL})
    chart.add_annotation(
        xref="paper", x=1, y=float(np.log(2)), text=_("guessing"), showarrow=False, yanchor="bottom", xanchor="right"
    )
    chart.update_yaxes(rangemode="tozero")
    return chart


def describe_training(run: Training) -> str:
    if run.diverged is not None:
        return _("left the finite numbers at step {n}").format(n=run.diverged)
    return _("{share:.0%} right").format(share=run.accuracies[-1])


def table(yours: Trace) -> dict[str, Sequence[Any]]:
    return {
        _("block"): [block.index for block in yours.blocks],
        _("∂E/∂h"): [block.state_gradient for block in yours.blocks],
        _("its weights"): [block.weight_gradient for block in yours.blocks],
        _("mean slope f′"): [block.slope for block in yours.blocks],
        _("spread of h"): [block.spread for block in yours.blocks],
    }
