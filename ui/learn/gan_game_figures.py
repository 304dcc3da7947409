"""Figures of the GAN page: densities, D and the optimal D, V over the moves, gradients of each loss."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from core.i18n import _
from core.lab.gan_balance import LOG4, View, gradient_curves
from ui.learn import figures as draw
from ui.learn.gan_game import Stand
from ui.widgets.figures import line
from ui.widgets.palette import DISCRIMINATOR, GENERATOR, GRID, NEUTRAL, REAL, TRAIN, VALIDATION, with_alpha

LOW, HIGH = -2.8, 2.8
SOME = 1e-3  # a density where points land now and then
SURFACE = [[0.0, with_alpha(GENERATOR, 0.75)], [0.5, with_alpha(NEUTRAL, 0.04)], [1.0, with_alpha(DISCRIMINATOR, 0.85)]]


def densities(view: View, x: float) -> go.Figure:
    """One dimension: above what D says and what the best D would say, below where real and made points land."""
    chart = draw.canvas("x", _("density"), height=470)
    for p, name, colour in ((view.p_data, _("real"), REAL), (view.p_g, _("made by G"), GENERATOR)):
        chart.add_scatter(
            x=view.axis,
            y=p,
            name=name,
            mode="lines",
            line={"color": colour, "width": 2},
            fill="tozeroy",
            fillcolor=with_alpha(colour, 0.25),
        )
    for values, name, colour, dash in (
        (view.D, "D", DISCRIMINATOR, "solid"),
        (view.best, _("best D"), NEUTRAL, "dash"),
    ):
        chart.add_scatter(
            x=view.axis,
            y=values,
            yaxis="y2",
            name=name,
            mode="lines",
            line={"color": colour, "width": 2.5, "dash": dash},
        )
    chart.add_hline(y=0.5, yref="y2", line={"width": 1, "dash": "dot", "color": NEUTRAL})
    chart.add_vline(x=x, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
    chart.update_xaxes(range=[LOW, HIGH])
    chart.update_yaxes(domain=[0, 0.5], rangemode="tozero")
    chart.update_layout(
        yaxis2={
            "domain": [0.56, 1],
            "range": [-0.03, 1.03],
            "title": "D(x)",
            "gridcolor": GRID,
            "fixedrange": True,
            "anchor": "x",
            "automargin": True,
            "tickvals": [0, 0.5, 1],
        }
    )
    return chart


def surface(view: View, best: bool, points: np.ndarray, x: Sequence[float]) -> go.Figure:
    """Two dimensions: D, or the best D where points land, as a surface (blue: real, purple: made); data, G's points."""
    values = np.where(view.p_data + view.p_g > SOME, view.best, np.nan) if best else view.D
    some = view.made[np.random.default_rng(0).permutation(len(view.made))[:500]]
    chart = draw.plane("x₁", "x₂", (LOW, LOW), (HIGH, HIGH), height=400)
    chart.add_heatmap(
        x=view.axis,
        y=view.axis,
        z=values.T,
        zmin=0,
        zmax=1,
        colorscale=SURFACE,
        showscale=False,
        hoverinfo="skip",
        zsmooth="best",
    )
    draw.click_grid(chart, (LOW, LOW), (HIGH, HIGH))
    for xy, name, colour, size in ((some, _("made by G"), GENERATOR, 4), (points, _("real"), REAL, 8)):
        chart.add_scatter(
            x=xy[:, 0],
            y=xy[:, 1],
            name=name,
            mode="markers",
            marker={"color": colour, "size": size, "line": {"width": 0.5, "color": "rgba(255,255,255,0.5)"}},
            hoverinfo="skip",
            unselected={"marker": {"opacity": 1}},
        )
    draw.highlight(chart, x, _("in view"), VALIDATION, 16)
    return chart


def value(stands: Sequence[Stand], at: int) -> go.Figure:
    """V(D, G) and V(D*, G) after each move."""
    chart = draw.canvas(_("moves"), "V", height=280)
    moves = list(range(len(stands)))
    marked = "lines+markers" if len(moves) < 30 else "lines"
    best = [view.best_value for _state, view in stands]
    line(chart, moves, best, _("of the best D"), NEUTRAL, mode=marked, dash="dash")
    line(chart, moves, [view.value for _state, view in stands], "V(D, G)", TRAIN, mode=marked)
    chart.add_hline(y=-LOG4, line={"width": 1.4, "dash": "dot", "color": REAL})
    chart.add_annotation(
        text="−log 4", xref="paper", x=1, y=-LOG4, showarrow=False, yanchor="top", xanchor="right", font={"size": 11}
    )
    draw.highlight(chart, (at, stands[at][1].value), "", VALIDATION, 14)
    chart.data[-1].showlegend = False
    chart.update_xaxes(range=[-0.5, max(3, len(moves) - 0.5)])
    return chart


def pulls(view: View) -> go.Figure:
    """Gradient of each generator loss with respect to D's logit, by D(G(z)); the vertical line is the current value."""
    D, minimax, saturating_not = gradient_curves()
    chart = draw.canvas("D(G(z))", _("pull"), height=280)
    line(chart, D.tolist(), minimax.tolist(), _("minimax"), VALIDATION)
    line(chart, D.tolist(), saturating_not.tolist(), _("non-saturating"), GENERATOR)
    chart.add_vline(x=view.fake, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
    return chart
