"""A text coloured by the value of one cell, with the network's predictions, and the search for cells."""

import numpy as np
import streamlit as st

from core.charlm.inside.numpy_network import GATES, NAMES, SIGNALS
from core.charlm.inside.passage import Passage
from core.i18n import _
from core.runs.run import Run
from ui.charlm import colored_text
from ui.charlm.choose_text import choose_text, notes, show_sentence, window
from ui.charlm.finder import finder
from ui.charlm.open_run import clamp_state, opened_of, passage_of, warn_about_address
from ui.shell import navigation
from ui.shell.address import choose
from ui.widgets import figures, tint

WITH_GUESSES, WITHOUT = 420, 1600  # characters on the screen at once


def show(run: Run) -> None:
    network = opened_of(run).network
    warn_about_address(network)
    signals = {name: NAMES[name].capitalize() for name in default_first(network.cell)}
    clamp_state("layer", 1, len(network.layers))
    clamp_state("cell", 0, network.units - 1)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        layer = int(st.number_input(_("Layer"), 1, len(network.layers), 1, key="layer", bind="query-params", width=130))
        cell = int(st.number_input(_("Cell"), 0, network.units - 1, 0, key="cell", bind="query-params", width=130))
        signal = choose(st.segmented_control, _("Coloured by its"), signals, key="signal", required=True)
    with_guesses = st.toggle(_("Its five best guesses under each character"), True, key="guesses", bind="query-params")
    chosen = choose_text(run, size := WITH_GUESSES if with_guesses else WITHOUT)
    passage = passage_of(run, chosen.text)
    notes(passage.cut, passage.unknown)
    begin, end = window("from", len(passage), size)
    values = passage.signals(begin, end, layer, (signal,))[signal][:, cell]
    _picture(passage, begin, end, values, signal, with_guesses, layer, cell)
    link = {"run": run.id, "view": "hold", "layer": str(layer), "cells": str(cell)}
    navigation.link("text-inside", _("Hold a gate of this cell while it writes"), ":material/front_hand:", **link)
    finder(run, layer, cell, signal)


def default_first(cell: str) -> list[str]:
    """The signals of a cell type, its memory first."""
    first = "c" if cell == "lstm" else "h"
    return [first, *(name for name in SIGNALS[cell] if name != first)]


def _picture(
    passage: Passage, begin: int, end: int, values: np.ndarray, signal: str, with_guesses: bool, layer: int, cell: int
) -> None:
    symbols = passage.symbols[begin:end]
    gate = any(signal in gates for gates in GATES.values())
    reach = 1.0 if gate or signal in ("h", "candidate") else max(float(np.abs(values).max()), 1e-9)
    titles, grounds = [f"{value:+.3f}" for value in values], (values / reach).tolist()
    guesses = passage.top_predictions(begin, end)
    show_sentence(_sentence(symbols, values, NAMES[signal], layer, cell))
    with st.container(border=True, height=560 if with_guesses else 430):
        if with_guesses:
            st.html(colored_text.guessed(symbols, grounds, titles, guesses))
        else:
            st.html(colored_text.tinted(symbols, grounds, titles))
        low = "0" if gate else f"{-reach:.2g}"
        st.html(tint.scale(low, f"{reach:.2g}", signed=not gate))
    figures.data_table(
        {
            _("character"): [colored_text.visible(symbol) for symbol in symbols],
            NAMES[signal]: [round(value, 4) for value in values.tolist()],
            _("guesses for this place"): [
                "  ".join(f"{colored_text.visible(guess)} {chance:.2f}" for guess, chance in row) for row in guesses
            ],
        },
        key=f"cells-table-{signal}",
        alt=_("The cell's value after each character, and what the network had expected there"),
    )


def _sentence(symbols: list[str], values: np.ndarray, name: str, layer: int, cell: int) -> str:
    low, high = int(values.argmin()), int(values.argmax())
    return _(
        "After each character: the {signal} of cell {cell} in layer {layer}. Here it is lowest, {low:.2f}, after "
        "“{before_low}”, and highest, {high:.2f}, after “{before_high}”."
    ).format(
        signal=name,
        cell=cell,
        layer=layer,
        low=values[low],
        high=values[high],
        before_low=context(symbols, low),
        before_high=context(symbols, high),
    )


def context(symbols: list[str], place: int) -> str:
    """The last 15 characters up to `place`, on one line."""
    return "".join(symbols[max(0, place - 14) : place + 1]).replace("\n", "⏎")
