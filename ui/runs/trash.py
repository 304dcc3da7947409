"""The trash under the Runs table, and the disk space used by runs and trash."""

import streamlit as st

from core.i18n import _
from core.runs.trash import disk_use, list_trash, purge, restore
from ui.shell import navigation
from ui.shell.hosting import is_visitor
from ui.widgets.text import byte_size, guard, md, time_ago


def trash_panel() -> None:
    purge()
    items = list_trash()
    used, thrown = disk_use()
    st.caption(_("{used} in runs, {thrown} in the bin").format(used=byte_size(used), thrown=byte_size(thrown)))
    if not items:
        return
    title = (_("Bin: {n}") if is_visitor() else _("Bin: {n}, kept for a week")).format(n=len(items))
    with st.expander(title, icon=":material/delete:", key="bin", on_change="rerun") as box:
        if not box.open:
            return
        for item in items[:50]:
            with st.container(horizontal=True, vertical_alignment="center"), guard("bin"):
                st.markdown(f"**{md(item.run.name)}** · {time_ago(item.deleted)}", width="stretch")
                if st.button(_("Bring back"), key=f"restore-{item.key}", icon=":material/undo:"):
                    navigation.go("run", run=restore(item.key).id)
        if st.button(_("Empty the bin"), icon=":material/delete_forever:"):
            purge(older_than=0)
            st.rerun()
