"""The table of all runs with state, metrics and actions; import; trash."""

import streamlit as st

from core.families import FAMILIES
from core.i18n import _
from core.runs.store import list_runs
from ui.runs.row import compare_link, show_row
from ui.runs.transfer import import_form
from ui.runs.trash import trash_panel
from ui.shell import hosting, navigation

PAGE = 12

st.title(_("Runs"), anchor=False)
if hosting.is_visitor():
    hosting.show_own_address()
else:
    st.caption(_("A run is a folder in saved_models; browser and command line see the same ones."))

titles = {"": _("All"), **{key: family.title for key, family in FAMILIES.items()}}
chosen = st.segmented_control(
    _("Family"),
    list(titles),
    default="",
    format_func=lambda key: titles[key],
    required=True,
    key="family",
    bind="query-params",
    label_visibility="collapsed",
)


@st.fragment(run_every=2.0)
def table() -> None:
    runs = list_runs(family=chosen or None)
    if not runs:
        st.info(_("Nothing here yet."))
        navigation.link("text-train", _("Train a network on a text"), ":material/school:")
        return
    pages = -(-len(runs) // PAGE)
    page = 1
    if pages > 1:
        page = st.number_input(_("Page of {n}").format(n=pages), 1, pages, key="page", width=160)
    compare_link(runs)
    for run in runs[(page - 1) * PAGE : page * PAGE]:
        show_row(run)


table()
if not hosting.is_visitor():
    import_form()
trash_panel()
