"""Generate text with a trained character model, streamed and coloured by probability."""

import streamlit as st

from core.charlm.inference.request import Generate, Settings
from core.hosting.shares import share
from core.i18n import _
from ui.charlm.writing import GrowingText, last_sample, plain, unknown_note, write_command, writer_of
from ui.runs.picker import pick_run
from ui.shell import navigation
from ui.widgets.config_form import request_form, request_widget
from ui.widgets.text import guard

st.title(_("Write"), anchor=False)
run = pick_run("charlm")
if run is None:
    st.stop()

prompt = request_widget(
    Generate, "prompt", multiline=True, height=90,
    placeholder=_("Nothing: it begins by itself. Or a sentence in the manner of its text."),
)  # fmt: skip
values = request_form(Settings(), ("length", "temperature", "top_k", "top_p", "seed"))

with st.container(horizontal=True):
    one = st.button(_("Write"), type="primary", icon=":material/edit_note:")
    strip = st.button(_("Five temperatures"), icon=":material/thermostat:")

with guard("write"):
    settings = Settings(**values)
    unknown_note(run, prompt)
    place = st.container(border=True)
    made = st.session_state.get("made")
    if one:
        symbols: list[str] = []
        probabilities: list[float] = []
        writer = writer_of(run)
        with place:
            growing = GrowingText(prompt)
        with share(settings.length):
            for chunk in writer.stream(prompt, settings):
                symbols += chunk.symbols[0]
                probabilities += list(chunk.probabilities[0])
                growing.add(chunk.symbols[0], chunk.probabilities[0])
        made = st.session_state["made"] = (run.id, prompt, settings, symbols, probabilities)
    if strip:
        columns = st.columns(5)
        for column, heat in zip(columns, (0.2, 0.5, 0.8, 1.0, 1.3), strict=True):
            with column, st.spinner(_("Writing …")):
                text = writer_of(run).write(
                    prompt, settings.replace(temperature=heat, length=min(settings.length, 400))
                )[0]
                st.caption(_("temperature {t:g}").format(t=heat))
                st.container(border=True, height=360).html(plain(prompt, text))
    if made is None or made[0] != run.id:
        place.html(plain("", last_sample(run)))
        st.caption(_("What it wrote at the end of its training. Press Write: the less likely a character, the warmer."))
        st.stop()
    _run, said, used, symbols, probabilities = made
    if not one:
        with place:
            GrowingText(said).add(symbols, probabilities)
    with st.container(horizontal=True):
        st.download_button(
            _("Download .txt"), said + "".join(symbols), file_name=f"{run.id}.txt", icon=":material/download:"
        )
        navigation.link("text-inside", _("Does it copy? Look inside"), ":material/visibility:", run=run.id)
    with st.expander(_("The command that writes exactly this"), icon=":material/terminal:"):
        st.code(write_command(run, said, used), language="bash", wrap_lines=True)
