"""Figures of the Hopfield page: state, energy, stored patterns, attractors and capacity."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.i18n import N_, _, lazy_message, translated_mapping
from core.lab import hopfield
from ui.learn import figures as draw
from ui.learn.heatmap import drawings, frame
from ui.learn.page import Lab
from ui.widgets.figures import line
from ui.widgets.palette import BAD, GOOD, NEUTRAL, REAL, TRAIN, VALIDATION, with_alpha

KINDS = translated_mapping(
    {
        "stored": N_("a stored picture"),
        "inverse": N_("its inverse"),
        "mixture": N_("a mixture of three"),
        "other": N_("something else"),
    }
)


def state(shown: np.ndarray, start: np.ndarray, step: hopfield.Step | None) -> go.Figure:
    """The current state; dots mark neurons that differ from the start, a frame the last updated one."""
    chart = drawings([shown], [""], height=330, clickable=[0])
    moved = np.argwhere(shown != start)
    chart.add_scatter(
        x=[c for _r, c in moved],
        y=[r for r, _c in moved],
        mode="markers",
        marker={"size": 7, "color": VALIDATION},
        hoverinfo="skip",
        showlegend=False,
    )
    if step is not None:
        row, column = divmod(step.neuron, shown.shape[1])
        frame(chart, row, column, BAD if step.flipped else GOOD)
    return chart


def stored(cells: Sequence[Any], names: Sequence[str], overlaps: np.ndarray) -> go.Figure:
    """The stored pictures side by side, the one nearest to the state in full colour, each with its overlap."""
    nearest = int(np.abs(overlaps).argmax())
    colours = [TRAIN if n == nearest else with_alpha(TRAIN, 0.5) for n in range(len(cells))]
    titles = [f"{name} · m = {draw.format_number(round(float(m), 2))}" for name, m in zip(names, overlaps, strict=True)]
    return drawings(cells, titles, height=150, colours=colours)


def energy(done: hopfield.Recall, at: int) -> go.Figure:
    """Energy after each update; future updates are drawn faint."""
    values = [done.start_energy, *(step.energy for step in done.steps)]
    chart = draw.canvas(_("neurons asked"), "E", height=210, legend=False)
    everything = list(range(len(values)))
    line(chart, everything, values, "E", with_alpha(TRAIN, 0.3), shape="hv")
    line(chart, everything[: at + 1], values[: at + 1], "E", TRAIN, shape="hv")
    draw.highlight(chart, (at, values[at]), "", VALIDATION, 14)
    chart.update_layout(showlegend=False)
    return chart


def verdict(done: hopfield.Recall, names: Sequence[str]) -> str:
    of = ", ".join(names[i] for i in done.ending.of)
    sentences = {
        "stored": _("It settled in the stored picture {of}.").format(of=of),
        "inverse": _("It settled in the inverse of {of}: −x has the same energy as x.").format(of=of),
        "mixture": _("It settled in a mixture of {of}: a memory of what was never stored.").format(of=of),
        "other": _("It settled in a picture that nobody stored."),
    }
    if not done.settled:
        return _("It has not settled after {n} sweeps.").format(n=hopfield.MOST_SWEEPS)
    return sentences[done.ending.kind]


@st.cache_data(max_entries=200, show_spinner=False)
def _valleys(patterns: np.ndarray, seed: int) -> dict[str, int]:
    return hopfield.count_attractors(patterns, 200, seed)


@st.cache_data(max_entries=20, show_spinner=lazy_message("Storing and recalling…"))
def _capacity(n: int) -> tuple[hopfield.Load, ...]:
    return hopfield.capacity(n)


def landscape(lab: Lab, patterns: np.ndarray, seed: int) -> None:
    """Draw the attractors that random starts reach, and the capacity for random patterns."""
    left, right = st.columns(2, gap="medium")
    with left:
        counts = _valleys(patterns, seed)
        chart = draw.canvas(_("of 200 random starts"), "", height=260, legend=False)
        chart.add_bar(
            x=[counts[kind] for kind in KINDS],
            y=list(KINDS.values()),
            orientation="h",
            marker={"color": [REAL, TRAIN, VALIDATION, NEUTRAL]},
            text=[str(counts[kind]) for kind in KINDS],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
        chart.update_xaxes(range=[0, 215])
        chart.update_yaxes(type="category", autorange="reversed")
        alt = _("In which kind of valley 200 random starts end with the pictures that are stored now")
        lab.figure(chart, "valleys", alt, {_("ends in"): list(KINDS.values()), _("starts"): list(counts.values())})
        st.caption(_("The last two are spurious memories: valleys that no stored picture made alone."))
    with right:
        n = int(lab.choice("neurons", _("Neurons N"), {"100": "100", "49": "49", "144": "144"}))
        loads = _capacity(n)
        share = [load.count / n for load in loads]
        chart = draw.canvas(_("random pictures stored, P/N"), _("recalled"), height=230, legend=False)
        line(chart, share, [load.recalled for load in loads], _("recalled"), TRAIN, mode="lines+markers")
        chart.add_vline(x=hopfield.CAPACITY, line={"width": 1.5, "dash": "dot", "color": NEUTRAL})
        chart.add_annotation(x=hopfield.CAPACITY, y=1.04, yref="paper", text="0.138", showarrow=False, xanchor="left")
        chart.update_yaxes(tickformat=".0%", range=[-0.03, 1.05])
        table: dict[str, Sequence[Any]] = {
            _("pictures P"): [load.count for load in loads],
            _("recalled"): [load.recalled for load in loads],
            _("unstable cells"): [load.unstable for load in loads],
            _("expected"): [load.expected_unstable for load in loads],
        }
        lab.figure(chart, "capacity", _("Share of random pictures recalled, by how many are stored"), table)
        st.caption(_("Each start has a tenth of its cells flipped. The dotted line is the theory's limit, 0.138 N."))
