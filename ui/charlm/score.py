"""A text coloured by per-character loss, compared with n-gram baselines and with other runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.charlm.data.report import NGRAM_ORDER
from core.i18n import _
from core.runs.run import Run
from core.runs.store import list_runs
from ui.charlm import colored_text
from ui.charlm.choose_text import choose_text, notes, show_sentence, window
from ui.charlm.open_run import passage_of, tables_of
from ui.shell.address import choose_many
from ui.widgets import figures
from ui.widgets.palette import BASELINES, RUNS
from ui.widgets.text import guard, md

if TYPE_CHECKING:
    from core.charlm.inside.passage import Passage
    from core.charlm.inside.score import TextScore

PIECE = 3000  # characters of the run's text
WINDOW = 1600  # visible characters
FULL = 8.0  # bits of the strongest colour
SMOOTH = 40  # width of the moving average in characters


def show(run: Run) -> None:
    from core.charlm.inside.score import score_with_network, score_with_ngram

    chosen = choose_text(run, PIECE)
    passage = passage_of(run, chosen.text)
    notes(passage.cut, passage.unknown)
    tables = tables_of(run)
    network = score_with_network(md(run.name), passage)
    names = {1: _("letter frequencies"), NGRAM_ORDER: _("{n}-gram table").format(n=NGRAM_ORDER)}
    baselines = [score_with_ngram(names[order], passage, tables[order]) for order in (NGRAM_ORDER, 1)]
    show_sentence(_sentence(network, baselines[0]))
    with st.grid(min_column_width=170):
        for scored in (network, *baselines):
            label = _("The network") if scored is network else scored.name.capitalize()
            st.metric(label, _("{bits:.2f} bits").format(bits=scored.per_character), help=_("for each character"))
        st.metric(_("All of it"), _("{bits:,.0f} bits").format(bits=network.total))
    _coloured(passage)
    _curve([network, *baselines])
    _authorship(run, chosen.text)


def _sentence(network: "TextScore", table: "TextScore") -> str:
    wins = network.per_character < table.per_character
    return _(
        "It needs {bits:.2f} bits for each of {count:,} characters, as if it chose among {choices:.1f} each time; the "
        "table of five-character counts needs {table:.2f}: {verdict}."
    ).format(
        bits=network.per_character,
        count=len(network.bits),
        choices=2**network.per_character,
        table=table.per_character,
        verdict=_("the network knows more") if wins else _("the table is better here"),
    )


def _coloured(passage: "Passage") -> None:
    begin, end = window("from", len(passage), WINDOW)
    symbols, bits = passage.symbols[begin:end], passage.bits[begin:end]
    guesses = passage.top_predictions(begin, end, 3)
    titles = [
        _("{bits:.1f} bits; it expected {guesses}").format(
            bits=value, guesses=" ".join(colored_text.visible(guess) for guess, _chance in row)
        )
        for value, row in zip(bits, guesses, strict=True)
    ]
    with st.container(border=True, height=360):
        st.html(colored_text.tinted(symbols, (-np.clip(bits / FULL, 0, 1)).tolist(), titles))
    st.caption(_("The warmer a character, the more it surprised the network; the pointer shows what it expected."))
    figures.data_table(
        {
            _("character"): [colored_text.visible(symbol) for symbol in symbols],
            _("bits"): np.round(bits, 3).tolist(),
            _("expected"): ["  ".join(f"{colored_text.visible(g)} {p:.2f}" for g, p in row) for row in guesses],
        },
        key="score-table",
        alt=_("The network's surprise at each character, and what it had expected"),
    )


def _curve(scored: "list[TextScore]") -> None:
    if len(scored[0].bits) < 2 * SMOOTH:
        return
    chart = figures.figure(_("character"), _("bits per character"), height=280, revision="bits")
    kernel = np.ones(SMOOTH) / SMOOTH
    places = list(range(SMOOTH // 2, len(scored[0].bits) - SMOOTH + SMOOTH // 2 + 1))
    columns: dict[str, Sequence[float]] = {_("around character"): places}
    for number, one in enumerate(scored):
        name = _("the network") if number == 0 else one.name
        course = np.convolve(one.bits, kernel, "valid").tolist()
        figures.line(chart, places, course, name, RUNS[0] if number == 0 else BASELINES[number - 1])
        columns[name] = [round(value, 3) for value in course]
    figures.draw(
        chart,
        key="score-curve",
        alt=_("Bits per character along the text, averaged over {n} characters").format(n=SMOOTH),
        table=columns,
    )


def _authorship(run: Run, text: str) -> None:
    from core.charlm.inside.score import rank_runs, score_with_network

    st.subheader(_("Whose text is it?"), anchor=False)
    others = {other.id: other for other in list_runs(family="charlm") if other.usable and other.id != run.id}
    if not others:
        st.caption(_("Train a second run, say on another author, and see which of the two explains this text better."))
        return
    names = {key: other.name for key, other in others.items()}
    picked = choose_many(st.multiselect, _("Compare with"), names, key="against", max_selections=7)
    scored: list[TextScore] = [score_with_network(run.name, passage_of(run, text))]
    for key in picked:
        with guard("authorship"):
            scored.append(score_with_network(others[key].name, passage_of(others[key], text)))
    if len(scored) < 2:
        return
    ranking = rank_runs(scored)
    first, second = ranking.scores[:2]
    show_sentence(
        _(
            "“{first}” explains it best: {bits:.2f} bits per character against {other:.2f} of “{second}”, "
            "{margin:,.0f} bits over the whole text. {clear}"
        ).format(
            first=first.name,
            bits=first.per_character,
            other=second.per_character,
            second=second.name,
            margin=ranking.margin,
            clear=_certainty(ranking.certainty, ranking.clear),
        )
    )
    chart = figures.figure(_("bits per character"), "", height=90 + 44 * len(scored), revision="authors")
    chart.add_bar(
        x=[one.per_character for one in ranking.scores][::-1],
        y=[one.name for one in ranking.scores][::-1],
        orientation="h",
        marker_color=RUNS[0],
        hovertemplate="%{x:.3f}<extra></extra>",
    )
    chart.update_layout(hovermode="closest")
    figures.draw(
        chart,
        key="authors",
        alt=_("Bits per character that each run needs for the text"),
        table={
            _("run"): [one.name for one in ranking.scores],
            _("bits per character"): [round(one.per_character, 4) for one in ranking.scores],
            _("bits in all"): [round(one.total, 1) for one in ranking.scores],
            _("characters unknown to it"): [one.unknown for one in ranking.scores],
        },
    )
    st.caption(
        _("A character that a run does not know costs what it takes to name one of Unicode's 150,000: 17.2 bits more.")
    )


def _certainty(value: float | None, clear: bool) -> str:
    if value is None:
        return _("The text is too short to say how sure that is.")
    if clear:
        return _("The lead is {value:.1f} times its standard error: clear.").format(value=value)
    return _("The lead is only {value:.1f} times its standard error: too close to call.").format(value=value)
