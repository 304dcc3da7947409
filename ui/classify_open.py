"""A classifier opened for use, kept between clicks; a model that training replaces is opened anew."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.errors import UserError
from core.i18n import _, later
from core.runs.run import Run

if TYPE_CHECKING:
    from core.classifier.predict import Classifier
    from core.classifier.why import Explainer


def stamp(run: Run) -> tuple[str, int]:
    """What changes when the run's weights change. Raises UserError where the run is gone."""
    try:
        return str(run.path), run.model_path.stat().st_mtime_ns
    except OSError:
        raise UserError(
            _("The run “{run}” is gone, or has no model any more: choose another one.").format(run=run.id)
        ) from None


def classifier_of(run: Run) -> "Classifier":
    return _load(*stamp(run))


def explainer_of(run: Run) -> "Explainer":
    return _explain(*stamp(run))


@st.cache_resource(max_entries=4, show_spinner=later("Waking the network …"))
def _load(path: str, _changed: int) -> "Classifier":
    from core.classifier.predict import load_classifier

    return load_classifier(Run(Path(path)))


@st.cache_resource(max_entries=4, show_spinner=later("Waking the network …"))
def _explain(path: str, changed: int) -> "Explainer":
    from core.classifier.why import Explainer

    return Explainer(_load(path, changed))
