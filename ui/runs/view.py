"""The run view: state, progress, curve, verdict, samples; it polls only while the run is alive."""

from typing import Any

import streamlit as st

from core.durations import duration
from core.errors import UserError
from core.families import Family, family
from core.hosting.limits import LIMITS
from core.i18n import _
from core.jobs import launch, ray_cluster
from core.jobs.queue import queue_position
from core.jobs.repeat_command import command
from core.runs.metrics import MetricsTail
from core.runs.run import Run
from core.runs.status import ENDED, Status
from ui.runs.family_view import RunView, view_of
from ui.runs.manage import manage
from ui.runs.transfer import export_panel
from ui.shell import hosting, navigation
from ui.shell.families import screens_of
from ui.widgets.text import guard, log, md, metric_name, short_number, time_ago

POLL = 1.0  # seconds
STATE_ICONS = {
    "queued": ("hourglass_empty", "gray"),
    "running": ("directions_run", "violet"),
    "finished": ("check_circle", "green"),
    "stopped": ("pause_circle", "orange"),
    "failed": ("error", "red"),
    "died": ("heart_broken", "red"),
    "broken": ("broken_image", "red"),
}
TO_TOP = "<script>document.querySelector('[data-testid=stMain]').scrollTop = 0</script>"
VERDICTS = {"good": st.success, "info": st.info, "warning": st.warning, "bad": st.error}


def state_badge(state: str) -> None:
    icon, colour = STATE_ICONS.get(state, ("help", "gray"))
    st.badge(_(state), icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]


def show_run(run: Run) -> None:
    """The whole view of one run. Raises UserError where its folder cannot be read."""
    row = family(run.family)
    run.options  # noqa: B018  # a hand-made config.json is named here, before anything is drawn
    status = run.status
    ray_cluster.watch_if_on_cluster(run, status)
    st.title(md(run.name), anchor=False)
    st.html(TO_TOP, unsafe_allow_javascript=True)  # once, when the page opens: the browser keeps the place of the last
    if run.tags:
        st.markdown(" ".join(f":gray-badge[{md(tag)}]" for tag in run.tags))
    if run.note:
        st.caption(md(run.note))
    active = status.state not in ENDED
    st.fragment(lambda: _live(run, row, active), run_every=POLL if active else None)()
    manage(run)
    export_panel(run)
    _repeat_command(run)


def _live(run: Run, row: Family, was_active: bool) -> None:
    if not run.path.is_dir():
        st.info(_("This run was deleted."))
        return
    status = run.status
    if was_active and status.state in ENDED:
        st.rerun()
    with guard("run view"):
        _head(run, row, status)
        _progress(run, status)
        rows = _tail(run).read()
        pieces = view_of(row.key)
        left, right = st.columns([3, 2], gap="medium")
        with left:
            _diagnosis(run, row, rows, status)
            pieces.curves(run, rows)
        with right:
            pieces.samples(run, live=was_active)
        if status.state == "finished":
            _report(run, pieces)


def _report(run: Run, pieces: RunView) -> None:
    try:
        pieces.report(run)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        log.exception("The report of %s cannot be shown", run.id)
        st.caption(_("Its final figures cannot be shown: report.json was damaged or changed by hand."))


