"""Gates and memory: a heat map of time × cell, gate saturation, and the half-life of the memory."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.charlm.inside.gates import OPEN, SHUT, Saturation, half_life, order_by_similarity, saturation
from core.charlm.inside.numpy_network import GATES, NAMES, SIGNALS
from core.i18n import _
from core.runs.run import Run
from ui.charlm.choose_text import choose_text, notes, show_sentence, window
from ui.charlm.colored_text import visible
from ui.charlm.open_run import clamp_state, opened_of, passage_of, warn_about_address
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import DIVERGING, RUNS, SEQUENTIAL

WINDOW = 160  # characters on the screen at once
KEEPS = {"lstm": "f", "gru": "z"}  # the gate that keeps the memory


def show(run: Run) -> None:
    network = opened_of(run).network
    warn_about_address(network)
    order = [*GATES[network.cell], *(name for name in SIGNALS[network.cell] if name not in GATES[network.cell])]
    signals = {name: NAMES[name].capitalize() for name in order}
    clamp_state("layer", 1, len(network.layers))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = int(st.number_input(_("Layer"), 1, len(network.layers), 1, key="layer", bind="query-params", width=150))
        signal = choose(st.segmented_control, _("Signal"), signals, key="signal", required=True)
        together = st.toggle(
            _("Cells that move alike side by side"), True, key="alike", bind="query-params",
            help=_("Ordered by their first two principal components; otherwise by number."),
        )  # fmt: skip
    chosen = choose_text(run, WINDOW)
    passage = passage_of(run, chosen.text)
    notes(passage.cut, passage.unknown)
    begin, end = window("from", len(passage), WINDOW)
    found = passage.signals(begin, end, layer, SIGNALS[network.cell])
    symbols = passage.symbols[begin:end]
    _heat(symbols, found[signal], signal, layer, together)
    _saturation({name: found[name] for name in GATES[network.cell] or ("h",)}, layer, network.cell)


def _heat(symbols: list[str], values: np.ndarray, signal: str, layer: int, together: bool) -> None:
    U = values.shape[1]
    order = order_by_similarity(values) if together else np.arange(U)
    gate = any(signal in gates for gates in GATES.values())
    reach = 1.0 if signal != "c" else max(float(np.quantile(np.abs(values), 0.995)), 1e-9)
    moving = int(values.std(axis=0).argmax())
    show_sentence(
        _(
            "{signal} of the {units} cells of layer {layer} after each of {count} characters: from {low:.2f} to "
            "{high:.2f}, {mean:.2f} on average. Cell {cell} moves most."
        ).format(
            signal=NAMES[signal].capitalize(),
            units=U,
            layer=layer,
            count=len(symbols),
            low=float(values.min()),
            high=float(values.max()),
            mean=float(values.mean()),
            cell=moving,
        )
    )
    chart = figures.figure("", _("cell"), height=460, revision=f"{signal}-{layer}")
    chart.add_heatmap(
        z=np.round(values[:, order].T, 3).astype(np.float32),
        x=list(range(len(symbols))),
        y=list(range(U)),
        customdata=[[_("cell {n}").format(n=cell)] * len(symbols) for cell in order.tolist()],
        text=[symbols] * U if U * len(symbols) < 30_000 else None,
        zmin=0 if gate else -reach,
        zmax=reach,
        colorscale=SEQUENTIAL if gate else DIVERGING,
        hovertemplate="%{customdata}, %{x}: %{z:.3f}<extra></extra>",
        colorbar={"thickness": 10, "title": None},
    )
    places, words = _words_of(symbols)
    chart.update_xaxes(tickvals=places, ticktext=words, tickangle=-90, tickfont={"size": 11}, showgrid=False)
    chart.update_yaxes(showticklabels=not together, showgrid=False)
    chart.update_layout(hovermode="closest")
    figures.draw(
        chart,
        key=f"gates-{signal}",
        alt=_("Heat map: every cell's value after each character"),
        table={_("character"): [visible(symbol) for symbol in symbols]}
        | {_("cell {n}").format(n=cell): np.round(values[:, cell].astype(float), 3).tolist() for cell in range(U)},
    )


def _words_of(symbols: list[str]) -> tuple[list[int], list[str]]:
    """Axis ticks: positions and starts of words; in a text without spaces every eighth character."""
    begins = [
        place for place, (before, symbol) in enumerate(pairwise([" ", *symbols])) if before.isspace() > symbol.isspace()
    ]
    if len(begins) * 16 < len(symbols):
        begins = list(range(0, len(symbols), 8))
    ends = [*begins[1:], len(symbols)]
    return begins, ["".join(symbols[begin:end]).strip()[:8] for begin, end in zip(begins, ends, strict=True)]


def _saturation(signals: dict[str, np.ndarray], layer: int, cell: str) -> None:
    st.subheader(_("Open, shut, and in between"), anchor=False)
    found = {name: saturation(name, values) for name, values in signals.items()}
    ends = {name: item for name, item in found.items() if item is not None}
    show_sentence(_words(ends, signals, cell))
    left, right = st.columns([3, 2], gap="medium") if cell in KEEPS else (st.container(), None)
    with left:
        _scatter(ends, layer)
    if right is not None:
        with right:
            _half_lives(signals[KEEPS[cell]])


def _words(ends: dict[str, Saturation], signals: dict[str, np.ndarray], cell: str) -> str:
    if cell == "rnn":
        item = ends["h"]
        return _(
            "A simple RNN has no gates. Its hidden values lie on the flat ends of the tanh {share:.0%} of the time, "
            "where hardly any gradient passes."
        ).format(share=float((item.shut + item.open).mean()))
    parts = [
        _("the {gate} {open:.0%} open and {shut:.0%} shut").format(
            gate=NAMES[name], open=float(item.open.mean()), shut=float(item.shut.mean())
        )
        for name, item in ends.items()
    ]
    lives = half_life(signals[KEEPS[cell]])
    return _(
        "Over these characters, averaged over cells: {parts} (over {high}, under {low}). Half of the cells lose half "
        "of what they hold within {median:.1f} characters; cell {cell} keeps longest."
    ).format(parts="; ".join(parts), high=OPEN, low=SHUT, median=float(np.median(lives)), cell=int(lives.argmax()))


def _scatter(ends: dict[str, Saturation], layer: int) -> None:
    chart = figures.figure(_("share of the time open"), _("share of the time shut"), revision=f"saturation-{layer}")
    for number, (name, item) in enumerate(ends.items()):
        chart.add_scatter(
            x=item.open, y=item.shut, mode="markers", name=NAMES[name], marker={"color": RUNS[number], "opacity": 0.6},
            text=[_("cell {n}").format(n=cell) for cell in range(len(item.open))],
            hovertemplate="%{text}: %{x:.2f}, %{y:.2f}",
        )  # fmt: skip
    chart.add_shape(type="line", x0=0, y0=1, x1=1, y1=0, line={"dash": "dot", "width": 1, "color": "gray"})
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(range=[-0.03, 1.03])
    chart.update_yaxes(range=[-0.03, 1.03])
    columns: dict[str, Sequence[Any]] = {_("cell"): list(range(len(next(iter(ends.values())).open)))}
    for name, item in ends.items():
        columns[_("{gate} open").format(gate=NAMES[name])] = np.round(item.open, 3).tolist()
        columns[_("{gate} shut").format(gate=NAMES[name])] = np.round(item.shut, 3).tolist()
    figures.draw(
        chart,
        key="saturation",
        alt=_("For each cell and gate, the share of the time that it stands open and shut"),
        table=columns,
    )


def _half_lives(keep: np.ndarray) -> None:
    lives = np.sort(half_life(keep))[::-1]
    ranks = np.arange(1, len(lives) + 1)
    chart: go.Figure = figures.figure(_("cells, longest first"), _("half-life, characters"), log_y=True)
    figures.line(chart, ranks.tolist(), np.minimum(lives, 1e6).tolist(), _("half-life"), RUNS[0])
    chart.update_layout(hovermode="closest", showlegend=False)
    chart.update_yaxes(dtick=1)
    order = np.argsort(-half_life(keep))
    figures.draw(
        chart,
        key="half-lives",
        alt=_("After how many characters half of a cell's memory is left, cells in order"),
        table={_("cell"): order.tolist(), _("half-life, characters"): np.round(half_life(keep)[order], 2).tolist()},
    )
