"""The film strip: text from the same prompt and seed at each saved step; optionally two runs side by side."""

import math

import streamlit as st

from core.charlm.inference.request import Settings
from core.i18n import _
from core.runs.run import Run
from core.runs.store import list_runs
from ui.charlm.choose_text import show_sentence, writing_settings
from ui.charlm.copying import copying_summary
from ui.charlm.open_run import film_of
from ui.charlm.writing import plain
from ui.shell.address import choose
from ui.widgets import figures
from ui.widgets.palette import RUNS
from ui.widgets.text import guard, md

SHORT = 400  # characters, to begin with


def show(run: Run) -> None:
    from core.charlm.inside.film_strip import kept_steps, latest_step, validation_losses

    steps = kept_steps(run)
    prompt, settings = writing_settings(run, SHORT)
    if st.session_state.get("step", steps[0]) not in steps:
        del st.session_state["step"]
    step = int(st.select_slider(_("Step of the training"), steps, steps[-1], key="step", bind="query-params"))
    others = {other.id: other for other in list_runs(family="charlm") if other.usable and other.id != run.id}
    other = None
    if others:
        names = {"": _("no other run"), **{key: item.name for key, item in others.items()}}
        other = others.get(choose(st.selectbox, _("Beside it"), names, key="beside"))
    _curves([run, *([other] if other else [])], step)
    at, values = validation_losses(run)
    loss = dict(zip(at, values, strict=True)).get(latest_step(at, step)) if at else None
    if loss is not None:
        show_sentence(
            _(
                "After {step:,} steps its validation loss is {loss:.3f} nats ({bits:.2f} bits per character); from the "
                "same prompt and seed it writes this."
            ).format(step=step, loss=loss, bits=loss / math.log(2))
        )
    if other is None:
        _frame(run, step, prompt, settings)
        return
    left, right = st.columns(2)
    with left:
        _frame(run, step, prompt, settings)
    with right, guard("film beside"):
        _frame(other, latest_step(kept_steps(other), step), prompt, settings)


def _frame(run: Run, step: int, prompt: str, settings: Settings) -> None:
    from core.charlm.inside.film_strip import kept_steps

    with st.spinner(_("Writing …")):
        text = film_of(run, tuple(kept_steps(run))).text(step, prompt, settings)
    st.caption(md(_("{run}, step {step:,}").format(run=run.name, step=step)))
    st.container(border=True, height=330).html(plain(prompt, text))
    copying_summary(run, prompt + text, f"film-{run.id}")


def _curves(runs: list[Run], step: int) -> None:
    from core.charlm.inside.film_strip import validation_losses

    chart = figures.figure(_("step"), _("validation loss, nats"), height=240, revision="film")
    table: dict[str, list[float]] = {}
    for number, run in enumerate(runs):
        at, values = validation_losses(run)
        figures.line(chart, at, values, md(run.name), RUNS[number], mode="lines+markers")
        table[_("{run}: step").format(run=run.name)] = list(at)
        table[_("{run}: validation loss").format(run=run.name)] = [round(value, 4) for value in values]
    figures.cursor(chart, step)
    figures.draw(chart, key="film-curve", alt=_("Validation loss over the steps, the moment shown marked"), table=table)
