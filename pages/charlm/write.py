"""Generate text with a trained character model, streamed and coloured by probability."""

import streamlit as st

from core.charlm.inference.request import Settings
from core.i18n import _
from ui.charlm.writing import coloured, last_sample, plain, unknown_note, write_command, writer_of
from ui.runs.picker import pick_run
from ui.shell import navigation
from ui.widgets.text import guard

st.title(_("Write"), anchor=False)
run = pick_run("charlm", train="text-train")
if run is None:
    st.stop()

prompt = st.text_area(
    _("It goes on from"),
    value="",
    key="prompt",
    height=90,
    bind="query-params",
    placeholder=_("Nothing: it begins by itself. Or a sentence in the manner of its text."),
)
with st.grid(min_column_width=170):
    length = st.number_input(_("Characters"), 1, 20_000, 600, step=100, key="length", bind="query-params")
    temperature = st.slider(
        _("Temperature"),
        0.0,
        2.0,
        0.8,
        0.05,
        key="temperature",
        bind="query-params",
        help=_("0 always takes the likeliest character; 1 takes the network at its word; more is wilder."),
    )
    top_k = st.number_input(_("Top k"), 0, 10_000, 0, key="topk", bind="query-params", help=_("0: among all."))
    top_p = st.slider(_("Top p"), 0.05, 1.0, 1.0, 0.05, key="topp", bind="query-params")
    seed = st.number_input(_("Seed"), 0, 2**31 - 1, 0, key="seed", bind="query-params")

with st.container(horizontal=True):
    one = st.button(_("Write"), type="primary", icon=":material/edit_note:")
    strip = st.button(_("Five temperatures"), icon=":material/thermostat:")

with guard("write"):
    settings = Settings(length=int(length), temperature=temperature, top_k=int(top_k), top_p=top_p, seed=int(seed))
    unknown_note(run, prompt)
    place = st.container(border=True).empty()
    made = st.session_state.get("made")
    if one:
        symbols: list[str] = []
        probabilities: list[float] = []
        for chunk in writer_of(run).stream(prompt, settings):
            symbols += chunk.symbols[0]
            probabilities += list(chunk.probabilities[0])
            place.html(coloured(prompt, symbols, probabilities))
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
    place.html(coloured(said, symbols, probabilities))
    with st.container(horizontal=True):
        st.download_button(
            _("Download .txt"), said + "".join(symbols), file_name=f"{run.id}.txt", icon=":material/download:"
        )
        navigation.link("text-inside", _("Does it copy? Look inside"), ":material/visibility:", run=run.id)
    with st.expander(_("The command that writes exactly this"), icon=":material/terminal:"):
        st.code(write_command(run, said, used), language="bash", wrap_lines=True)
