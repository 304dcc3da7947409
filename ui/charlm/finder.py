"""Search for cells that track a text feature, with significance, and show a cell's extreme values in the text."""

from typing import TYPE_CHECKING

import streamlit as st

from core.charlm.inside.numpy_network import NAMES
from core.i18n import _
from core.runs.run import Run
from core.text_lists import by_commas
from ui.charlm import colored_text
from ui.charlm.choose_text import show_sentence
from ui.charlm.open_run import activity_of, search_of, text_of
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import BASELINES, TRAIN, VALIDATION
from ui.widgets.text import md

if TYPE_CHECKING:
    from core.charlm.inside.finder import CellActivity, Finding, SearchResult

AROUND = 60  # characters shown before a peak


def finder(run: Run, layer: int, cell: int, signal: str) -> None:
    """Draw the search controls and results."""
    st.subheader(_("Find cells"), anchor=False)
    st.caption(_("Which cells follow quotation marks, lines, words …? It takes some seconds for all cells at once."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        on = st.toggle(_("Search"), key="find", bind="query-params")
        typed = st.text_input(
            _("Words that a cell may follow"), key="words", bind="query-params", max_chars=200,
            placeholder=_("king, queen"), disabled=not on,
        )  # fmt: skip
    if not on:
        return
    words = tuple(by_commas(typed))
    found = search_of(run, signal, words)
    _overview(found, words, signal)
    _peaks(run, activity_of(run, signal), layer, cell, signal)


def _overview(found: "SearchResult", words: tuple[str, ...], signal: str) -> None:
    from core.charlm.inside.features import title

    names = list(found.findings)
    if not names:
        st.info(_("Nothing that a cell could follow ever changes in this text."))
        return
    names.sort(key=lambda name: -abs(found.findings[name][0].rho_held_out))
    titles = {name: title(name, words) for name in names}
    feature = choose(st.selectbox, _("What to follow"), titles, key="feature")
    cells = found.findings[feature]
    best = cells[0]
    show_sentence(_verdict(found, best, titles[feature]))
    chart = figures.figure("", _("rank correlation"), height=300, revision=feature)
    labels = [f"{item.layer}·{item.unit}" for item in cells]
    chart.add_bar(x=labels, y=[abs(item.rho) for item in cells], name=_("half that chose them"), marker_color=TRAIN)
    chart.add_bar(x=labels, y=[abs(item.rho_held_out) for item in cells], name=_("other half"), marker_color=VALIDATION)
    chart.add_hline(y=found.chance[feature], line={"dash": "dash", "color": BASELINES[0]})
    chart.update_layout(hovermode="closest", barmode="group")
    chart.update_xaxes(type="category", title=_("layer · cell"))
    figures.draw(
        chart,
        key=f"finder-{feature}-{signal}",
        alt=_("How strongly the best cells follow the feature, on both halves, and the level of chance"),
        table={
            _("layer"): [item.layer for item in cells],
            _("cell"): [item.unit for item in cells],
            _("rank correlation"): [round(item.rho, 3) for item in cells],
            _("again on the other half"): [round(item.rho_held_out, 3) for item in cells],
            _("p, corrected"): [round(item.p, 4) for item in cells],
            _("area under the ROC curve"): [None if item.auc is None else round(item.auc, 3) for item in cells],
            _("mean where it is so (much)"): [round(item.yes, 3) for item in cells],
            _("mean elsewhere"): [round(item.no, 3) for item in cells],
        },
    )
    with st.container(horizontal=True):
        for item in cells[:6]:
            st.button(
                _("Cell {cell}: {rho:+.2f}").format(cell=f"{item.layer}·{item.unit}", rho=item.rho_held_out),
                key=f"look-{item.layer}-{item.unit}",
                on_click=_look_at,
                args=(item.layer, item.unit),
                icon=":material/visibility:",
                help=_("Colour the text by this cell."),
            )
    if found.absent:
        missing = ", ".join(title(name, words) for name in found.absent)
        st.caption(md(_("Not tested, for they never change in what was read: {names}.").format(names=missing)))


def _look_at(layer: int, cell: int) -> None:
    st.session_state["layer"], st.session_state["cell"] = layer, cell


def _verdict(found: "SearchResult", best: "Finding", feature: str) -> str:
    chance = found.chance[best.feature]
    if best.p > 0.05:
        return _(
            "No cell follows “{feature}” beyond chance: the best reaches {rho:.2f}, and shifted round the text the "
            "feature brings some cell to {chance:.2f} in 1 of 20 cases."
        ).format(feature=feature, rho=abs(best.rho), chance=chance)
    sentence = _(
        "Cell {cell} of layer {layer} follows “{feature}”: rank correlation {rho:+.2f} where it was chosen and "
        "{again:+.2f} on the other half of the text. By chance the best of all cells reaches {chance:.2f} "
        "({shifts} shifts, p = {p:.3f} after correction)."
    ).format(
        cell=best.unit, layer=best.layer, feature=feature, rho=best.rho, again=best.rho_held_out, chance=chance,
        shifts=found.shifts, p=best.p,
    )  # fmt: skip
    if best.auc is not None:
        sentence += " " + _("From its value alone one tells a yes from a no in {share:.1%} of pairs.").format(
            share=max(best.auc, 1 - best.auc)
        )
    return sentence


def _peaks(run: Run, found: "CellActivity", layer: int, cell: int, signal: str) -> None:
    from core.charlm.inside.finder import peaks

    text = text_of(run)
    show_sentence(
        _("Where cell {cell} of layer {layer} is at its ends, in the {count:,} characters that were read:").format(
            cell=cell, layer=layer, count=found.values.shape[0] * found.values.shape[1]
        )
    )
    rows = []
    for column, lowest in zip(st.columns(2), (False, True), strict=True):
        with column:
            st.caption(_("lowest") if lowest else _("highest"))
            for place, value in peaks(found, layer, cell, lowest=lowest):
                before = text.vocabulary.decode(text.ids[max(0, place - AROUND) : place])
                at = text.vocabulary.decode(text.ids[place : place + 1])
                after = text.vocabulary.decode(text.ids[place + 1 : place + 21])
                shown = colored_text.excerpt(*(part.replace("\n", "⏎") for part in (before, at, after)))
                st.html(f"<small>{value:+.2f} · {place:,}</small>{shown}")
                rows.append((place, round(value, 4), before + at))
    figures.data_table(
        {
            _("place"): [place for place, _value, _text in rows],
            NAMES[signal]: [value for _place, value, _text in rows],
            _("text up to there"): [words for _place, _value, words in rows],
        },
        key="peaks-table",
        alt=_("The places where the cell is highest and lowest"),
    )
