"""Pictures of the lab: planes with points and lines, matrices with their digits, number lines, graphs of nodes."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ui.figures import figure
from ui.palette import DISCRIMINATOR, VALIDATION

CLASSES = (VALIDATION, DISCRIMINATOR)  # label 0, label 1
SYMBOLS = ("square", "circle")


def canvas(x: str = "", y: str = "", *, height: int = 400, legend: bool = True) -> go.Figure:
    """A figure that a finger can scroll past: nothing zooms, the pointer is answered by the nearest thing."""
    chart = figure(x, y, height=height)
    chart.update_layout(dragmode=False, hovermode="closest", showlegend=legend, margin={"t": 28 if legend else 8})
    chart.update_xaxes(fixedrange=True)
    chart.update_yaxes(fixedrange=True)
    return chart


def plane(x: str, y: str, low: Sequence[float], high: Sequence[float], *, height: int = 400) -> go.Figure:
    """A plane whose units are as long in x as in y, from `low` to `high`."""
    chart = canvas(x, y, height=height)
    chart.update_xaxes(range=[low[0], high[0]], constrain="domain")
    chart.update_yaxes(range=[low[1], high[1]], scaleanchor="x", constrain="domain")
    return chart


def points(chart: go.Figure, xy: Any, labels: Sequence[int], names: Sequence[str], **marker: Any) -> None:
    """Points of two classes: colour and shape tell them apart."""
    for label, name in enumerate(names):
        rows = [i for i, t in enumerate(labels) if t == label]
        chart.add_scatter(
            x=[xy[i][0] for i in rows],
            y=[xy[i][1] for i in rows],
            customdata=rows,
            mode="markers",
            name=name,
            marker={"size": 13, "color": CLASSES[label], "symbol": SYMBOLS[label]} | marker,
            hovertemplate="(%{x:g}, %{y:g})<extra>%{fullData.name}</extra>",
        )


def segment(chart: go.Figure, ends: Any, name: str, colour: str, **style: Any) -> None:
    """A straight line between two points; with None an empty one, so that the legend stays as it is."""
    (x0, y0), (x1, y1) = ends if ends is not None else ((None, None), (None, None))
    chart.add_scatter(
        x=[x0, x1], y=[y0, y1], mode="lines", name=name, line={"color": colour, "width": 3} | style, hoverinfo="skip"
    )
