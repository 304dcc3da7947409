"""The most confident errors, and rows whose labels are probably wrong."""

import streamlit as st

from core.classifier.training.evaluate import Evaluation, LabelIssue, find_label_issues
from core.classifier.training.metrics import confident_mistakes
from core.csv_safety import csv_text, escape_formula
from core.i18n import _
from core.runs.run import Run
from ui.classifier.cached_data import data_of
from ui.classifier.colored_text import short
from ui.classifier.text_picker import pick_text

MISTAKES, SUSPECTS = 100, 100


def show(run: Run, found: Evaluation) -> None:
    st.subheader(_("Surest mistakes on the test part"), anchor=False)
    p = found.p
    places = confident_mistakes(p, found.y, MISTAKES)
    if len(places):
        rows = [
            {
                _("sure"): f"{p[place].max():.1%}",
                _("it said"): found.classes[found.predicted[place]],
                _("the label says"): found.classes[found.y[place]],
                _("text"): short(found.texts[place], 500),
                _("row"): found.names[place],
            }
            for place in places
        ]
        pick_text(run, found, places, rows, key="mistakes")
        st.caption(_("A sure mistake is one of three: a hard text, a thing never learned, or a wrong label."))
    else:
        st.success(_("There is no mistake among the test texts."))
    st.subheader(_("Labels that look wrong"), anchor=False)
    _suspects(run)


def _suspects(run: Run) -> None:
    """Compute once per session, since it fits five linear models (cross-validation)."""
    kept = st.session_state.setdefault("suspects", {})
    if run.id not in kept:
        bar = st.progress(0.0, text=_("Judging each row by a model that never saw it …"))

        def report_progress(done: int, of: int) -> None:
            bar.progress(done / of)

        found = find_label_issues(data_of(run), SUSPECTS, progress=report_progress)
        kept.clear()  # of one run at a time
        kept[run.id] = found
        bar.empty()
    rows: list[LabelIssue] = kept[run.id]
    if not rows:
        st.success(_("No label looks wrong."))
        return
    st.caption(
        _(
            "All parts of the table, each row judged by a linear model that never saw it, ranked by how much more it "
            "believes in another class. Some are hard texts: read before you change one."
        )
    )
    st.dataframe(
        [
            {
                _("row"): item.name,
                _("label"): item.given,
                _("looks like"): item.suggested,
                _("believes the label"): f"{item.p_given:.0%}",
                _("believes the other"): f"{item.p_suggested:.0%}",
                _("text"): short(item.text, 500),
            }
            for item in rows
        ],
        hide_index=True,
        key="suspects-table",
        height=min(420, 38 + 36 * len(rows)),
        alt=_("Rows whose labels look wrong"),
    )
    st.download_button(
        _("Download this list"),
        _csv(rows),
        file_name=f"{run.id}-labels.csv",
        mime="text/csv",
        icon=":material/download:",
    )


def _csv(rows: list[LabelIssue]) -> bytes:
    lines = [["row", "label", "looks_like", "p_label", "p_looks_like", "text"]]
    for item in rows:
        cells = [item.name, item.given, item.suggested, f"{item.p_given:.4f}", f"{item.p_suggested:.4f}", item.text]
        lines.append([escape_formula(cell) for cell in cells])
    return csv_text(lines).encode("utf-8-sig", "replace")
