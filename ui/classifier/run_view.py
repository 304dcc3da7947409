"""What a classifier shows in the run view: accuracy against the baselines, loss, probe sentences, final figures."""

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.classifier.training.metrics import best_linear, wilson
from core.i18n import _, language
from core.runs.metrics import column
from core.runs.run import Run
from ui.classifier.colored_text import highlighted_text
from ui.shell import navigation
from ui.widgets import figures
from ui.widgets.palette import BASELINES, TRAIN, with_alpha
from ui.widgets.step_slider import chosen_step
from ui.widgets.text import md, short_number


def curves(run: Run, rows: list[dict[str, Any]]) -> None:
    _accuracy(run, rows)
    _loss(run, rows)


def _accuracy(run: Run, rows: list[dict[str, Any]]) -> None:
    steps, values = column(rows, "accuracy")
    val_steps, val_values = column(rows, "val_accuracy")
    chart = figures.figure(_("step"), _("accuracy"), revision=f"{run.id}-accuracy")
    thin_steps, thin_values = figures.downsample(steps, figures.smooth(values))
    chart.add_scatter(
        x=thin_steps,
        y=thin_values,
        name=_("training"),
        mode="lines",
        line={"color": with_alpha(TRAIN, 0.6), "width": 1.6},
    )
    figures.validation(chart, val_steps, val_values, _("validation"))
    baselines = run.baselines
    _baselines(chart, baselines)
    chart.update_xaxes(rangemode="tozero")
    chart.update_yaxes(tickformat=".0%")
    if not (steps or baselines):
        chart.update_yaxes(range=[0, 1])  # an empty axis would count to 400 %
    figures.draw(
        chart,
        key="accuracy",
        alt=_("Accuracy over the steps, beside what simple models reach on the same texts"),
        table={
            _("step"): val_steps,
            _("validation accuracy"): [round(value, 4) for value in val_values],
            _("baseline"): [_(item["label"]) for item in baselines],
            _("its validation accuracy"): [round(item["value"], 4) for item in baselines],
        },
    )
    if baselines:
        st.caption(
            _(
                "Share of the texts judged rightly. Dashed: what simple models reach on the same validation texts. "
                "Training texts are shown to it with words left out."
            )
        )


def _baselines(chart: Any, items: list[dict[str, Any]]) -> None:
    """Add all baselines; label only the best linear one, since their lines often overlap."""
    linear = [item for item in items if item["name"] != "majority"]
    best = max(linear, key=lambda item: item["value"], default=None)
    for number, item in enumerate(items):
        if item is best or item["name"] == "majority":
            figures.baseline(chart, item["value"], f"{_(item['label'])} · {item['value']:.1%}", number)
        else:
            line = {"dash": "dash", "width": 1.2, "color": BASELINES[number % len(BASELINES)]}
            chart.add_hline(y=item["value"], line=line)


def _loss(run: Run, rows: list[dict[str, Any]]) -> None:
    steps, losses = column(rows, "loss")
    val_steps, val_losses = column(rows, "val_loss")
    chart = figures.figure(_("step"), _("loss, nats"), height=230, revision=f"{run.id}-loss")
    chart.update_xaxes(rangemode="tozero")
    figures.raw_and_smooth(chart, steps, losses, _("training"))
    figures.validation(chart, val_steps, val_losses, _("validation"))
    figures.draw(
        chart,
        key="loss",
        alt=_("Training and validation loss over the steps"),
        table={_("step"): val_steps, _("validation loss, nats"): [round(loss, 4) for loss in val_losses]},
    )


def probes(run: Run, step: int) -> list[dict[str, Any]]:
    """The probe sentences at a kept step, each with text, label, and probability by class."""
    return _probes(lambda: json.loads(run.sample(step, "probe.json") or b"{}"))


