"""Reliability diagram of the probabilities, and accuracy and coverage by confidence threshold."""

import numpy as np
import streamlit as st

from core.classifier.training.evaluate import Evaluation
from core.classifier.training.metrics import Reliability, coverage, reliability, softmax
from core.i18n import _
from core.runs.run import Run
from ui.classifier.one_text import threshold_slider
from ui.shell import navigation
from ui.widgets import figures
from ui.widgets.palette import GOOD, NEUTRAL, TRAIN, VALIDATION, with_alpha


def show(run: Run, found: Evaluation) -> None:
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader(_("Does it mean what it says?"), anchor=False)
        _reliability(found)
    with right:
        st.subheader(_("When it may say “not sure”"), anchor=False)
        _threshold(run, found)


def _reliability(found: Evaluation) -> None:
    before, after = reliability(softmax(found.logits), found.y), reliability(found.p, found.y)
    with st.grid(min_column_width=110):
        st.metric(_("Error before"), f"{before.ece:.1%}", help=_("ECE: how far confidence and accuracy lie apart."))
        st.metric(_("Error after"), f"{after.ece:.1%}", help=_("The same after temperature scaling."))
        st.metric(
            _("Temperature"), f"{found.temperature:.2f}", help=_("Fitted on the validation part. Above 1: softer.")
        )
    chart = figures.figure(_("how sure it is"), _("how often it is right"), height=340)
    chart.add_scatter(
        x=[0, 1], y=[0, 1], name=_("honest"), mode="lines", line={"dash": "dash", "width": 1.3, "color": NEUTRAL}
    )
    for each, name, colour in ((before, _("as it came"), with_alpha(VALIDATION, 0.75)), (after, _("scaled"), TRAIN)):
        _points(chart, each, name, colour)
    low = 1 / len(found.classes)
    chart.update_xaxes(range=[max(0.0, low - 0.05), 1.03], tickformat=".0%")
    chart.update_yaxes(range=[-0.03, 1.05], tickformat=".0%")
    chart.update_layout(hovermode="closest")
    figures.draw(
        chart,
        key="reliability",
        alt=_("Confidence against accuracy, before and after temperature scaling"),
        table={
            _("sure, before"): _percent(before.confidence),
            _("right, before"): _percent(before.accuracy),
            _("texts, before"): before.rows.tolist(),
            _("sure, scaled"): _percent(after.confidence),
            _("right, scaled"): _percent(after.accuracy),
            _("texts, scaled"): after.rows.tolist(),
        },
    )
    sure, right = float(found.p.max(1).mean()), found.accuracy.value
    words = _(
        "On the line, 80 % sure means right in 80 of 100 cases. It is {sure:.0%} sure on average and {right:.0%} right."
    )
    st.caption(words.format(sure=sure, right=right))


def _points(chart: figures.go.Figure, each: Reliability, name: str, colour: str) -> None:
    there = each.rows > 0
    chart.add_scatter(
        x=each.confidence[there],
        y=each.accuracy[there],
        name=name,
        mode="lines+markers",
        line={"color": colour, "width": 2},
        marker={"size": 5 + 16 * np.sqrt(each.rows[there] / each.rows.max()), "color": colour},
        customdata=each.rows[there],
        hovertemplate=_("sure %{x:.0%}, right %{y:.0%}, %{customdata:,} texts") + "<extra></extra>",
    )


def _percent(values: np.ndarray) -> list[str]:
    return ["–" if np.isnan(value) else f"{value:.1%}" for value in values]


def _threshold(run: Run, found: Evaluation) -> None:
    level = threshold_slider()
    curve, now = coverage(found.p, found.y), coverage(found.p, found.y, np.array([level]))
    answered = round(float(now.coverage[0]) * len(found.y))
    with st.grid(min_column_width=110):
        st.metric(_("Answered"), f"{now.coverage[0]:.1%}")
        st.metric(_("Right among them"), "–" if not answered else f"{now.accuracy[0]:.1%}")
        st.metric(_("Not sure"), f"{len(found.y) - answered:,}")
    chart = figures.figure(_("threshold"), "", height=340)
    figures.line(chart, curve.thresholds.tolist(), curve.coverage.tolist(), _("answered"), TRAIN)
    right = [None if np.isnan(value) else float(value) for value in curve.accuracy]
    chart.add_scatter(
        x=curve.thresholds, y=right, name=_("right among them"), mode="lines", line={"color": GOOD, "width": 2}
    )
    figures.cursor(chart, level)
    chart.update_xaxes(tickformat=".0%")
    chart.update_yaxes(tickformat=".0%", range=[0, 1.05])
    figures.draw(
        chart,
        key="coverage",
        alt=_("Share of texts answered, and share right among them, by threshold"),
        table={
            _("threshold"): _percent(curve.thresholds[::5]),
            _("answered"): _percent(curve.coverage[::5]),
            _("right among them"): _percent(curve.accuracy[::5]),
        },
    )
    st.caption(
        _("Leaving {left:,} of {all:,} texts to a person makes it right in {right:.1%} of the rest.").format(
            left=len(found.y) - answered, all=len(found.y), right=now.accuracy[0]
        )
        if answered
        else _("Nothing is that sure: every text would be left to a person.")
    )
    navigation.link(
        "classify-use", _("Classify with this threshold"), ":material/label:", run=run.id, threshold=f"{level:g}"
    )
