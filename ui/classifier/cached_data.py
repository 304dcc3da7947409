"""Cached data and final predictions of a run; loading them needs no TensorFlow."""

from pathlib import Path

import streamlit as st

from core.classifier.config import ClassifierConfig
from core.classifier.data.prepare import Prepared, prepare
from core.classifier.training.evaluate import Evaluation, load_evaluation
from core.i18n import lazy_message
from core.runs import policy
from core.runs.run import Run
from ui.shell.cache_keys import data_key, model_key


def data_of(run: Run) -> Prepared:
    """The prepared training data of the run. Raises UserError where it is missing."""
    return _data(*data_key(run))


def evaluation_of(run: Run) -> Evaluation:
    """The finished run's predictions on its test part. Raises UserError where it has none yet."""
    return _evaluation(*model_key(run))


@st.cache_resource(max_entries=2, show_spinner=lazy_message("Reading its table …"))
def _data(path: str, born: int) -> Prepared:
    run = Run(Path(path))
    assert isinstance(run.options, ClassifierConfig)
    return policy.current().read(prepare, run.sources(), run.options, run_folder=run.path)


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Reading its answers …"))
def _evaluation(path: str, changed: tuple[int, ...]) -> Evaluation:
    return load_evaluation(Run(Path(path)), data=_data(path, changed[0]) if changed[-1] else None)