def final_probes(run: Run) -> list[dict[str, Any]]:
    """Predictions on the probe texts by the final weights; before the run has ended, the latest ones.

    Texts in the user's language come first.
    """
    steps = run.sample_steps()
    found = _probes(lambda: run.report["probe"]) or (probes(run, steps[-1]) if steps else [])
    return sorted(
        found, key=lambda row: any("\u4e00" <= sign <= "\u9fff" for sign in row["text"]) != (language() == "zh")
    )


def _probes(read: Callable[[], Any]) -> list[dict[str, Any]]:
    try:
        content = read()
        classes = [str(label) for label in content["classes"]]
        return [
            {
                "text": str(row["text"]),
                "label": str(row["label"]),
                "shares": dict(zip(classes, map(float, row["probabilities"]), strict=True)),
            }
            for row in content["texts"]
        ]
    except (ValueError, KeyError, TypeError):
        return []


def samples(run: Run, live: bool = False) -> None:
    """Predictions on fixed validation texts at each saved step, with a slider over the steps."""
    steps = run.sample_steps()
    if not steps:
        st.caption(_("The first judgements come in a few seconds."))
        return
    step = chosen_step(_("How it judges, at step"), steps, live=live, key=f"sample-step-{live}")
    rows = probes(run, step)
    _judged(rows)
    right = sum(max(row["shares"], key=row["shares"].get) == row["label"] for row in rows)
    st.caption(
        _(
            "Step {step:,}: {right} of these {all} right. They are validation texts, never trained on; "
            "the bar is the probability of the true label."
        ).format(step=step, right=right, all=len(rows))
    )


def sample(run: Run, step: int) -> None:
    if rows := probes(run, step):
        _judged(rows)


def _judged(rows: list[dict[str, Any]]) -> None:
    st.html("".join(highlighted_text(row["text"], row["shares"], row["label"]) for row in rows))


def report(run: Run) -> None:
    found = run.report
    if not isinstance(found.get("test_accuracy"), int | float):
        return
    st.subheader(_("How good it is"), anchor=False)
    total = int((found.get("rows") or {}).get("test", 0))
    value, low, high = wilson(round(found["test_accuracy"] * total), total)
    known = found.get("baselines") or {}
    chosen = best_linear({name: item["val_accuracy"] for name, item in known.items()})
    best = known[chosen] if chosen else None
    with st.grid(min_column_width=170):
        st.metric(
            _("Test accuracy"),
            f"{value:.1%}",
            f"{low:.1%} – {high:.1%}",
            delta_color="off",
            delta_arrow="off",
            help=_("On {n:,} texts looked at once, at the end; below, the 95 % interval.").format(n=total),
        )
        st.metric(_("Macro F1"), f"{found['test_macro_f1']:.3f}", help=_("The mean over classes, rare ones included."))
        if best:
            st.metric(_("Best linear baseline"), f"{best['test_accuracy']:.1%}", help=md(_(best["label"])))
        st.metric(_("Parameters"), short_number(found.get("parameters")))
        st.metric(_("Peak memory"), f"{found.get('peak_memory_mb') or 0:,.0f} MB")
    mine = {_("model"): _("This Transformer")} | _row(found)
    others = [{_("model"): _(item["label"])} | _row(item) for item in (found.get("baselines") or {}).values()]
    with st.expander(_("Beside the baselines"), icon=":material/table_rows:"):
        st.dataframe([mine, *others], hide_index=True, alt=_("Accuracy and F1 of this network and of simple models"))
    for note in run.report_notes:
        st.caption(f"· {md(note)}")
    navigation.link("classify-evaluate", _("Where it errs: evaluate it"), ":material/fact_check:", run=run.id)


def _row(item: dict[str, Any]) -> dict[str, str]:
    return {
        _("validation accuracy"): f"{item['val_accuracy']:.1%}",
        _("test accuracy"): f"{item['test_accuracy']:.1%}",
        _("test macro F1"): f"{item['test_macro_f1']:.3f}",
    }
