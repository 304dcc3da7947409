"""Cached classifiers; reloaded when training replaces the model."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.i18n import lazy_message
from core.runs.run import Run
from ui.shell.cache_keys import model_key

if TYPE_CHECKING:
    from core.classifier.inference.classify import Classifier
    from core.classifier.inside.attribution import Explainer


def classifier_of(run: Run) -> "Classifier":
    return _load(*model_key(run))


def explainer_of(run: Run) -> "Explainer":
    return _explain(*model_key(run))


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _load(path: str, changed: tuple[int, ...]) -> "Classifier":
    from core.classifier.inference.classify import load_classifier

    return load_classifier(Run(Path(path)))


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _explain(path: str, changed: tuple[int, ...]) -> "Explainer":
    from core.classifier.inside.attribution import Explainer

    return Explainer(_load(path, changed))
