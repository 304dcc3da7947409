"""Plotly figures with a common style, stable keys, and `uirevision`, so that live updates keep the zoom."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.i18n import _
from ui.widgets.palette import BASELINES, GRID, TRAIN, VALIDATION, with_alpha

Numbers = Sequence[float] | np.ndarray
Table = Mapping[str, Sequence[Any] | np.ndarray]  # title of a column → its cells

HEIGHT = 340
MAX_POINTS = 1200
TEXTS = {"name", "x", "y", "text", "hovertext", "customdata", "labels"}  # of a trace
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"], "responsive": True}


def figure(x: str = "", y: str = "", *, height: int = HEIGHT, revision: str = "", log_y: bool = False) -> go.Figure:
    """Create an empty figure in the common style with axis titles `x` and `y`."""
    chart = go.Figure()
    chart.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        uirevision=revision or "keep",
    )
    chart.update_xaxes(title=x, gridcolor=GRID, zeroline=False, automargin=True)
    chart.update_yaxes(
        title=y, gridcolor=GRID, zeroline=False, automargin=True, type="log" if log_y else "linear", nticks=7
    )
    return chart


def draw(
    chart: go.Figure,
    *,
    key: str,
    alt: str,
    table: Mapping[str, Sequence[Any]] | None = None,
    on_select: Any = "ignore",
) -> Any:
    """Show `chart`, and under it an expander with its data as a table, for accessibility."""
    escape_markup(chart)
    event = st.plotly_chart(chart, key=key, config=CONFIG, alt=alt, on_select=on_select, selection_mode="points")
    if table is not None:
        data_table(table, key=f"{key}-table", alt=alt)
    return event


def escape_markup(chart: go.Figure) -> None:
    """Escape HTML in all texts of `chart`, which Plotly would interpret as links and styles.

    Line breaks and hover templates, which contain no user text, are kept.
    """
    for trace in chart.data:
        for key in TEXTS & set(trace):
            if (plain := _plain(trace[key])) is not None:
                trace[key] = plain
    chart.for_each_annotation(lambda item: item.update(text=_plain(item.text) or item.text))
    for each in (chart.for_each_xaxis, chart.for_each_yaxis):
        each(lambda axis: axis.title.update(text=_plain(axis.title.text) or axis.title.text))
        each(lambda axis: axis.update(ticktext=_plain(axis.ticktext)) if _plain(axis.ticktext) is not None else None)


def _plain(value: Any) -> Any:
    """`value` with HTML escaped, recursively; None where nothing changes."""
    if isinstance(value, str):
        safe = html.escape(value, quote=False).replace("&lt;br&gt;", "<br>")
        return None if safe == value else safe
    if isinstance(value, np.ndarray) and value.dtype.kind not in "OU":
        return None
    if isinstance(value, list | tuple | np.ndarray):
        parts = [_plain(item) for item in value]
        if any(part is not None for part in parts):
            return [item if part is None else part for item, part in zip(value, parts, strict=True)]
    return None


def data_table(table: Table, *, key: str, alt: str) -> None:
    with st.expander(_("The numbers"), icon=":material/table_rows:", key=key, on_change="rerun") as shown:
        if shown.open:
            import pandas as pd

            longest = max((len(column) for column in table.values()), default=0)
            padded = {name: list(column) + [None] * (longest - len(column)) for name, column in table.items()}
            st.dataframe(pd.DataFrame(padded), hide_index=True, alt=alt)


def downsample(x: Numbers, y: Numbers, limit: int = MAX_POINTS) -> tuple[list[float], list[float]]:
    """Keep about `limit` evenly spaced points, including the last one."""
    stride = max(1, len(x) // limit)
    keep = sorted({*range(0, len(x), stride), *([len(x) - 1] if len(x) else [])})
    return [x[index] for index in keep], [y[index] for index in keep]


def smooth(values: Numbers, weight: float | None = None) -> list[float]:
    """Exponential moving average with the start corrected (Adam's bias correction, Kingma and Ba 2015).

    The default weight averages over a thirtieth of the values, so that a short curve does not lag.
    """
    weight = 1 - 1 / max(2.0, min(40.0, len(values) / 30)) if weight is None else weight
    result, running, mass = [], 0.0, 0.0
    for value in values:
        running, mass = weight * running + (1 - weight) * value, weight * mass + (1 - weight)
        result.append(running / mass)
    return result


def line(chart: go.Figure, x: Numbers, y: Numbers, name: str, colour: str, **style: Any) -> None:
    x, y = downsample(x, y)
    chart.add_scatter(x=x, y=y, name=name, mode=style.pop("mode", "lines"), line={"color": colour, "width": 2} | style)


def raw_and_smooth(chart: go.Figure, x: Numbers, y: Numbers, name: str, colour: str = TRAIN) -> None:
    """Add a smoothed line and, faint, the raw one."""
    raw_x, raw_y = downsample(x, y)
    chart.add_scatter(
        x=raw_x,
        y=raw_y,
        name=_("{name} (raw)").format(name=name),
        mode="lines",
        line={"color": with_alpha(colour, 0.28), "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )
    smooth_x, smooth_y = downsample(x, smooth(y))
    chart.add_scatter(x=smooth_x, y=smooth_y, name=name, mode="lines", line={"color": colour, "width": 2.4})


def validation(chart: go.Figure, x: Numbers, y: Numbers, name: str) -> None:
    chart.add_scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode="lines+markers",
        line={"color": VALIDATION, "width": 2.4},
        marker={"size": 5},
    )


def baseline(chart: go.Figure, value: float, name: str, number: int = 0) -> None:
    """Add a dashed horizontal line with a label at its right end."""
    chart.add_hline(
        y=value,
        line={"dash": "dash", "width": 1.4, "color": BASELINES[number % len(BASELINES)]},
        annotation={"text": name, "font": {"size": 11}, "xanchor": "right", "yanchor": "bottom"},
        annotation_position="top right",
    )


def cursor(chart: go.Figure, x: float) -> None:
    """Add a vertical line at the step of a slider."""
    chart.add_vline(x=x, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
