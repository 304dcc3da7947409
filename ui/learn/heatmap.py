"""Heat maps of the lab: tables of numbers as coloured cells with digits; cells can be clickable or framed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.learn import figures as draw
from ui.widgets.palette import DIVERGING, NEUTRAL, SEQUENTIAL, TRAIN, with_alpha
from ui.widgets.text import escape

CELL = 34  # height of a row in pixels
INK = [[0.0, with_alpha(NEUTRAL, 0.13)], [1.0, TRAIN]]  # a drawing: paper and ink


def heat(
    values: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    low: float | None = None,
    high: float | None = None,
    digits: bool = True,
    names: tuple[str, str, str] = ("", "", ""),
    height: int | None = None,
    clickable: bool = False,
) -> go.Figure:
    """values (R, C) as cells, row 0 on top, NaN left out. Signed numbers get two colours around 0, others one.

    `names`: what rows, columns and values are, for the pointer and the axes. Words of a person are escaped here.
    With `clickable` a cell that has a number hands [row, column] to on_click.
    """
    table = np.asarray(values, float)
    shown = table[np.isfinite(table)]
    high = (float(np.abs(shown).max(initial=0.0)) or 1.0) if high is None else high
    signed = low < 0 if low is not None else bool((shown < 0).any())
    low = (-high if signed else 0.0) if low is None else low
    R, C = table.shape
    chart = draw.canvas(escape(names[1]), escape(names[0]), height=height or 74 + CELL * R, legend=False)
    labels = [escape(word) for word in rows], [escape(word) for word in columns]
    chart.add_heatmap(
        z=table,
        x=list(range(C)),
        y=list(range(R)),
        zmin=low,
        zmax=high,
        colorscale=DIVERGING if signed else SEQUENTIAL,
        showscale=False,
        xgap=2,
        ygap=2,
        customdata=[[f"{row}, {column}" for column in labels[1]] for row in labels[0]],
        hovertemplate="%{customdata}: %{z:.4g}<extra>" + escape(names[2]) + "</extra>",
        hoverongaps=False,
    )
    chart.update_xaxes(
        tickvals=list(range(C)), ticktext=labels[1], side="top", showgrid=False, range=[-0.5, C - 0.5], tickangle=0
    )
    chart.update_yaxes(tickvals=list(range(R)), ticktext=labels[0], showgrid=False, range=[R - 0.5, -0.5])
    if digits and C <= 24:
        size = 12 if C <= 4 else 10 if C <= 8 else 9 if C <= 14 else 8
        places = np.argwhere(np.isfinite(table))
        words = [_digits(table[r, c], C) for r, c in places]
        draw.texts(chart, [(c, r) for r, c in places], words, size=size)
    if clickable:
        full = np.argwhere(np.isfinite(table)).tolist()
        touch(chart, [(c, r) for r, c in full], full)
    return chart


def _digits(value: float, columns: int) -> str:
    """A number for a cell: fewer digits where cells are narrow."""
    if columns <= 4:
        return draw.format_number(float(f"{value:.3g}"))
    text = draw.format_number(round(value, 2 if columns <= 14 else 1))
    return text.replace("0.", ".", 1) if text.startswith(("0.", "−0.")) else text


def touch(chart: go.Figure, xy: Sequence[Sequence[float]], keys: Sequence[Any], size: float = 26) -> None:
    """Add invisible clickable points whose customdata is their key."""
    chart.add_scatter(
        x=[x for x, _y in xy],
        y=[y for _x, y in xy],
        customdata=list(keys),
        mode="markers",
        marker={"size": size, "symbol": "square", "color": "rgba(0,0,0,0)"},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        hoverinfo="none",
        showlegend=False,
    )


def frame(chart: go.Figure, row: float, column: float, colour: str, *, height: int = 1, width: int = 1) -> None:
    """A frame around a cell, or a block of cells whose first is (row, column)."""
    chart.add_shape(
        type="rect",
        x0=column - 0.5,
        x1=column + width - 0.5,
        y0=row - 0.5,
        y1=row + height - 0.5,
        line={"color": colour, "width": 3},
    )


def drawings(
    pictures: Sequence[Any],
    titles: Sequence[str],
    *,
    height: int,
    clickable: Sequence[int] = (),
    colours: Sequence[str] | None = None,
) -> go.Figure:
    """Drawings of 0 and 1, side by side, a title over each. A cell of those in `clickable` hands over [row, column]."""
    H, W = np.shape(pictures[0])
    chart = draw.empty_canvas(height=height)
    gap = W + 1
    for n, picture in enumerate(pictures):
        chart.add_heatmap(
            z=np.asarray(picture, float),
            x=[n * gap + c for c in range(W)],
            y=list(range(H)),
            zmin=0,
            zmax=1,
            colorscale=INK if colours is None else [INK[0], [1.0, colours[n]]],
            showscale=False,
            xgap=1.5,
            ygap=1.5,
            hoverinfo="skip",
        )
        if n in clickable:
            keys = [[r, c] for r in range(H) for c in range(W)]
            touch(chart, [(n * gap + c, r) for r, c in keys], keys, size=0.8 * height / (H + 2))
    places = [(n * gap + (W - 1) / 2, -1.3) for n in range(len(titles))]
    draw.texts(chart, places, list(titles))
    chart.update_xaxes(range=[-0.7, len(pictures) * gap - 1.3], constrain="domain")
    chart.update_yaxes(range=[H - 0.3, -2.2 if any(titles) else -0.7], scaleanchor="x", constrain="domain")
    return chart
