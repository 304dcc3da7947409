"""Train a classifier: table input, data report, preset, options, estimate."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from core.sources import Source
from ui.classifier import data_report
from ui.shell import teacher_links
from ui.widgets.config_form import reading_form
from ui.widgets.data_input import choose_data
from ui.widgets.text import guard
from ui.widgets.train_form import selected_preset, train_columns, train_form

TYPES = ["csv", "tsv", "txt", "jsonl", "ndjson", "json", "xlsx", "xls", "gz", "zip"]


def own_parts() -> list[Source]:
    """Files with which the person tests, beside the one to learn from."""
    with st.expander(_("Your own validation or test file"), icon=":material/call_split:"):
        st.caption(_("Without one, each part is drawn from your table. With the same columns as your table."))
        roles = {"validation": _("Validation file"), "test": _("Test file")}
        found = []
        for place, (role, words) in zip(st.columns(2), roles.items(), strict=True):
            file = place.file_uploader(words, type=TYPES, key=f"classifier-{role}")
            if file is not None:
                found.append(Source(file.name, file.getvalue(), role))
        return found


st.title(_("Train a network on labelled texts"), anchor=False)
st.caption(_("A Transformer reads each text and learns to name its class, beside simple models that do the same."))

family = FAMILIES["classifier"]
setup = teacher_links.read_link(family)
left, right = train_columns(family, setup)
with left, guard("table in"):
    paste, hidden = _("Rows of text and label"), setup.hides("data")
    sources, label = choose_data("classifier", types=TYPES, many=True, paste=paste, hidden=hidden)
    if not sources:
        st.info(_("Bring a table with a column of texts and one of labels: CSV, Excel, JSON lines, a zip of folders …"))
        st.stop()
    if st.session_state.get("classifier-way") == "upload" and not hidden:
        sources += own_parts()
    given = teacher_links.linked_options(setup, data_report.FIELDS)
    if any(source.role != "train" for source in sources):
        given = {"drop_leaks": True} | given  # nobody who brings a test file wants its rows learned
    key = data_report.key_of(sources, given)
    header, sheet = (
        st.session_state.get(f"{key}.{name}", given.get(name, usual))
        for name, usual in (("header", "auto"), ("sheet", ""))
    )
    fixed = data_report.choose_columns(sources, key, header, sheet) | given
    if not setup.hides("options"):
        with st.expander(_("How the table is read"), icon=":material/tune:"):
            fixed |= reading_form(family.options, data_report.FIELDS, given, key=key)
    fixed |= data_report.set_aside_options(key)
    found = data_report.examine(tuple(sources), selected_preset(family, setup), **fixed)
    data_report.show(found.report, key)
    with right:
        train_form(family, sources, label, found.sizes, fixed, setup)
