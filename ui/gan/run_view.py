"""The GAN's run view: training curves, and samples with a slider that also marks its step in the curves."""

import json
import math
from typing import Any

import streamlit as st

from core.i18n import _
from core.runs.metrics import column
from core.runs.run import Run
from ui.widgets import figures
from ui.widgets.palette import BAD, DISCRIMINATOR, GENERATOR, GOOD, NEUTRAL, REAL, with_alpha
from ui.widgets.step_slider import chosen_step
from ui.widgets.text import md, short_number

BALANCE = -math.log(4)
KINDS = 200  # shown in the histogram


def chosen_step_of(run: Run) -> int | None:
    """The step of the sample slider, or None while it follows the training."""
    chosen = st.session_state.get(f"moment-{run.id}")
    return chosen if isinstance(chosen, int) else None


def curves(run: Run, rows: list[dict[str, Any]]) -> None:
    at = chosen_step_of(run)
    views = {"losses": _("Losses"), "scores": _("D's verdict"), "value": "V(D, G)", "distance": _("Distance")}
    view = st.segmented_control(
        _("Curve"), list(views), default="losses", required=True, key="gan-curve", format_func=lambda key: views[key],
        label_visibility="collapsed",
    )  # fmt: skip
    chart, table, said = {"losses": _losses, "scores": _scores, "value": _value, "distance": _distance}[view](run, rows)
    if at is not None:
        figures.cursor(chart, at)
    figures.draw(chart, key=f"gan-{view}", alt=views[view], table=table)
    st.caption(said)


def _curve_pair(run: Run, rows: list[dict[str, Any]], y: str, pair: tuple[tuple[str, str, str], ...]) -> Any:
    chart = figures.figure(_("step"), y, revision=f"{run.id}-{y}")
    table: dict[str, Any] = {}
    for key, name, colour in pair:
        steps, values = column(rows, key)
        figures.raw_and_smooth(chart, steps, values, name, colour)
        thin_steps, thin_values = figures.downsample(steps, values, 60)
        table[_("step")], table[name] = thin_steps, [round(value, 4) for value in thin_values]
    return chart, table


def _losses(run: Run, rows: list[dict[str, Any]]) -> Any:
    chart, table = _curve_pair(
        run, rows, _("loss"), (("g_loss", _("generator"), GENERATOR), ("d_loss", _("discriminator"), DISCRIMINATOR))
    )
    return chart, table, _("Neither loss has to fall: each is measured against an opponent that learns too.")


def _scores(run: Run, rows: list[dict[str, Any]]) -> Any:
    chart, table = _curve_pair(
        run, rows, _("probability of being real"), (("d_real", _("D(real)"), REAL), ("d_fake", _("D(fake)"), GENERATOR))
    )
    figures.baseline(chart, 0.5, _("balance: D can only guess"))
    chart.update_yaxes(range=[0, 1])
    return chart, table, _("At ½ for both, the discriminator cannot tell them apart; D(fake) at 0 teaches G nothing.")


def _value(run: Run, rows: list[dict[str, Any]]) -> Any:
    chart, table = _curve_pair(run, rows, "V(D, G)", (("value", "V(D, G)", DISCRIMINATOR),))
    figures.baseline(chart, BALANCE, _("−log 4, where the game is balanced"))
    return chart, table, _("V = E log D(x) + E log(1 − D(G(z))). The lower it is towards −log 4, the better G does.")


def _distance(run: Run, rows: list[dict[str, Any]]) -> Any:
    steps, values = column(rows, "frechet_classifier_distance")
    chart = figures.figure(_("step"), _("Fréchet classifier distance"), revision=f"{run.id}-distance", log_y=True)
    figures.validation(chart, steps, values, _("generated against held-out"))
    table = {_("step"): steps, _("distance"): [round(value, 3) for value in values]}
    return (
        chart,
        table,
        _("How far the drawn pictures are from held-out real ones, in a judge's features: lower is better."),
    )


def samples(run: Run, live: bool = False) -> None:
    """Sample grid and mode histogram from fixed noise at the step of the slider."""
    steps = run.sample_steps()
    if not steps:
        st.caption(_("The first pictures come in a few seconds."))
        return
    step = chosen_step(_("Moment"), steps, live=live, key=f"moment-{run.id}")
    grid(run, step)
    histogram(run, step)


def sample(run: Run, step: int) -> None:
    if picture := run.sample(step, "grid.png"):
        st.image(picture, width="stretch", alt=_("What {run} drew").format(run=run.id))


def grid(run: Run, step: int) -> None:
    picture = run.sample(step, "grid.png")
    if picture:
        st.image(picture, width="stretch", alt=_("Pictures drawn at step {step}").format(step=step))
        st.caption(_("Step {step:,}, always from the same noise.").format(step=step))


def histogram(run: Run, step: int) -> None:
    content = run.sample(step, "histogram.json")
    found = _shares(content or b"")
    if not found:
        return
    chart = figures.figure("", _("share"), height=190, revision=f"{run.id}-classes")
    colours = [with_alpha(GOOD if here else BAD, 0.75) for here in found["covered"]]
    chart.add_bar(x=found["names"], y=found["shares"], marker_color=colours, name=_("drawn"))
    bar = {"symbol": "line-ew-open", "size": 16, "color": NEUTRAL}
    chart.add_scatter(x=found["names"], y=found["expected"], mode="markers", name=_("real"), marker=bar)
    chart.update_xaxes(type="category")
    missing = [name for name, here in zip(found["names"], found["covered"], strict=True) if not here]
    alt = _("How often each kind is drawn, beside how often it is real")
    figures.draw(
        chart,
        key=f"classes-{run.id}",
        alt=alt,
        table={_("kind"): found["names"], _("drawn"): found["shares"], _("real"): found["expected"]},
    )
    if missing:
        st.caption(_("Hardly or never drawn: {names}").format(names=md(", ".join(missing))))


def _shares(content: bytes) -> dict[str, list[Any]]:
    """Return the lists in histogram.json, of one length; {} where they are missing or of other types."""
    try:
        found = json.loads(content)
        lists: dict[str, list[Any]] = {
            "names": list(map(str, found["names"])),
            "covered": list(map(bool, found["covered"])),
        }
        lists |= {key: list(map(float, found[key])) for key in ("shares", "expected")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return lists if len({*map(len, lists.values())}) == 1 and len(lists["names"]) <= KINDS else {}


def report(run: Run) -> None:
    found = run.report
    if not found:
        return
    st.subheader(_("How good it is"), anchor=False)
    fcd, kept = found.get("frechet") or {}, found.get("memory") or {}
    with st.grid(min_column_width=170):
        if isinstance(fcd.get("value"), int | float):
            st.metric(
                _("Fréchet classifier distance"),
                f"{fcd['value']:.2f}",
                help=_("Against held-out real pictures. The floor is what real pictures score against real ones."),
            )
        if isinstance(fcd.get("floor"), int | float):
            st.metric(_("Floor"), f"{fcd['floor']:.2f}")
        if found.get("modes"):
            st.metric(_("Classes drawn"), _("{n} of {all}").format(n=found.get("modes_covered"), all=found["modes"]))
        if isinstance(kept.get("repeated"), int | float):
            st.metric(
                _("Like a training picture"),
                f"{kept['repeated']:.1%}",
                help=_("Share of the drawn pictures that lie nearer to a training picture than real ones do."),
            )
        st.metric(_("Parameters"), short_number(found.get("parameters")))
        st.metric(_("Peak memory"), f"{found.get('peak_memory_mb') or 0:,.0f} MB")
    for note in run.report_notes:
        st.caption(f"· {md(note)}")
