"""Evaluate a trained classifier on its test part: errors, calibration, ranking."""

from importlib import import_module

import streamlit as st

from core.classifier.training.evaluate import verdicts
from core.classifier.training.metrics import macro_f1
from core.i18n import _
from ui.classifier.cached_data import data_of, evaluation_of
from ui.runs.picker import pick_run
from ui.runs.view import VERDICTS
from ui.shell.address import choose_view
from ui.widgets.text import guard, md

VIEWS = {
    "matrix": (_("Confusion matrix"), "grid_on", _("Which class is taken for which, and the texts behind each cell.")),
    "trust": (_("Calibration"), "verified", _("Whether its confidence is honest, and what “not sure” would leave.")),
    "rank": (_("Ranking"), "show_chart", _("How well its probability sorts texts, at every threshold at once.")),
    "mistakes": (_("Mistakes"), "report", _("Its surest mistakes, and labels of the table that look wrong.")),
}

MODULES = {"matrix": "confusion_matrix", "trust": "calibration", "rank": "ranking_curves", "mistakes": "mistakes"}

st.title(_("Evaluate"), anchor=False)
run = pick_run("classifier")
if run is None:
    st.stop()
with guard("evaluate"):
    found = evaluation_of(run)
    value, low, high = found.accuracy
    with st.grid(min_column_width=150):
        st.metric(_("Accuracy"), f"{value:.1%}", help=_("The share of the test texts that it judged rightly."))
        st.metric(_("95 % interval"), f"{low:.1%} – {high:.1%}", help=_("Wilson's: how far few texts can mislead."))
        st.metric(
            _("Macro F1"),
            f"{macro_f1(found.y, found.predicted, len(found.classes)):.3f}",
            help=_("The mean over the classes, so that rare ones count as much."),
        )
        if found.best_linear:
            st.metric(
                _("Best linear baseline"),
                f"{found.accuracy_of(found.best_linear):.1%}",
                help=_("Chosen by its validation accuracy: {label}").format(
                    label=md(_(found.labels.get(found.best_linear, found.best_linear)))
                ),
            )
        st.metric(_("Test texts"), f"{len(found.y):,}")
    for verdict in verdicts(found, len(data_of(run).train)):
        VERDICTS[verdict.kind](md(verdict.evidence), title=md(verdict.text))
    view = choose_view(VIEWS)
    import_module(f"ui.classifier.{MODULES[view]}").show(run, found)
