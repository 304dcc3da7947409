"""Fix a gate during generation; compare with the normal text from the same seed."""

from typing import TYPE_CHECKING

import streamlit as st

from core.charlm.inside.numpy_network import GATES, NAMES
from core.i18n import _
from core.runs.run import Run
from ui.charlm import colored_text
from ui.charlm.choose_text import show_sentence, writing_settings
from ui.charlm.copying import copying_summary
from ui.charlm.open_run import clamp_state, opened_of, passage_of, warn_about_address
from ui.charlm.writing import plain
from ui.shell.address import choose
from ui.widgets import figures

if TYPE_CHECKING:
    from core.charlm.inside.gate_intervention import GateIntervention

SHORT = 500  # default length in characters


def show(run: Run) -> None:
    from core.charlm.inside.gate_intervention import SETTABLE, TextShape

    opened = opened_of(run)
    network = opened.network
    warn_about_address(network)
    gates = {name: NAMES[name].capitalize() for name in SETTABLE[network.cell]}
    first = {"lstm": "f", "gru": "z", "rnn": "h"}[network.cell]
    clamp_state("layer", 1, len(network.layers))
    low = 0.0 if GATES[network.cell] else -1.0
    clamp_state("value", low, 1.0)
    prompt, settings = writing_settings(run, SHORT)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        gate = choose(st.segmented_control, _("Hold"), gates, key="gate", default=first, required=True)
        layer = int(st.number_input(_("Layer"), 1, len(network.layers), 1, key="layer", bind="query-params", width=150))
        value = st.slider(_("at"), low, 1.0, 0.5, 0.05, key="value", bind="query-params", width=220)
        cells = st.text_input(
            _("of cells"), key="cells", bind="query-params", placeholder=_("all; or 3, 17, 40-60"), max_chars=200,
        )  # fmt: skip
    hold = _hold(layer, gate, float(value), cells, network.units)
    with st.spinner(_("Writing twice …")):
        untouched = opened.writer.write_with_gates(prompt, settings, ())[0]
        held = opened.writer.write_with_gates(prompt, settings, [hold])[0]
    bits = [float(passage_of(run, prompt + text).bits[-settings.length :].mean()) for text in (untouched, held)]
    _say(hold, cells, untouched, held, bits)
    shapes = [TextShape.measure(text) for text in (untouched, held)]
    with st.grid(min_column_width=200):
        for label, (before, after) in {
            _("Bits per character"): bits,
            _("Characters per line"): [shape.line for shape in shapes],
            _("Characters per word"): [shape.word for shape in shapes],
        }.items():
            st.metric(label, f"{after:.2f}", _("{value:.2f} untouched").format(value=before), delta_color="off",
                      delta_arrow="off")  # fmt: skip
    for column, title, text in zip(st.columns(2), (_("Untouched"), _("Held")), (untouched, held), strict=True):
        with column:
            st.markdown(f"**{title}**")
            st.container(border=True, height=330).html(plain(prompt, text))
            copying_summary(run, prompt + text, f"hold-{title}")
    figures.data_table(
        {
            _("text"): [_("untouched"), _("held")],
            _("bits per character for the untouched network"): [round(value, 3) for value in bits],
            _("characters per line"): [round(shape.line, 2) for shape in shapes],
            _("characters per word"): [round(shape.word, 2) for shape in shapes],
            _("written"): [untouched, held],
        },
        key="hold-table",
        alt=_("Both texts and how natural the untouched network finds them"),
    )


def _hold(layer: int, gate: str, value: float, cells: str, units: int) -> "GateIntervention":
    from core.charlm.inside.gate_intervention import GateIntervention, parse_units

    return GateIntervention(layer, gate, value, parse_units(cells, units))


def _say(hold: "GateIntervention", cells: str, untouched: str, held: str, bits: list[float]) -> None:
    which = _("all cells")
    if hold.units:
        words = _("cell {cells}") if len(hold.units) == 1 else _("{n} cells ({cells})")
        which = words.format(n=len(hold.units), cells=cells.strip())
    begin = _("The {gate} of {which} in layer {layer} stays at {value:g}.").format(
        gate=NAMES[hold.gate], which=which, layer=hold.layer, value=hold.value
    )
    if held == untouched:
        show_sentence(begin + " " + _("The text is the same to the last character."))
        return
    same = next(place for place, (a, b) in enumerate(zip(untouched, held, strict=True)) if a != b)
    show_sentence(
        begin
        + " "
        + _(
            "The texts part after {same} characters (“{where}”). To the untouched network its own costs {own:.2f} bits "
            "a character, the held one {held:.2f}."
        ).format(
            same=same,
            where="".join(map(colored_text.visible, untouched[max(0, same - 12) : same])),
            own=bits[0],
            held=bits[1],
        )
    )
