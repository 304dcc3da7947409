"""Export a run as a bundle, as a standalone program or as code lines; import a bundle."""

import io
import tempfile
from functools import partial
from pathlib import Path

import streamlit as st

from core.bundles.bundle import export, import_bundle
from core.bundles.program import check_exportable, left_out, use_script
from core.errors import UserError
from core.exports import Format, formats_of, packed
from core.i18n import _
from core.runs.names import slug
from core.runs.run import Run
from ui.shell import navigation
from ui.widgets.text import guard, md

ICON = ":material/download:"


def export_panel(run: Run) -> None:
    """Draw the export expander under the run view; show why where an export is not possible."""
    with st.expander(_("Export"), icon=":material/upload:", key="take", on_change="rerun") as box:
        if not box.open:
            return
        st.markdown(f"**{_('The run as one file')}**")
        st.caption(_("Options, model, report and samples; the Runs page of another machine reads it."))
        data = st.toggle(_("With the data that it was trained on"), key=f"take-data-{run.id}")
        with guard("export"):
            if data:
                run.sources()
            st.download_button(
                _("Run (.zip)"), partial(packed_bundle, run, data), f"{run.id}.zip", "application/zip", icon=ICON
            )
        st.markdown(f"**{_('A program of its own')}**")
        st.caption(_("Trains this very network on this data in plain Keras, without the studio."))
        try:
            check_exportable(run)
            st.caption(_("What the run does and the program does not:"))
            st.caption("\n".join(f"- {sentence}" for sentence in left_out(run)))
            name = f"{run.id}-script.zip"
            st.download_button(_("Program (.zip)"), partial(packed, run, "program"), name, "application/zip", icon=ICON)
        except UserError as error:
            st.caption(md(str(error)))
        for name, row in formats_of(run.family).items():
            if name not in ("zip", "program"):
                _format(run, name, row)
        if run.usable:
            st.markdown(f"**{_('A few lines that use model.keras')}**")
            with guard("use"):
                st.code(use_script(run), language="python", wrap_lines=True)


def _format(run: Run, name: str, row: Format) -> None:
    st.markdown(f"**{_(row.title)}**")
    st.caption(_(row.label))
    try:
        row.check(run)
    except UserError as error:
        st.caption(md(str(error)))
        return
    st.download_button(
        _("Download ({suffix})").format(suffix=row.suffix or ".zip"),
        partial(packed, run, name),
        row.file_name(run, name) + ("" if row.suffix else ".zip"),
        key=f"take-{name}-{run.id}",
        icon=ICON,
    )


def packed_bundle(run: Run, data: bool) -> bytes:
    out = io.BytesIO()
    export(run, out, data)
    return out.getvalue()


def import_form() -> None:
    """Draw the upload of a bundle on the Runs page; the bundle is validated before it is used."""
    with st.expander(_("Import a run"), icon=":material/download:", key="bring", on_change="rerun") as box:
        if not box.open:
            return
        st.caption(
            _("The file may come from anybody: names, sizes, figures, weights are checked, nothing in it is run.")
        )
        file = st.file_uploader(_("A run exported as .zip"), type=["zip"], key="bring-file")
        if file is None or not st.button(_("Import"), type="primary", icon=":material/input:"):
            return
        with guard("import"), tempfile.TemporaryDirectory() as folder, st.spinner(_("Looking through it …")):
            path = Path(folder) / f"{slug(Path(file.name).stem)}.zip"
            path.write_bytes(file.getbuffer())
            navigation.go("run", run=import_bundle(path).id)
