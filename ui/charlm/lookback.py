"""Input gradients of one prediction as text colours, and their mean over many predictions."""

from pathlib import Path

import numpy as np
import streamlit as st

from core.charlm.inside.passage import Passage
from core.i18n import _, lazy_message
from core.runs.run import Run
from ui.charlm import colored_text
from ui.charlm.choose_text import choose_text, notes, show_sentence
from ui.charlm.open_run import clamp_state, opened_of, passage_of
from ui.shell.cache_keys import model_key
from ui.widgets import figures, tint
from ui.widgets.palette import TRAIN

BACK = 200  # characters before a prediction that are analysed
PIECE = 1200  # characters of the run's text
MANY = 48  # predictions in the average


def show(run: Run) -> None:
    opened_of(run)
    chosen = choose_text(run, PIECE)
    passage = passage_of(run, chosen.text)
    notes(passage.cut, passage.unknown)
    last = len(passage) - 1
    if last < 1:
        st.info(_("A single character has none before it: bring at least two."))
        return
    clamp_state("place", 1, last)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = int(
            st.number_input(
                _("Prediction of character number"),
                1,
                last,
                min(last, 160),
                key="place",
                bind="query-params",
                width=220,
            )
        )
        signed = st.toggle(
            _("For or against"), key="signed", bind="query-params",
            help=_("Gradient times input: cool where a character spoke for what came, warm where against."),
        )  # fmt: skip
    _one(passage, place, signed)
    _average(run, chosen.text)


def _one(passage: Passage, place: int, signed: bool) -> None:
    from core.charlm.inside.lookback import input_gradients

    begin = max(0, place - BACK)
    found = input_gradients(
        passage.network, passage.ids[None, begin:place], passage.ids[place : place + 1], passage.state_before(begin)
    )
    strength, effect = found.strength[0], found.effect[0]
    shown = effect if signed else strength
    reach = float(np.abs(shown).max()) or 1.0
    symbols = passage.symbols[begin : place + 1]
    chance = float(np.exp(found.log_prob[0]))
    shares = strength[::-1] / max(float(strength.sum()), 1e-30)
    half = int(np.searchsorted(np.cumsum(shares), 0.5)) + 1
    beyond = np.flatnonzero(strength[::-1] > 0.01 * strength.max())
    show_sentence(
        _(
            "“{symbol}” was given {chance:.1%}. The last {half} of {count} characters hold half of what that rests on; "
            "beyond {far} characters no one has more than a hundredth of the strongest, “{strongest}”."
        ).format(
            symbol=colored_text.visible(symbols[-1]),
            chance=chance,
            half=half,
            count=len(strength),
            far=int(beyond.max()) + 1,
            strongest=colored_text.visible(symbols[int(strength.argmax())]),
        )
    )
    titles = [f"{value:+.4f}" if signed else f"{value:.4f}" for value in shown] + [f"p = {chance:.4f}"]
    grounds = [*(np.sign(shown) * np.sqrt(np.abs(shown) / reach)).tolist(), 0.0]
    with st.container(border=True):
        st.html(colored_text.tinted(symbols, grounds, titles, mark=len(symbols) - 1))
        low = f"{-reach:.2g}" if signed else "0"
        st.html(tint.scale(low, f"{reach:.2g}", signed))
    figures.data_table(
        {
            _("characters back"): list(range(len(strength), 0, -1)),
            _("character"): [colored_text.visible(symbol) for symbol in symbols[:-1]],
            _("length of the gradient"): np.round(strength.astype(float), 6).tolist(),
            _("gradient × input, nats"): np.round(effect.astype(float), 6).tolist(),
        },
        key="lookback-table",
        alt=_("For each earlier character, how much the prediction depends on it"),
    )


@st.cache_data(max_entries=8, show_spinner=lazy_message("Following many predictions back …"))
def _many(path: str, changed: tuple[int, ...], text: str) -> np.ndarray:
    from core.charlm.inside.lookback import mean_gradient_norm

    return mean_gradient_norm(passage_of(Run(Path(path)), text), BACK, MANY)


def _average(run: Run, text: str) -> None:
    st.subheader(_("On average"), anchor=False)
    course = _many(*model_key(run), text)
    if not len(course):
        st.caption(_("For an average the text must have at least 40 characters."))
        return
    shares = np.cumsum(course) / course.sum()
    reach = {share: int(np.searchsorted(shares, share)) + 1 for share in (0.5, 0.9, 0.99)}
    show_sentence(
        _(
            "Over {count} predictions spread through this text: half of the gradient's length lies within the last "
            "{half} characters, nine tenths within {most}, all but a hundredth within {all}."
        ).format(count=MANY, half=reach[0.5], most=reach[0.9], all=reach[0.99])
    )
    chart = figures.figure(_("characters back"), _("mean length of the gradient"), log_y=True, revision="lookback")
    distances = list(range(1, len(course) + 1))
    figures.line(chart, distances, course.tolist(), _("gradient"), TRAIN)
    chart.update_layout(showlegend=False)
    chart.update_yaxes(exponentformat="power", dtick=1)
    figures.draw(
        chart,
        key="lookback-average",
        alt=_("How the mean length of the gradient falls with the distance"),
        table={_("characters back"): distances, _("mean length of the gradient"): course.tolist()},
    )
