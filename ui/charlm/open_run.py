"""Cached results for inspecting a run; recomputed when training replaces the model."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.charlm.data.prepare import Text
from core.errors import UserError
from core.i18n import lazy_message
from core.runs.run import Run
from ui.shell.cache_keys import data_key, model_key
from ui.widgets.text import md

if TYPE_CHECKING:
    from core.charlm.data.ngram import NGram
    from core.charlm.inside.copying import Copying
    from core.charlm.inside.film_strip import FilmStrip
    from core.charlm.inside.finder import CellActivity, SearchResult
    from core.charlm.inside.numpy_network import NumpyNetwork
    from core.charlm.inside.open_run import OpenedRun
    from core.charlm.inside.passage import Passage


def opened_of(run: Run) -> "OpenedRun":
    return _open(*model_key(run))


def text_of(run: Run) -> Text:
    """The text that the run was trained on."""
    return _text(*data_key(run))


def tables_of(run: Run) -> "dict[int, NGram]":
    """Letter frequencies and the n-gram table of the training part."""
    return _tables(*data_key(run))


def passage_of(run: Run, text: str) -> "Passage":
    return _passage(*model_key(run), text)


def copies_of(run: Run, text: str) -> "Copying":
    """Passages of `text` that occur in the run's training text."""
    return _copies(*data_key(run), text)


def activity_of(run: Run, signal: str) -> "CellActivity":
    """Activity of all cells over passages of the run's text."""
    return _activity(*model_key(run), signal)


def search_of(run: Run, signal: str, words: tuple[str, ...]) -> "SearchResult":
    return _search(*model_key(run), signal, words)


def film_of(run: Run, steps: tuple[int, ...]) -> "FilmStrip":
    return _film(*data_key(run), steps)


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _open(path: str, changed: tuple[int, ...]) -> "OpenedRun":
    from core.charlm.inside.open_run import open_run

    return open_run(Run(Path(path)))


@st.cache_resource(max_entries=3, show_spinner=lazy_message("Reading its text …"))
def _text(path: str, born: int) -> Text:
    from core.charlm.inside.open_run import training_text

    return training_text(Run(Path(path)))


@st.cache_resource(max_entries=3, show_spinner=lazy_message("Counting the baselines …"))
def _tables(path: str, born: int) -> "dict[int, NGram]":
    from core.charlm.inside.score import fit_ngrams

    text = _text(path, born)
    return fit_ngrams(text.split()[0], len(text.vocabulary))


@st.cache_resource(max_entries=12, show_spinner=lazy_message("The network reads …"))
def _passage(path: str, changed: tuple[int, ...], text: str) -> "Passage":
    return _open(path, changed).read(text)


@st.cache_resource(max_entries=3, show_spinner=lazy_message("The network reads stretches of its whole text …"))
def _activity(path: str, changed: tuple[int, ...], signal: str) -> "CellActivity":
    from core.charlm.inside.finder import record_activity

    opened = _open(path, changed)
    return record_activity(opened.network, opened.vocabulary, _text(path, changed[0]).ids, signal)


@st.cache_resource(
    max_entries=6, show_spinner=lazy_message("Trying every cell against every feature, and against chance …")
)
def _search(path: str, changed: tuple[int, ...], signal: str, words: tuple[str, ...]) -> "SearchResult":
    from core.charlm.inside.finder import search_cells

    return search_cells(_activity(path, changed, signal), words)


@st.cache_data(max_entries=40, show_spinner=lazy_message("Comparing with its text …"))
def _copies(path: str, born: int, text: str) -> "Copying":
    from core.charlm.inside.copying import compare

    return compare(text, _text(path, born), Run(Path(path)).options)  # type: ignore[arg-type]


@st.cache_resource(max_entries=3, show_spinner=lazy_message("Opening the film …"))
def _film(path: str, born: int, steps: tuple[int, ...]) -> "FilmStrip":
    from core.charlm.inside.film_strip import FilmStrip

    return FilmStrip(Run(Path(path)))


def clamp_state(key: str, low: float, high: float) -> None:
    """Clamp a widget's stored value, for example from another run, to its new bounds."""
    value = st.session_state.get(key)
    if isinstance(value, int | float) and not low <= value <= high:
        st.session_state[key] = type(value)(min(max(value, low), high))


def warn_about_address(network: "NumpyNetwork") -> None:
    """Warn where the address names a layer, signal or cell that this network lacks."""
    layer, cell = (st.query_params.get(name, "") for name in ("layer", "cell"))
    try:
        network.check(
            int(layer) if layer.isdecimal() else 1,
            st.query_params.get("signal", "h"),
            int(cell) if cell.isdecimal() else None,
        )
    except UserError as error:
        st.warning(md(str(error)), icon=":material/link_off:")