def _head(run: Run, row: Family, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        state_badge(status.state)
        st.caption(
            " · ".join(
                [
                    row.title,
                    md(str(run.config["data"].get("name", ""))),
                    _("begun {when}").format(when=time_ago(run.created)),
                ]
            )
        )
    with st.container(horizontal=True, vertical_alignment="center"):
        changing = hosting.may_change(run)
        if changing and status.active:
            asked = run.stop_requested()
            if st.button(_("Stopping …") if asked else _("Stop"), icon=":material/stop:", key="stop", disabled=asked):
                launch.stop(run)
                st.rerun()
            if asked and st.button(_("End it now"), icon=":material/dangerous:", key="kill"):
                launch.stop(run, force=True)
                st.rerun()
        if (
            changing
            and status.state in ("stopped", "died", "failed")
            and st.button(_("Continue"), icon=":material/play_arrow:", key="continue", type="primary")
        ):
            launch.start(run)
            st.rerun()
        if run.usable:
            screens = screens_of(row.key)
            with st.container(key="primary-link", width="content"):
                navigation.link(screens.use, screens.use_label, ":material/arrow_forward:", run=run.id)
            navigation.link(screens.inside, _("Look inside"), ":material/visibility:", run=run.id)
            if row.fine_tunes and not status.active:
                words = _("Train on with other data")
                navigation.link(f"{row.section}-train", words, ":material/step_over:", **{"from": run.id})
    if status.error:
        st.error(md(status.error), icon=":material/error:")
    elif status.message:
        st.info(md(status.message))
    elif status.state == "stopped" and hosting.is_visitor() and changing:
        words = _("A turn ends after {time} at the latest: Continue takes it to the end of the line, and on from here.")
        st.caption(md(words.format(time=duration(LIMITS.turn_seconds))))


def _progress(run: Run, status: Status) -> None:
    share = min(1.0, status.step / status.total) if status.total else 0.0
    text = md(status.phase)
    if status.total:
        text = _("step {step:,} of {total:,}").format(step=status.step, total=status.total)
        if status.phase:
            text += f" · {md(status.phase)}"
        elif status.eta and status.state == "running":
            text += " · " + _("{time} left").format(time=duration(status.eta))
    if status.state != "queued":
        st.progress(share, text=text or " ")
    else:
        place = queue_position(run)
        words = _("waiting to start")
        if place and place[0]:
            words = _("number {n} in the queue").format(n=place[0] + 1)
        if place and place[1]:
            words += " · " + _("begins in about {time}").format(time=duration(place[1]))
        st.progress(0.0, text=words)
    with st.grid(min_column_width=130):
        st.metric(_("Epoch"), f"{status.epoch:.2f}")
        st.metric(_("Loss"), "–" if status.loss is None else f"{status.loss:.4f}")
        st.metric(
            _("Best"),
            "–" if status.best is None else f"{status.best:.4f}",
            help=metric_name(status.best_metric) or None,
        )
        st.metric(f"{md(_(status.unit or 'units'))}/s", short_number(status.throughput) if status.throughput else "–")
        st.metric(_("Time"), duration(status.seconds))


@st.cache_resource(max_entries=64, show_spinner=False)
def _tail_of(path: str) -> MetricsTail:
    from pathlib import Path

    return MetricsTail(Path(path))


def _tail(run: Run) -> MetricsTail:
    return _tail_of(str(run.metrics_path))


def _diagnosis(run: Run, row: Family, rows: list[dict[str, Any]], status: Status) -> None:
    for verdict in row.verdict.verdicts(run, rows):
        VERDICTS[verdict.kind](md(verdict.evidence), title=md(verdict.text))
        if verdict.changes and verdict.action:
            label = md(verdict.action)
            if st.button(label, key=f"remedy-{verdict.action}", icon=":material/healing:"):
                st.session_state["again"] = {"run": run.id, "changes": verdict.changes}
                start_rerun(run, verdict.changes)
    if not rows and status.state == "running":
        st.caption(_("The first figures come in a few seconds."))


def start_rerun(run: Run, changes: dict[str, Any]) -> None:
    """Start a new run on the same data with `changes` to the options, and go there."""
    from core.jobs.rerun import create_rerun as create_again

    new = create_again(run, changes)
    launch.start(new)
    navigation.go("run", run=new.id)


def _repeat_command(run: Run) -> None:
    with st.expander(_("The command that repeats this run"), icon=":material/terminal:"):
        try:
            st.code(command(run), language="bash", wrap_lines=True)
            st.caption(
                _("With the same versions and machine it gives the same weights; another machine rounds otherwise.")
            )
        except UserError as error:
            st.caption(md(str(error)))
    log = run.log_path
    if log.exists() and log.stat().st_size and not hosting.is_visitor():
        with st.expander(_("Log"), icon=":material/article:", on_change="rerun", key="log") as shown:
            if shown.open:
                st.code(log.read_bytes()[-20_000:].decode("utf-8", "replace"), language=None, wrap_lines=True)
