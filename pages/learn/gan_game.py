"""Train a GAN step by step on drawn 1-D or 2-D data, with D compared to the exact optimal D."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import gan_balance, gan_game
from core.lab.gan_game import SHAPES
from ui.learn import gan_game as playing
from ui.learn import gan_game_figures as figures
from ui.learn.figures import format_number
from ui.learn.page import Lab

FILM = (50, 20)  # rounds, and how often, of “Play on”

lab = Lab(gan_game.CONCEPT)
lab.header()
dimension = int(lab.choice("data", _("The data have"), {"1": _("one dimension"), "2": _("two dimensions")}))
controls, picture, below = lab.columns(None)

with controls:
    names = playing.shapes(dimension)
    shape = lab.choice(f"shape{dimension}", _("Data"), names)
    losses = {"non-saturating": _("non-saturating"), "minimax": _("minimax")}
    loss = lab.choice("loss", _("G's loss"), losses)
    units = lab.slider("units", _("Units"), 4, 32, 16, 4)
    rate_d = lab.slider("rate-d", _("D's learning rate"), 0.0, 0.01, 0.002, 0.0005, format="%.4f")
    rate_g = lab.slider("rate-g", _("G's learning rate"), 0.0, 0.01, 0.001, 0.0005, format="%.4f")
    seed = lab.seed()
    moves = playing.Moves(lab)

with picture:
    weights = None
    if shape != "own":
        points = SHAPES[shape]
    elif dimension == 1:
        points, weights = playing.drawn_bars(lab)
    else:
        points = playing.drawn_cells(lab)
    fixed = None if weights is None else tuple(weights.tolist())
    rules = playing.Rules(tuple(map(tuple, points.tolist())), fixed, units, seed, loss, rate_d, rate_g)
    stands = playing.stands(rules, moves.made)
    players = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    at = lab.step_controls(len(moves.made))
    state, view = stands[at]
    with players:
        steps = int(lab.choice("steps", _("Steps at once"), {"1": "1", "10": "10", "100": "100"}, default="10"))
        for who, label, colour in (("D", _("Step D"), "blue"), ("G", _("Step G"), "violet"), ("B", _("Both"), "green")):
            full = not moves.room(at, steps)
            st.button(
                f":{colour}[{label}]",
                key=lab.key(f"play-{who}"),
                on_click=moves.play,
                args=(who, steps),
                disabled=full,
            )
        full = not moves.room(at, *FILM)
        label = _("Play {n} rounds").format(n=FILM[0] * FILM[1])
        st.button(label, key=lab.key("film"), on_click=moves.play, args=("B", *FILM), type="primary", disabled=full)
    st.markdown(
        _("D has made **{d}** steps, G **{g}**. D gives real points {real} and made ones {fake} on average.").format(
            d=state.steps_d,
            g=state.steps_g,
            real=format_number(round(view.real, 3)),
            fake=format_number(round(view.fake, 3)),
        )
    )
    if at == len(moves.made) and not moves.room(at, 1):
        st.info(_("That is as long as a game can be: go back and play on from there, or choose a new seed."))

with below:
    axis = st.container(horizontal=True, gap="small")
    with axis:
        begin = {"x": 1.0} if dimension == 1 else {"x₁": 1.3, "x₂": 0.0}
        x = [lab.slider(f"point{name[1:]}", name, -2.5, 2.5, value, 0.1) for name, value in begin.items()]
    lab.worked_formula(gan_balance.formula_with_digits(state, view, np.array(x)), small=True)
    left, right = st.columns(2, gap="medium")
    with left:
        alt = _("V after each move, what the best D would get, and −log 4")
        table: dict[str, Sequence[Any]] = {_("move"): list(range(len(stands))), "V": [v.value for _s, v in stands]}
        lab.figure(figures.value(stands, at), "value", alt, table)
    with right:
        lab.figure(figures.pulls(view), "pulls", _("How hard each loss pulls, by what D thinks of a made point"))
        lengths = {name: format_number(float(f"{pull:.3g}")) for name, pull in view.pulls.items()}
        st.caption(_("G's whole gradient now: minimax {minimax}, non-saturating {other}.").format(
            minimax=lengths["minimax"], other=lengths["non-saturating"]
        ))  # fmt: skip
    lab.ask_question(gan_balance.question(state, "DG"[at % 2]))


def clicked(place: list[float]) -> None:
    for name, value in zip(begin, place, strict=True):
        lab.set_value(f"point{name[1:]}", min(max(round(value, 1), -2.5), 2.5))


with picture:
    if dimension == 1:
        lab.figure(figures.densities(view, x[0]), "density", _("Both densities, D and the best D"))
    else:
        names = {"D": _("D as it is trained"), "best": _("The best D, where points land")}
        for place, (which, name) in zip(st.columns(2, gap="medium"), names.items(), strict=True):
            with place:
                st.markdown(f"**{name}**")
                chart = figures.surface(view, which == "best", points, x)
                lab.figure(chart, f"surface-{which}", name, on_click=clicked)
        st.caption(_("Blue: D says real, purple: made, no colour: one half. Click a place to see it in digits."))

lab.keras_snippet(lambda: gan_balance.snippet(state))
lab.footer()
