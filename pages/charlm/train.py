"""Train a character model: text input, data report, preset, options, estimate."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from ui.charlm import data_report
from ui.shell import teacher_links
from ui.widgets.config_form import reading_form
from ui.widgets.data_input import choose_data
from ui.widgets.origin import go_on_from, with_earlier
from ui.widgets.text import guard
from ui.widgets.train_form import train_columns, train_form

st.title(_("Train a network on a text"), anchor=False)
st.caption(_("It reads the text character by character and learns to guess the next one; then it writes."))

family = FAMILIES["charlm"]
setup = teacher_links.read_link(family)
left, right = train_columns(family, setup)
with left, guard("text in"):
    sources, label = choose_data("charlm", many=True, paste=_("Your text"), hidden=setup.hides("data"))
    if not sources:
        st.info(_("Bring a text: a novel, a diary, a heap of code. Some thousand characters are a beginning."))
        st.stop()
    origin, kept = go_on_from(family)
    sources = with_earlier(origin, sources, family)
    fields = [name for name in data_report.FIELDS if name not in kept]
    reading = teacher_links.linked_options(setup, fields)
    if not setup.hides("options"):
        with st.expander(_("How the text is read"), icon=":material/tune:"):
            key = f"reading{teacher_links.key_suffix(reading)}"
            reading = reading_form(family.options, fields, reading, key=key)
    reading |= {name: kept[name] for name in data_report.FIELDS if name in kept}
    report, sizes = data_report.examine(tuple(sources), **reading)
    data_report.show(report)
    with right:
        train_form(family, sources, label, sizes, reading | kept, setup, origin)
