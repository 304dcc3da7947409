"""Plotly building blocks of the lab: planes with points and lines, number lines, graphs of nodes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ui.widgets.figures import Numbers, figure
from ui.widgets.palette import DISCRIMINATOR, NEUTRAL, SEQUENTIAL, VALIDATION, with_alpha

CLASSES = (VALIDATION, DISCRIMINATOR)  # label 0, label 1
SYMBOLS = ("square", "circle")


def canvas(x: str = "", y: str = "", *, height: int = 400, legend: bool = True) -> go.Figure:
    """A figure without zoom and drag, so that a touch screen can scroll past it; hover shows the nearest element."""
    chart = figure(x, y, height=height)
    chart.update_layout(dragmode=False, hovermode="closest", showlegend=legend, margin={"t": 28 if legend else 8})
    chart.update_xaxes(fixedrange=True)
    chart.update_yaxes(fixedrange=True)
    return chart


def plane(x: str, y: str, low: Sequence[float], high: Sequence[float], *, height: int = 450) -> go.Figure:
    """A plane with equal units on both axes, from `low` to `high`."""
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
            unselected={"marker": {"opacity": 1}},
            hovertemplate="(%{x:g}, %{y:g})<extra>%{fullData.name}</extra>",
        )


def segment(chart: go.Figure, ends: Any, name: str, colour: str, **style: Any) -> None:
    """A straight line between two points; with None an empty one, so that the legend stays as it is."""
    (x0, y0), (x1, y1) = ends if ends is not None else ((None, None), (None, None))
    chart.add_scatter(
        x=[x0, x1], y=[y0, y1], mode="lines", name=name, line={"color": colour, "width": 3} | style, hoverinfo="skip"
    )


def click_grid(chart: go.Figure, low: Sequence[float], high: Sequence[float]) -> None:
    """Add an invisible grid of clickable points, 0.25 apart; their customdata is [x, y]."""
    step = 0.25
    axes = [np.arange(np.ceil(low[i] / step), np.floor(high[i] / step) + 1) * step for i in (0, 1)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)
    chart.add_scatter(
        x=grid[:, 0],
        y=grid[:, 1],
        customdata=grid.tolist(),
        mode="markers",
        marker={"size": 15, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate="(%{x:g}, %{y:g})<extra></extra>",
        showlegend=False,
    )


def highlight(chart: go.Figure, xy: Sequence[float], name: str, colour: str = NEUTRAL, size: float = 26) -> None:
    """Add a circle around the point in focus."""
    chart.add_scatter(
        x=[xy[0]],
        y=[xy[1]],
        mode="markers",
        name=name,
        marker={"size": size, "symbol": "circle-open", "color": colour, "line": {"width": 3}},
        hoverinfo="skip",
    )


def half_planes(chart: go.Figure, w: Sequence[float], b: float, low: Sequence[float], high: Sequence[float]) -> None:
    """Colour the box by the side of w·x + b = 0: above 0 as label 1, else as label 0."""
    for side, colour in zip((-1, 1), CLASSES, strict=True):
        corners = _clipped([w[0] * side, w[1] * side], b * side, low, high)
        chart.add_scatter(
            x=[x for x, _y in corners],
            y=[y for _x, y in corners],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=with_alpha(colour, 0.12),
            hoverinfo="skip",
            showlegend=False,
        )


def _clipped(w: Sequence[float], b: float, low: Sequence[float], high: Sequence[float]) -> list[tuple[float, float]]:
    """The part of the box where w·x + b ≥ 0 (Sutherland and Hodgman 1974)."""
    box = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    value = [w[0] * x + w[1] * y + b for x, y in box]
    kept: list[tuple[float, float]] = []
    for i in range(4):
        (x0, y0), (x1, y1) = box[i - 1], box[i]
        if (value[i - 1] < 0) != (value[i] < 0):
            share = value[i - 1] / (value[i - 1] - value[i])
            kept.append((x0 + share * (x1 - x0), y0 + share * (y1 - y0)))
        if value[i] >= 0:
            kept.append((x1, y1))
    return kept


def format_number(value: float, places: int = 3) -> str:
    """Format a number compactly: at most `places` decimals, or `2e−7` where they would all be 0."""
    if value and abs(value) < 0.5 * 10**-places:
        text = f"{value:.0e}".replace("e-0", "e-")
    else:
        text = f"{value:.{places}f}".rstrip("0").rstrip(".") if abs(value) < 1000 else f"{value:.3g}"
    return "0" if text == "-0" else text.replace("-", "−")


def empty_canvas(*, height: int) -> go.Figure:
    """A canvas without axes, for drawings."""
    chart = canvas(height=height, legend=False)
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    chart.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0})
    return chart


def edges(chart: go.Figure, lines: Sequence[Sequence[float]], colour: str = NEUTRAL, **style: Any) -> None:
    """Straight lines (x0, y0, x1, y1) as one trace."""
    chart.add_scatter(
        x=[x for x0, _y0, x1, _y1 in lines for x in (x0, x1, None)],
        y=[y for _x0, y0, _x1, y1 in lines for y in (y0, y1, None)],
        mode="lines",
        line={"color": colour, "width": 1.5} | style,
        hoverinfo="skip",
        showlegend=False,
    )


def text_colour() -> str:
    """Text colour for digits on coloured cells, contrasting with the theme."""
    return "#f4f2fa" if st.context.theme.type == "dark" else "#24222d"


def texts(
    chart: go.Figure,
    xy: Sequence[Sequence[float]],
    words: Sequence[str],
    colour: str | None = None,
    size: float = 12,
    position: str = "middle center",
) -> None:
    """Add text labels, in text_colour() by default."""
    chart.add_scatter(
        x=[x for x, _y in xy],
        y=[y for _x, y in xy],
        text=list(words),
        mode="text",
        textposition=position,
        textfont={"size": size, "color": colour or text_colour()},
        hoverinfo="skip",
        showlegend=False,
    )


def nodes(
    chart: go.Figure,
    xy: Sequence[Sequence[float]],
    words: Sequence[str],
    colours: Sequence[str] | str,
    *,
    size: float = 42,
    symbol: str = "circle",
    hover: Sequence[str] | None = None,
    keys: Sequence[Any] | None = None,
    font: float = 12,
) -> None:
    """Add nodes with a white label, readable in both themes; `keys` is the customdata that a click returns."""
    each = [colours] * len(words) if isinstance(colours, str) else list(colours)
    chart.add_scatter(
        x=[x for x, _y in xy],
        y=[y for _x, y in xy],
        text=list(words),
        customdata=None if keys is None else list(keys),
        mode="markers+text",
        marker={
            "size": size,
            "symbol": symbol,
            "color": each,
            "opacity": 1,
        },
        textfont={"size": font, "color": "white"},
        selected={"marker": {"opacity": 1}, "textfont": {"color": "white"}},
        unselected={"marker": {"opacity": 1}, "textfont": {"color": "white"}},
        hovertext=None if hover is None else list(hover),
        hoverinfo="skip" if hover is None else "text",
        showlegend=False,
    )


def click_targets(chart: go.Figure, x: Numbers, y: Numbers, keys: Numbers) -> None:
    """Add clickable points on a curve."""
    chart.add_scatter(
        x=list(x),
        y=list(y),
        customdata=list(keys),
        mode="markers",
        marker={"size": 14, "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hovertemplate="(%{x:g}, %{y:.3f})<extra></extra>",
        showlegend=False,
    )


def bars(chart: go.Figure, x: Numbers, y: Numbers, name: str, colour: str, width: float | None = None) -> None:
    chart.add_bar(x=list(x), y=list(y), name=name, marker={"color": colour, "line": {"width": 0}}, width=width)


def dots(chart: go.Figure, x: Numbers, y: Numbers, colour: str, size: float = 10) -> None:
    """Add markers of the current position on a curve."""
    chart.add_scatter(
        x=list(x),
        y=list(y),
        mode="markers",
        marker={"size": size, "color": colour, "line": {"width": 2, "color": "white"}},
        hovertemplate="(%{x:g}, %{y:.4g})<extra></extra>",
        showlegend=False,
    )


def surface(chart: go.Figure, x: Numbers, y: Numbers, z: Any, *, high: float | None = None) -> None:
    """Add a function of two variables as a heat map."""
    chart.add_heatmap(
        x=list(x),
        y=list(y),
        z=np.round(z, 3),
        zmin=0,
        zmax=high,
        zsmooth="fast",
        colorscale=SEQUENTIAL,
        colorbar={"thickness": 10, "outlinewidth": 0},
        hovertemplate="(%{x:.2f}, %{y:.2f}): %{z:.3f}<extra></extra>",
    )


def path(chart: go.Figure, x: Numbers, y: Numbers, name: str, colour: str) -> None:
    """Add a trajectory with its end marked."""
    chart.add_scatter(
        x=list(x), y=list(y), mode="lines", name=name, line={"color": colour, "width": 2.5}, hoverinfo="skip"
    )
    dots(chart, x[-1:], y[-1:], colour, 11)


def arrow(
    chart: go.Figure,
    start: Sequence[float],
    end: Sequence[float],
    colour: str = NEUTRAL,
    *,
    width: float = 1.6,
    gap: int = 20,
) -> None:
    """An arrow between two nodes that stops `gap` pixels before each."""
    chart.add_annotation(
        x=end[0],
        y=end[1],
        ax=start[0],
        ay=start[1],
        axref="x",
        ayref="y",
        text="",
        showarrow=True,
        arrowhead=2,
        arrowsize=1,
        arrowwidth=width,
        arrowcolor=colour,
        standoff=gap,
        startstandoff=gap,
    )
