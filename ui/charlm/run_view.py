"""What a character model shows in the run view."""

import math
from typing import Any

import streamlit as st

from core.i18n import N_, _, translated_mapping
from core.runs.files import is_number
from core.runs.metrics import column
from core.runs.run import Run
from ui.charlm.writing import SHOWN
from ui.widgets import figures
from ui.widgets.palette import REAL as EARLIER
from ui.widgets.step_slider import chosen_step
from ui.widgets.text import escape, short_number

UNITS = translated_mapping(
    {
        "nats": (N_("nats per character"), lambda loss: loss),
        "bits": (N_("bits per character"), lambda loss: loss / math.log(2)),
        "perplexity": (N_("perplexity"), lambda loss: math.exp(min(loss, 50.0))),
    }
)


def curves(run: Run, rows: list[dict[str, Any]]) -> None:
    unit = st.segmented_control(
        _("Loss in"), list(UNITS), default="nats", required=True, key="loss-unit", label_visibility="collapsed"
    )
    name, convert = UNITS[unit]
    steps, losses = column(rows, "loss")
    val_steps, val_losses = column(rows, "val_loss")
    chart = figures.figure(_("step"), name, revision=f"{run.id}-{unit}")
    figures.raw_and_smooth(chart, steps, [convert(loss) for loss in losses], _("training"))
    if val_steps:
        figures.validation(chart, val_steps, [convert(loss) for loss in val_losses], _("validation"))
    earlier_steps, earlier_losses = column(rows, "earlier_val_loss")
    if earlier_steps:
        losses_then = [convert(loss) for loss in earlier_losses]
        figures.line(chart, earlier_steps, losses_then, _("earlier text"), EARLIER, dash="dot")
    for number, item in enumerate(run.baselines):
        figures.baseline(chart, convert(item["value"]), _(item["label"]), number)
    figures.draw(
        chart,
        key="curve",
        alt=_("Training and validation loss over the steps"),
        table={
            _("step"): val_steps or steps[-50:],
            _("validation loss, nats"): [round(loss, 4) for loss in val_losses] or losses[-50:],
            **({_("earlier text, nats"): [round(loss, 4) for loss in earlier_losses]} if earlier_steps else {}),
            _("bits per character"): [round(loss / math.log(2), 4) for loss in val_losses],
            _("perplexity"): [round(math.exp(min(loss, 50)), 3) for loss in val_losses],
        },
    )


def samples(run: Run, live: bool = False) -> None:
    """The same prompt and seed at every kept step, with a slider over the steps."""
    steps = run.sample_steps()
    if not steps:
        st.caption(_("The first sample comes in a few seconds."))
        return
    step = chosen_step(_("What it writes, at step"), steps, live=live, key=f"sample-step-{live}")
    text = (run.sample(step, "text.txt") or b"").decode("utf-8", "replace")
    with st.container(border=True, height=430):
        written(text)
    st.caption(_("Step {step:,}; the same prompt and seed every time.").format(step=step))


def sample(run: Run, step: int) -> None:
    text = run.sample(step, "text.txt")
    if text is not None:
        with st.container(border=True, height=260):
            st.text(text.decode("utf-8", "replace")[:SHOWN])


def written(text: str) -> None:
    """Text that a network wrote, as text; at most SHOWN characters of it."""
    text = text[:SHOWN]
    st.html(f'<div style="white-space: pre-wrap; font-family: Georgia, serif; line-height: 1.55">{escape(text)}</div>')


def report(run: Run) -> None:
    figures_ = run.report
    if not figures_:
        return
    st.subheader(_("How good it is"), anchor=False)
    rows = [
        (_("windows of 64, from a zero state"), "val_loss_nats"),
        (_("windows of 256, from a zero state"), "val_loss_nats_256"),
        (_("state carried through the text"), "val_loss_nats_streaming"),
    ]
    with st.grid(min_column_width=180):
        for label, key in rows:
            value = figures_.get(key)
            if isinstance(value, int | float):
                st.metric(
                    label,
                    _("{value:.3f} nats").format(value=value),
                    _("{bits:.3f} bits · perplexity {p:.2f}").format(bits=value / math.log(2), p=math.exp(value)),
                    delta_color="off",
                    delta_arrow="off",
                )
        before, after = figures_.get("earlier_val_loss_nats_before"), figures_.get("earlier_val_loss_nats")
        if is_number(before) and is_number(after):
            st.metric(
                _("the earlier text's validation part"),
                _("{value:.3f} nats").format(value=after),
                _("{value:.3f} nats at the start").format(value=before),
                delta_color="off",
                delta_arrow="off",
            )
        st.metric(_("Parameters"), short_number(figures_.get("parameters")))
        st.metric(_("Peak memory"), f"{figures_.get('peak_memory_mb', 0):,.0f} MB")
    for note in run.report_notes:
        st.caption(f"· {escape(note)}")
