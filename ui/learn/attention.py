"""Figures of the attention page: the six steps as tables over the words, and the decoder's cross-attention."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.i18n import N_, _, translated_mapping
from core.lab.attention import Encoded
from core.lab.encoder_decoder import Decoded
from ui.learn import figures as draw
from ui.learn.heatmap import frame, heat
from ui.learn.page import Lab
from ui.widgets.palette import BAD, TRAIN, VALIDATION

STEPS = translated_mapping(
    {
        1: (N_("Embedding"), N_("Each word is a row of numbers, and its place in the sentence is added to it.")),
        2: (N_("Scores and softmax"), N_("Each word asks every other; what fits gets the larger share of its value.")),
        3: (N_("Heads"), N_("What the heads found is put side by side and mixed by one matrix.")),
        4: (
            N_("Residual and layer norm"),
            N_("The word itself is added again, and the row is brought to mean 0, variance 1."),
        ),
        5: (N_("Feed-forward"), N_("Each word alone goes through a wider layer with ReLU and back.")),
        6: (N_("Residual and layer norm"), N_("Again with what came in, again normalised: the block's output.")),
    }
)


def six_steps(seen: Encoded, step: int, i: int, j: int, head: int) -> go.Figure:
    """The table that a step makes; the word in view is framed, in step 2 also the one that it looks at."""
    words = [f"{n + 1} {word}" for n, word in enumerate(seen.words)]
    height = 84 + max(36 * len(words), 180)
    if step == 2:
        table = np.where(seen.allowed, seen.A[head], np.nan)
        names = (_("looks"), _("is looked at"), "α")
        chart = heat(table, words, words, low=0, high=1.2, names=names, height=height, clickable=True)
        chart.update_xaxes(tickangle=-35 if len(words) > 4 else 0)
        frame(chart, i, j, VALIDATION)
        return chart
    table = {1: seen.X, 3: seen.O, 4: seen.N, 5: seen.F, 6: seen.Y}[step]
    features = [str(n + 1) for n in range(table.shape[1])]
    names = ("", _("feature"), {1: "x", 3: "o", 4: "n", 5: "f", 6: "y"}[step])
    chart = heat(table, words, features, names=names, height=height, clickable=True)
    frame(chart, i, 0, VALIDATION, width=table.shape[1])
    return chart


class ForcedAttention:
    """Where the decoder is made to look: step (from 1) → place in the source (from 0); in the address as 2:5,3:0."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.key = lab, lab.key("look")
        raw = st.query_params.get(self.key) if lab.opened else None
        if raw is not None:
            try:
                st.session_state[self.key] = self._read(raw)
                lab._record_check(self.key, raw, True, "")
            except ValueError:
                st.session_state[self.key] = {}
                lab._record_check(self.key, raw, False, _("none"))
        self.chosen: dict[int, int] = st.session_state.setdefault(self.key, {})
        lab._warn(self.key, self._text() or _("none"))
        lab._write_to_address(self.key, self._text(), "")

    @staticmethod
    def _read(raw: str) -> dict[int, int]:
        pairs = [pair.split(":") for pair in raw[:200].split(",")]
        return {int(step): int(place) for step, place in pairs}

    def _text(self) -> str:
        return ",".join(f"{step}:{place}" for step, place in sorted(self.chosen.items()))

    def within(self, length: int) -> dict[int, int]:
        """Those that a source of this length has room for."""
        return {step: place for step, place in self.chosen.items() if 0 <= place < length and 1 <= step <= 9}

    def turn(self, step: int, place: int | None) -> None:
        """From a callback: look there; with None, or when it does already, look where it wants to."""
        if place is None or self.chosen.get(step) == place:
            self.chosen.pop(step, None)
        else:
            self.chosen[step] = place
        self.lab.go_to_step(step)

    def clear(self) -> None:
        self.chosen.clear()


def crossed(decoded: Decoded, at: int, head: int | None, forced: Mapping[int, int]) -> go.Figure:
    """A row a written sign, a column a place of the source: how much of it is taken. Head None: the mean of all."""
    n = len(decoded.source)
    rows = [step.used.mean(axis=0) if head is None else step.used[head] for step in decoded.steps]
    written = ["⏎" if step.symbol == ">" else step.symbol for step in decoded.steps]
    names = (_("writes"), _("looks at"), "α")
    values = [row[:n] for row in rows]
    height = 84 + max(32 * len(rows), 150)
    chart = heat(values, written, list(decoded.source), low=0, high=1.2, names=names, height=height, clickable=True)
    for step, place in forced.items():
        if step <= len(rows):
            frame(chart, step - 1, place, BAD)
    frame(chart, at - 1, 0, VALIDATION, width=n)
    return chart


def choices(decoded: Decoded, at: int) -> go.Figure:
    """The signs that were likeliest at this step."""
    step = decoded.steps[at - 1]
    best = np.argsort(-step.probabilities)[:6]
    signs = ["⏎" if decoded.task.symbols[i] == ">" else decoded.task.symbols[i] for i in best]
    chart = draw.canvas("", "P", height=200, legend=False)
    shares = [float(step.probabilities[i]) for i in best]
    chart.add_bar(x=signs, y=shares, marker={"color": TRAIN}, text=[f"{p:.1%}" for p in shares], textposition="outside")
    chart.update_xaxes(type="category")
    chart.update_yaxes(range=[0, 1.18], tickformat=".0%")
    chart.update_traces(cliponaxis=False, hoverinfo="skip")
    return chart
