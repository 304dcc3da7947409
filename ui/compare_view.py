"""The pieces of the Compare screen."""

from collections.abc import Sequence

import streamlit as st

from core.i18n import _
from core.runs.compare import Axis, bands, best, curve, curves_as_rows, metric_names, to_csv, varying
from core.runs.run import Run
from ui import figures
from ui.palette import RUNS, fade
from ui.show import md

AXES: tuple[Axis, ...] = ("step", "epoch", "seconds")
HIGHER = ("accuracy", "f1", "covered", "sign")


def curves(runs: Sequence[Run]) -> None:
    """The chosen metric of all runs in one figure; zoom and choice outlive the refreshing."""
    names = metric_names(runs)
    if not names:
        st.caption(_("No figures yet."))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = st.selectbox(_("Metric"), names, key="compare-metric", bind="query-params", width=240)
        axis = st.segmented_control(_("Over"), AXES, default="step", required=True, key="compare-axis")
        log_y = st.toggle(_("Log scale"), key="compare-log")
        together = st.toggle(_("Mean over seeds"), key="compare-seeds")
    chart = figures.figure(_(axis), metric, height=420, revision=f"compare-{metric}-{axis}-{log_y}", log_y=log_y)
    lines = [curve(run, metric, axis) for run in runs]
    grouped = bands(runs, metric, axis) if together else []
    for number, band in enumerate(grouped):
        colour = RUNS[number % len(RUNS)]
        x = [*band.x, *band.x[::-1]]
        chart.add_scatter(
            x=x, y=[*band.high, *band.low[::-1]], fill="toself", fillcolor=fade(colour, 0.18), line={"width": 0},
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        name = _("{name}, mean of {n} seeds").format(name=band.name, n=band.seeds)
        figures.line(chart, list(band.x), list(band.mean), name, colour)
    if together and not grouped:
        st.caption(_("No two of these runs differ in the seed alone."))
    if not grouped:
        for number, item in enumerate(lines):
            label = item.name if sum(other.name == item.name for other in lines) == 1 else f"{item.name} · {item.run}"
            dense = len(item.x) > 80
            draw = figures.raw_and_smooth if dense else figures.line
            draw(chart, list(item.x), list(item.y), label, RUNS[number % len(RUNS)])
    rows = curves_as_rows(lines, axis, metric)
    figures.draw(
        chart,
        key="compare-curves",
        alt=_("{metric} of the chosen runs").format(metric=metric),
        table={name: [row[name] for row in rows] for name in ("run", axis, metric)},
    )
    st.download_button(_("The curves as CSV"), to_csv(rows), f"{metric}.csv", "text/csv", icon=":material/download:")


def table(runs: Sequence[Run]) -> None:
    """One row a run: the best value with its step, and only the options that differ."""
    metric = st.session_state.get("compare-metric")
    differing = varying(runs)
    rows = []
    for run in runs:
        mode = "max" if any(word in str(metric) for word in HIGHER) else "min"
        found = best(run, metric, mode) if metric else None  # type: ignore[arg-type]
        rows.append(
            {
                "run": run.id,
                "state": run.status.state,
                "best": found and round(found[0], 5),
                "at step": found and found[1],
            }
            | {name: "" if value is None else str(value) for name, value in differing[run.id].items()}
        )
    st.subheader(_("What differs"), anchor=False)
    st.dataframe(rows, hide_index=True, key="compare-table", alt=_("Best values and differing options of the runs"))
    st.download_button(_("The table as CSV"), to_csv(rows), "runs.csv", "text/csv", icon=":material/download:")


def samples(runs: Sequence[Run]) -> None:
    """What each made at the moment nearest to the chosen step."""
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
            _sample(run, nearest)
            st.caption(_("step {step:,}").format(step=nearest))


def _sample(run: Run, step: int) -> None:
    picture = run.sample(step, "grid.png")
    if picture:
        st.image(picture, width="stretch", alt=_("What {run} drew").format(run=run.id))
        return
    text = run.sample(step, "text.txt")
    if text is not None:
        with st.container(border=True, height=260):
            st.text(text.decode("utf-8", "replace"))
