"""ROC and precision-recall curves, for two classes or one class against the rest."""

import numpy as np
import streamlit as st

from core.classifier.training.evaluate import Evaluation
from core.classifier.training.metrics import Curve, precision_recall, roc
from core.i18n import _
from core.runs.run import Run
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import NEUTRAL, TRAIN
from ui.widgets.text import md


def show(run: Run, found: Evaluation) -> None:
    two = len(found.classes) == 2
    label = choose(
        st.selectbox, _("The class looked for"), {label: label for label in found.classes}, key="positive",
        default=found.classes[1 if two else 0],
        help=_("The probability of this class ranks the texts; all other classes count as “not this one”."),
    )  # fmt: skip
    at = found.classes.index(label)
    positive, score = found.y == at, found.p[:, at]
    if positive.all() or not positive.any():
        st.info(_("The texts are all of one kind here: there is nothing to rank."))
        return
    ranked, found_of = roc(positive, score), precision_recall(positive, score)
    share = float(positive.mean())
    left, right = st.columns(2, gap="medium")
    with left:
        st.metric(_("Area under ROC"), f"{ranked.area:.3f}")
        _curve(ranked, _("false alarms"), _("found"), "roc", diagonal=True)
        st.caption(
            _("A text of “{label}” gets a higher score than another one in {area:.1%} of all pairs.").format(
                label=md(label), area=ranked.area
            )
        )
    with right:
        st.metric(_("Average precision"), f"{found_of.area:.3f}")
        _curve(found_of, _("recall"), _("precision"), "precision-recall", level=share)
        st.caption(
            _("The price of finding more: dashed is what chance gives, {share:.1%}, the class's share.").format(
                share=share
            )
        )


def _curve(curve: Curve, x: str, y: str, key: str, diagonal: bool = False, level: float | None = None) -> None:
    chart = figures.figure(x, y, height=330)
    figures.line(
        chart, curve.x.tolist(), curve.y.tolist(), _("this network"), TRAIN, shape="hv" if diagonal else "linear"
    )
    chance = ([0, 1], [0, 1]) if diagonal else ([0, 1], [level or 0.0] * 2)
    chart.add_scatter(
        x=chance[0], y=chance[1], name=_("chance"), mode="lines", line={"dash": "dash", "width": 1.3, "color": NEUTRAL}
    )
    chart.update_xaxes(range=[-0.01, 1.01], tickformat=".0%")
    chart.update_yaxes(range=[-0.01, 1.03], tickformat=".0%")
    chart.update_layout(hovermode="closest")
    places = np.unique(np.linspace(0, len(curve.x) - 1, 60).astype(int))
    figures.draw(
        chart,
        key=key,
        alt=f"{x}, {y}",
        table={
            _("threshold"): [f"{value:.3f}" for value in curve.thresholds[places]],
            x: [round(float(value), 4) for value in curve.x[places]],
            y: [round(float(value), 4) for value in curve.y[places]],
        },
    )
