"""The confusion matrix, whose cells open the texts behind them, and metrics by class."""

from typing import Any

import numpy as np
import streamlit as st

from core.classifier.training.evaluate import Evaluation
from core.classifier.training.metrics import confusion, per_class, rows_of_cell
from core.i18n import _
from core.runs.run import Run
from ui.classifier.colored_text import ink, short
from ui.classifier.text_picker import pick_text
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import SEQUENTIAL, VALIDATION
from ui.widgets.text import md

NAMED = 25  # classes up to which the counts stand in the cells
LISTED = 300


def show(run: Run, found: Evaluation) -> None:
    table = confusion(found.y, found.predicted, len(found.classes))
    left, right = st.columns([3, 2], gap="medium")
    place = left.container()
    with right:
        _by_class(found)
    opened = _choose(found.classes, _worst(found.classes, table))
    with place:
        _matrix(found.classes, table, opened)
    _behind(run, found, *opened)


def _choose(classes: list[str], worst: dict[str, str]) -> tuple[int, int]:
    """Two select boxes, true class and predicted class, which a click on the matrix also sets."""
    words = {"true": _("True class"), "taken": _("Taken for")}
    options = {label: label for label in classes}
    chosen = []
    for side, (key, label) in zip(st.columns(2), words.items(), strict=True):
        with side:
            chosen.append(classes.index(choose(st.selectbox, label, options, key=key, default=worst[key])))
    return chosen[0], chosen[1]


def _worst(classes: list[str], table: np.ndarray) -> dict[str, str]:
    """The cell with most errors, selected by default."""
    mistakes = table - np.diag(np.diag(table))
    row, column = np.unravel_index(mistakes.argmax() if mistakes.any() else 0, table.shape)
    return {"true": classes[row], "taken": classes[column]}


def _matrix(classes: list[str], table: np.ndarray, opened: tuple[int, int]) -> None:
    C = len(classes)
    shares = table / np.maximum(1, table.sum(1, keepdims=True))
    height = int(min(760, max(300, 130 + 34 * C)))
    chart = figures.figure(_("taken for"), _("true class"), height=height)
    chart.add_heatmap(
        z=shares, x=classes, y=classes, colorscale=SEQUENTIAL, zmin=0, zmax=1, showscale=False, hoverinfo="skip",
        xgap=2, ygap=2,
    )  # fmt: skip
    # Streamlit reports no clicks on a heat map: add an almost invisible marker to each cell.
    at = [(row, column) for row in range(C) for column in range(C)]
    if C <= NAMED:
        for row, column in at:
            colour = "#ffffff" if shares[row, column] > 0.55 else ink()
            chart.add_annotation(
                x=column, y=row, text=f"{table[row, column]:,}", showarrow=False,
                font={"size": 15 if C <= 8 else 10, "color": colour}, captureevents=False,
            )  # fmt: skip
    chart.add_scatter(
        x=[classes[column] for _row, column in at],
        y=[classes[row] for row, _column in at],
        customdata=at,
        mode="markers",
        text=[f"{table[place]:,}" for place in at],
        marker={"symbol": "square", "size": max(8, min(90, 0.62 * (height - 130) / C)), "opacity": 0.01},
        selected={"marker": {"opacity": 0.01}},
        unselected={"marker": {"opacity": 0.01}},
        hovertemplate=_("%{y} taken for %{x}: %{text}") + "<extra></extra>",
        showlegend=False,
    )
    row, column = opened
    chart.add_shape(
        type="rect", x0=column - 0.48, x1=column + 0.48, y0=row - 0.48, y1=row + 0.48,
        line={"width": 3, "color": VALIDATION},
    )  # fmt: skip
    chart.update_layout(hovermode="closest", dragmode=False, clickmode="event+select")
    chart.update_xaxes(type="category", showgrid=False, side="top")
    chart.update_yaxes(type="category", showgrid=False, autorange="reversed")
    columns: dict[str, Any] = {_("true class"): classes}
    columns |= {label: table[:, place].tolist() for place, label in enumerate(classes)}
    figures.draw(chart, key="matrix", alt=_("Confusion matrix"), table=columns, on_select=_open)
    st.caption(_("A row is a true class, a column what it was taken for. Click a cell to read the texts behind it."))


def _open() -> None:
    points = st.session_state["matrix"].selection.points
    if points:
        st.session_state["true"], st.session_state["taken"] = points[0]["y"], points[0]["x"]


def _by_class(found: Evaluation) -> None:
    each = per_class(found.y, found.predicted, len(found.classes))
    rows = [
        {
            _("class"): label,
            _("precision"): f"{item.precision:.1%}",
            _("recall"): f"{item.recall:.1%}",
            "F1": f"{item.f1:.3f}",
            _("texts"): item.support,
        }
        for label, item in zip(found.classes, each, strict=True)
    ]
    st.dataframe(rows, hide_index=True, alt=_("Precision, recall and F1 of each class"))
    worst = int(np.argmin([item.f1 for item in each]))
    st.caption(
        _(
            "Precision: how many of those named so are so. Recall: how many of those there are were found. Hardest: "
            "{label}, of which it finds {recall:.0%}."
        ).format(label=md(found.classes[worst]), recall=each[worst].recall)
    )


def _behind(run: Run, found: Evaluation, row: int, column: int) -> None:
    true, taken = found.classes[row], found.classes[column]
    places = rows_of_cell(found.y, found.predicted, row, column)
    p = found.p
    places = places[np.argsort(-p[places, column], kind="stable")]
    said = _("{n:,} texts of “{true}” were taken for “{taken}”, the surest first.")
    if true == taken:
        said = _("{n:,} texts of “{true}” were found, the surest first.")
    st.markdown(said.format(n=len(places), true=md(true), taken=md(taken)))
    if len(places):
        rows = [
            {
                _("sure"): f"{p[place, column]:.1%}",
                _("true class"): f"{p[place, row]:.1%}",
                _("text"): short(found.texts[place], 500),
                _("row"): found.names[place],
            }
            for place in places[:LISTED]
        ]
        pick_text(run, found, places[:LISTED], rows, key=f"behind-{row}-{column}")
