"""The default run view of families without their own: curves, samples as files, metrics by name."""

from typing import Any

import streamlit as st

from core.i18n import _
from core.runs.files import is_number
from core.runs.metrics import column
from core.runs.run import Run
from ui.widgets import figures
from ui.widgets.palette import RUNS
from ui.widgets.step_slider import chosen_step
from ui.widgets.text import md, metric_name, short_number

PICTURES = (".png", ".jpg", ".webp")
TEXTS = (".txt", ".json", ".csv", ".md")
SHOWN = 5000  # characters of a text
UNPLOTTED = ("step", "epoch", "seconds", "lr_factor", "throughput")


def curves(run: Run, rows: list[dict[str, Any]]) -> None:
    """One figure a metric: a training loss raw and smoothed, with its validation loss and baselines."""
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if is_number(value)))
    names = [name for name in names if name not in UNPLOTTED]
    leading = [name for name in names if name.removeprefix("val_") not in names or not name.startswith("val_")]
    for number, name in enumerate(leading):
        chart = figures.figure(_("step"), metric_name(name), height=260, revision=f"{run.id}-{name}")
        steps, values = column(rows, name)
        figures.raw_and_smooth(chart, steps, values, metric_name(name), RUNS[number % len(RUNS)])
        table: dict[str, Any] = {_("step"): steps[-50:], metric_name(name): values[-50:]}
        if (validation := f"val_{name}") in names:
            figures.validation(chart, *column(rows, validation), metric_name(validation))
        for place, item in enumerate(run.baselines):
            if item["metric"] in (name, validation):
                figures.baseline(chart, item["value"], _(item["label"]), place)
        figures.draw(chart, key=f"curve-{name}", alt=metric_name(name), table=table)


def samples(run: Run, live: bool = False) -> None:
    steps = run.sample_steps()
    if not steps:
        st.caption(_("No samples yet."))
        return
    step = chosen_step(_("At step"), steps, live=live, key=f"sample-step-{live}")
    sample(run, step)


def sample(run: Run, step: int) -> None:
    """Show images and texts; offer other files as downloads."""
    for name in run.sample_files(step):
        content = run.sample(step, name) or b""
        suffix = name[name.rfind(".") :].lower()
        if suffix in PICTURES:
            st.image(content, width="stretch", alt=name)
        elif suffix in TEXTS:
            with st.container(border=True, height=260):
                st.text(content[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN])
        else:
            st.download_button(md(name), content, name, key=f"file-{run.id}-{step}-{name}", icon=":material/download:")


def report(run: Run) -> None:
    found = {name: value for name, value in run.report.items() if is_number(value)}
    if not found:
        return
    st.subheader(_("How good it is"), anchor=False)
    with st.grid(min_column_width=150):
        for name, value in found.items():
            st.metric(metric_name(name), short_number(value) if abs(value) >= 1000 else f"{value:.4g}")
