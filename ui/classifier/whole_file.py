"""Classify an uploaded file of texts and offer the result as a download."""

import io
import shlex
from pathlib import PurePath
from typing import Any

import streamlit as st

from core.classifier.data.reader import read_texts
from core.classifier.data.table import shown_column
from core.classifier.inference.classify import classify_table, known_names, text_column
from core.hosting import admission, shares
from core.i18n import _, lazy_message
from core.runs import policy
from core.runs.run import Run
from core.sources import Source
from ui.classifier.one_text import threshold_flag
from ui.classifier.open_run import classifier_of
from ui.shell.cache_keys import data_key
from ui.widgets import figures
from ui.widgets.palette import TRAIN, with_alpha
from ui.widgets.text import md

TYPES = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "xlsx", "gz", "zip"]
SHOWN = 200


@st.cache_data(max_entries=4, show_spinner=lazy_message("Reading the file …"))
def _columns(source: Source, path: str, born: int) -> tuple[list[str], str, int]:
    """All columns, the guessed text column, and the number of rows."""
    table = policy.current().read(read_texts, source, known_names(Run(path)))
    return table.columns, text_column(Run(path), table), len(table.rows)


def whole_file(run: Run, threshold: float) -> None:
    file = st.file_uploader(_("A table, or a .txt file with a text a line"), type=TYPES, key="use-file")
    if file is None:
        st.info(_("Each row comes back with a label, how sure it is, and the probability of every class."))
        return
    source = Source(file.name, file.getvalue())
    admission.check_lines(source.data)
    columns, guess, rows = _columns(source, *data_key(run))
    admission.check_rows(rows)
    column = st.selectbox(
        _("Column of the texts"),
        columns,
        columns.index(guess),
        key=f"use-column-{file.file_id}",
        format_func=shown_column,
    )
    asked = (run.id, file.file_id, column, threshold)
    if st.button(_("Classify {n:,} rows").format(n=rows), type="primary", icon=":material/label:", key="use-go"):
        bar = st.progress(0.0, text=_("Waking the network …"))

        def report_progress(done: int, of: int) -> None:
            bar.progress(done / max(1, of), text=_("{done:,} of {of:,} texts").format(done=done, of=of))

        parts = classify_table(classifier_of(run), source, column=column, threshold=threshold, progress=report_progress)
        with shares.long_computation():
            st.session_state["classified"] = (asked, b"".join(parts))
        bar.empty()
    made = st.session_state.get("classified")
    if made is not None and made[0] == asked:
        _result(run, file.name, made[1])
    with st.expander(_("The command that does the same"), icon=":material/terminal:"):
        words = ["python", "-m", "core", "classify", run.id, "--csv", file.name, "--output", _out(file.name)]
        words += ["--column", column, *threshold_flag(threshold)]
        st.code(shlex.join(words), language="bash", wrap_lines=True)


def _out(name: str) -> str:
    return f"{PurePath(name).name.split('.')[0] or 'texts'}-classified.csv"


@st.cache_data(max_entries=2, show_spinner=False)
def _summary(data: bytes, classes: tuple[str, ...], unsure: str) -> tuple[Any, dict[str, int]]:
    """The first rows as a data frame of text, and how many rows got which label."""
    import pandas as pd

    frame = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, encoding="utf-8-sig")
    answers = frame.iloc[:, -(len(classes) + 2)].value_counts()
    counts = {label: int(answers.get(label, 0)) for label in classes}
    return frame.head(SHOWN), counts | ({unsure: int(answers[""])} if "" in answers else {})


def _result(run: Run, name: str, data: bytes) -> None:
    classes = classifier_of(run).classes
    frame, counts = _summary(data, tuple(classes), _("not sure"))
    st.download_button(
        _("Download the result"),
        data,
        file_name=_out(name),
        mime="text/csv",
        icon=":material/download:",
        type="primary",
    )
    chart = figures.figure(_("rows"), "", height=max(150, min(460, 70 + 24 * len(counts))))
    chart.add_bar(y=list(counts), x=list(counts.values()), orientation="h", marker_color=with_alpha(TRAIN, 0.75))
    chart.update_yaxes(type="category", autorange="reversed")
    alt = _("How many rows got which label")
    figures.draw(chart, key="use-counts", alt=alt, table={_("label"): list(counts), _("rows"): list(counts.values())})
    st.caption(_("How many rows got which label; below, the first {n}.").format(n=len(frame)))
    last = frame.columns[-(len(classes) + 2) :]
    st.dataframe(
        frame, hide_index=True, column_order=[*last[:2], *frame.columns[: -len(last)], *last[2:]],
        alt=_("The first classified rows of {name}").format(name=md(name)),
    )  # fmt: skip
