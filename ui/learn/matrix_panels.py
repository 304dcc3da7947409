"""Several matrices side by side in one figure, with digits and operators between them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ui.learn import figures as draw
from ui.learn.heatmap import heat
from ui.widgets.palette import DIVERGING, SEQUENTIAL

GAP = 1.0  # cells between two matrices
ROOM = 1.4  # scale of the colours: the strongest one would make the digits unreadable


def starts(matrices: Sequence[Any]) -> list[float]:
    """The column at which each matrix begins in the drawing."""
    widths = [np.shape(matrix)[1] + GAP for matrix in matrices]
    return [float(sum(widths[:n])) for n in range(len(widths))]


def panels(
    matrices: Sequence[Any], titles: Sequence[str], between: Sequence[str] = (), *, cell: int = 34, places: int = 2
) -> go.Figure:
    """Matrices (R, C), aligned at the top; each has its own colour scale, two colours where it has negative numbers.

    `between` are the signs in the gaps, `cell` the height of a row in pixels, `places` the decimals in a cell.
    """
    tables = [np.asarray(matrix, float) for matrix in matrices]
    begin = starts(tables)
    tall = max(len(table) for table in tables)
    wide = begin[-1] + tables[-1].shape[1]
    chart = draw.empty_canvas(height=round((tall + 1.4) * cell))
    for table, x in zip(tables, begin, strict=True):
        signed = bool((table < 0).any())
        most = ROOM * float(np.abs(table).max(initial=0.0)) or 1.0
        chart.add_heatmap(
            z=table,
            x=[x + c for c in range(table.shape[1])],
            y=list(range(len(table))),
            zmin=-most if signed else 0,
            zmax=most,
            colorscale=DIVERGING if signed else SEQUENTIAL,
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{z:.4g}<extra></extra>",
        )
    cells = [(x + c, r, v) for t, x in zip(tables, begin, strict=True) for (r, c), v in np.ndenumerate(t)]
    size = 12 if wide <= 12 else 11 if wide <= 18 else 9
    draw.texts(chart, [(x, y) for x, y, _v in cells], [draw.format_number(v, places) for _x, _y, v in cells], size=size)
    middles = [(x + (t.shape[1] - 1) / 2, -0.95) for t, x in zip(tables, begin, strict=True)]
    draw.texts(chart, middles, list(titles), size=13)
    signs = [(x - (1 + GAP) / 2, (len(tables[n + 1]) - 1) / 2) for n, x in enumerate(begin[1:])]
    draw.texts(chart, signs[: len(between)], list(between), size=17)
    chart.update_xaxes(range=[-0.6, wide - 0.4])
    chart.update_yaxes(range=[tall - 0.4, -1.5])
    return chart


def pixels(values: Any, cell: int, *, low: float | None = None, clickable: bool = False) -> go.Figure:
    """One matrix without names of rows and columns; a click on a number hands over [row, column]."""
    table = np.asarray(values, float)
    most = ROOM * float(np.abs(table).max(initial=0.0)) or 1.0
    rows, columns = table.shape
    chart = heat(table, [""] * rows, [""] * columns, low=low, high=most, height=cell * rows + 20, clickable=clickable)
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart
