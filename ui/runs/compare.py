"""Components of the Compare page."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from core.i18n import _
from core.runs import compare
from core.runs.run import Run
from ui.runs.family_view import view_of
from ui.widgets import figures
from ui.widgets.palette import RUNS, with_alpha
from ui.widgets.text import md, metric_name

UNPLOTTED = ("lr_factor", "throughput")
DENSE = 80  # points from which a curve is drawn raw and smoothed


def curves(runs: Sequence[Run]) -> None:
    """Draw the chosen metric of all runs in one figure; zoom and choice survive reruns."""
    names = [name for name in compare.metrics_of(runs) if name not in UNPLOTTED]
    if not names:
        st.caption(_("No figures yet."))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        best = next((run.status.best_metric for run in runs if run.status.best_metric in names), names[0])
        metric = st.selectbox(
            _("Metric"), names, index=names.index(best), format_func=metric_name, key="compare-metric", width=240
        )
        axis = st.segmented_control(
            _("Over"), compare.AXES, default="step", required=True, key="compare-axis", format_func=lambda name: _(name)
        )
        log_x, log_y = st.toggle(_("Log x"), key="compare-log-x"), st.toggle(_("Log y"), key="compare-log-y")
        together = st.toggle(_("Mean over seeds"), key="compare-seeds")
    kept = f"compare-{metric}-{axis}-{log_y}-{log_x}"
    chart = figures.figure(_(axis), metric_name(metric), height=420, revision=kept, log_y=log_y)
    chart.update_xaxes(type="log" if log_x else "linear")
    lines = (compare.mean_curves if together else compare.curves)(runs, metric, axis)
    for number, line in enumerate(lines):
        colour = RUNS[number % len(RUNS)]
        twice = sum(other.name == line.name for other in lines) > 1
        name = f"{line.name} · {line.runs[0]}" if twice else line.name
        if line.low is not None and line.high is not None:
            chart.add_scatter(
                x=[*line.x, *line.x[::-1]],
                y=[*line.high, *line.low[::-1]],
                fill="toself",
                fillcolor=with_alpha(colour, 0.18),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        dense = len(line.x) > DENSE and line.low is None
        (figures.raw_and_smooth if dense else figures.line)(chart, line.x, line.y, name, colour)
    columns = {_("run"): [], axis: [], metric: []}  # type: ignore[var-annotated]
    for line in lines:
        columns[_("run")] += [line.name] * len(line.x)
        columns[axis] += line.x
        columns[metric] += line.y
    alt = _("{metric} of the chosen runs").format(metric=metric)
    figures.draw(chart, key="compare-curves", alt=alt, table=columns)


def table(runs: Sequence[Run]) -> None:
    """One row a run: the best value with its step, and only the options that differ."""
    st.subheader(_("What differs"), anchor=False)
    rows = compare.table(runs)
    shown = [
        {_("run"): row.run, _("state"): _(row.state), row.metric or _("best"): row.best, _("at step"): row.best_step}
        | {name: "" if value is None else str(value) for name, value in row.options.items()}
        for row in rows
    ]
    st.dataframe(shown, hide_index=True, key="compare-table", alt=_("Best values and differing options of the runs"))
    with st.container(horizontal=True):
        icon = ":material/download:"
        st.download_button(_("Table as CSV"), compare.table_csv(rows), "runs.csv", "text/csv", icon=icon)
        every = partial(compare.metrics_csv, runs)
        st.download_button(_("All figures as CSV"), every, "figures.csv", "text/csv", icon=icon)


def samples(runs: Sequence[Run]) -> None:
    """Draw the sample of each run nearest to the chosen step."""
    steps = compare.common_sample_steps(runs)
    if len(steps) < 2:  # the runs save at different steps: show each run's nearest one
        steps = sorted({step for run in runs for step in run.sample_steps()})
    if not steps:
        st.caption(_("No samples yet."))
        return
    at = st.select_slider(_("At step"), steps, value=steps[-1], key="compare-step") if len(steps) > 1 else steps[0]
    columns = st.columns(min(len(runs), 4))
    for number, run in enumerate(runs):
        kept = run.sample_steps()
        with columns[number % len(columns)]:
            st.markdown(f"**{md(run.name)}**")
            if not kept:
                st.caption(_("none"))
                continue
            nearest = min(kept, key=lambda step: abs(step - int(at)))
            view_of(run.family).sample(run, nearest)
            st.caption(_("step {step:,}").format(step=nearest))
