"""A run opened for looking inside, kept between clicks; a model that training replaces is opened anew."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.charlm.data import Text
from core.errors import UserError
from core.i18n import _, later
from core.runs.run import Run
from ui.show import md

if TYPE_CHECKING:
    from core.charlm.copying import Copying
    from core.charlm.inside.film import Film
    from core.charlm.inside.finder import Search, Survey
    from core.charlm.inside.network import Network
    from core.charlm.inside.opened import Opened
    from core.charlm.inside.passage import Passage
    from core.charlm.ngram import NGram


def stamp(run: Run) -> tuple[str, int]:
    """What changes when the run's weights change. Raises UserError where the run is gone."""
    try:
        return str(run.path), run.model_path.stat().st_mtime_ns
    except OSError:
        raise UserError(
            _("The run “{run}” is gone, or has no model any more: choose another one.").format(run=run.id)
        ) from None


def opened_of(run: Run) -> "Opened":
    return _open(*stamp(run))


def text_of(run: Run) -> Text:
    """The text that the run was trained on."""
    return _text(str(run.path))


def tables_of(run: Run) -> "dict[int, NGram]":
    """Letter frequencies and the n-gram table of the training part."""
    return _tables(str(run.path))


def passage_of(run: Run, text: str) -> "Passage":
    return _passage(*stamp(run), text)


def copies_of(run: Run, text: str) -> "Copying":
    """What of `text` stands in the training part of the run's text."""
    return _copies(str(run.path), text)


def survey_of(run: Run, signal: str) -> "Survey":
    """What every cell did over stretches of the run's text."""
    return _survey(*stamp(run), signal)


def search_of(run: Run, signal: str, words: tuple[str, ...]) -> "Search":
    return _search(*stamp(run), signal, words)


def film_of(run: Run, steps: tuple[int, ...]) -> "Film":
    return _film(str(run.path), steps)


@st.cache_resource(max_entries=4, show_spinner=later("Waking the network …"))
def _open(path: str, _changed: int) -> "Opened":
    from core.charlm.inside.opened import open_run

    return open_run(Run(Path(path)))


@st.cache_resource(max_entries=3, show_spinner=later("Reading its text …"))
def _text(path: str) -> Text:
    from core.charlm.inside.opened import corpus

    return corpus(Run(Path(path)))


@st.cache_resource(max_entries=3, show_spinner=later("Counting the baselines …"))
def _tables(path: str) -> "dict[int, NGram]":
    from core.charlm.inside.score import baselines

    text = _text(path)
    return baselines(text.split()[0], len(text.vocabulary))


@st.cache_resource(max_entries=12, show_spinner=later("The network reads …"))
def _passage(path: str, changed: int, text: str) -> "Passage":
    return _open(path, changed).read(text)


@st.cache_resource(max_entries=3, show_spinner=later("The network reads stretches of its whole text …"))
def _survey(path: str, changed: int, signal: str) -> "Survey":
    from core.charlm.inside.finder import survey

    opened = _open(path, changed)
    return survey(opened.network, opened.vocabulary, _text(path).ids, signal)


@st.cache_resource(max_entries=6, show_spinner=later("Trying every cell against every feature, and against chance …"))
def _search(path: str, changed: int, signal: str, words: tuple[str, ...]) -> "Search":
    from core.charlm.inside.finder import search

    return search(_survey(path, changed, signal), words)


@st.cache_data(max_entries=40, show_spinner=later("Comparing with its text …"))
def _copies(path: str, text: str) -> "Copying":
    from core.charlm.copying import compare

    return compare(text, _text(path), Run(Path(path)).options)  # type: ignore[arg-type]


@st.cache_resource(max_entries=3, show_spinner=later("Opening the film …"))
def _film(path: str, _steps: tuple[int, ...]) -> "Film":
    from core.charlm.inside.film import Film

    return Film(Run(Path(path)))


def within(key: str, low: float, high: float) -> None:
    """Bring what a widget remembers, say of another run, back between its new bounds."""
    value = st.session_state.get(key)
    if isinstance(value, int | float) and not low <= value <= high:
        st.session_state[key] = type(value)(min(max(value, low), high))


def heed_address(network: "Network") -> None:
    """Say it where the address names a layer, signal or cell that this network does not have; the rest goes on."""
    layer, cell = (st.query_params.get(name, "") for name in ("layer", "cell"))
    try:
        network.check(
            int(layer) if layer.isdecimal() else 1,
            st.query_params.get("signal", "h"),
            int(cell) if cell.isdecimal() else None,
        )
    except UserError as error:
        st.warning(md(str(error)), icon=":material/link_off:")
