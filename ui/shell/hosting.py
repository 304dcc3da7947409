"""The current user: a visitor of a hosted demo and/or a member of a class; both tokens are query parameters."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.durations import duration
from core.errors import UserError
from core.hosting import admission, classes, visitors
from core.hosting.limits import LIMITS
from core.hosting.reader import shared_reader
from core.hosting.visitor_scheduler import ensure_scheduler
from core.hosting.visitors import CurrentUser
from core.i18n import _
from core.jobs import launch
from core.jobs.queue import queued_runs, seconds_until_start
from core.runs.policy import is_demo
from core.runs.run import Run
from core.runs.store import root_dir, runs_dir
from ui.shell import navigation
from ui.widgets.text import byte_size, md

VISITOR, CLASS = "visitor", "class"
NOBODY = "nobody"  # no token: it opens no folder


def identify_user() -> None:
    """Determine visitor and class; call once per script run, before drawing."""
    visitors.set_user_source(_session_user)
    if is_demo():
        _set_up_server(str(root_dir()))
        _resolve_visitor()
    _resolve_class()


def _session_user() -> CurrentUser:
    if get_script_run_ctx(suppress_warning=True) is None:  # no session: in a demo such a caller has no rights
        return CurrentUser(NOBODY if is_demo() else None)
    state = st.session_state
    return CurrentUser(state.get(_state_key(VISITOR), NOBODY) if is_demo() else None, state.get(_state_key(CLASS), ""))


@st.cache_resource(show_spinner=False)
def _set_up_server(root: str) -> None:
    """Once per server and folder: start the demo's scheduler, and a process that reads the first visitor's file."""
    shared_reader().warm_up()
    ensure_scheduler(root_dir(), launch.ChildProcess(LIMITS.niceness).start)


def _resolve_visitor() -> None:
    """Take the visitor token from the address, the session, or create one; it enters the address once it has runs."""
    given, own = st.query_params.get(VISITOR, ""), st.session_state.get(_state_key(VISITOR)) or visitors.new_token()
    if given and given != own:
        if visitors.is_valid_token(given, root_dir()):
            own = given
        else:
            st.warning(
                _("This address opens no runs: it was altered, or its runs are gone, as all are after a day."),
                icon=":material/link_off:",
            )
    st.session_state[_state_key(VISITOR)] = own
    keep_in_address(VISITOR, own if visitors.is_valid_token(own, root_dir()) else "")


def _resolve_class() -> None:
    given, own = st.query_params.get(CLASS, ""), st.session_state.get(_state_key(CLASS), "")
    try:
        own = classes.find(root_dir(), given or own).token if given or own else ""
    except UserError as error:
        st.warning(md(str(error)), icon=":material/link_off:")
        own = ""
    set_class(own)


def set_class(token: str) -> None:
    """Set the class of new runs; "" leaves the class."""
    st.session_state[_state_key(CLASS)] = token
    keep_in_address(CLASS, token)


def keep_in_address(name: str, value: str) -> None:
    """Set a query parameter now and in all links of navigation; an empty value removes it."""
    if value and st.query_params.get(name) != value:
        st.query_params[name] = value
    elif not value:
        st.query_params.pop(name, None)
    carried = {key: item for key, item in st.session_state.get("carried", {}).items() if key != name}
    st.session_state["carried"] = carried | ({name: value} if value else {})


def _state_key(name: str) -> str:
    return f"_who {name}"


# Notices and queries --------------------------------------------------------------------------------------------------
def present_class() -> classes.Class | None:
    token = visitors.current_user().group
    return classes.find(root_dir(), token) if token else None


def may_change(run: Run) -> bool:
    """Whether to show controls that change this run."""
    return visitors.may_change(run.path)


def is_visitor() -> bool:
    return visitors.current_user().visitor is not None


def text_limit() -> int | None:
    """The most characters of a text box, for a visitor; the browser takes no more."""
    return LIMITS.text_characters if is_visitor() else None


def limits_sentence() -> str:
    """The demo's limits in one sentence."""
    return _(
        "This hosted demo takes {data} of data and {parameters:,} parameters, trains for up to {time}, and keeps "
        "{disk} of runs for a day."
    ).format(
        data=byte_size(LIMITS.data_bytes),
        parameters=LIMITS.parameters,
        time=duration(LIMITS.seconds),
        disk=byte_size(LIMITS.visitor_bytes),
    )


def show_limits_and_queue() -> None:
    """In a demo, show limits, queue length and estimated start above the Train button."""
    if not is_visitor():
        return
    st.caption(f":material/storefront: {md(limits_sentence())}")
    line = queued_runs(root_dir())
    seconds = seconds_until_start(root_dir(), line)
    if line or seconds:
        words = _("{n} runs wait before yours.").format(n=len(line)) if line else _("One network is being trained.")
        when = duration(seconds) if seconds else ""
        st.caption(
            f":material/hourglass_empty: {md(words)} " + md(_("Yours would begin in about {time}.").format(time=when))
        )
    try:
        admission.check_start(runs_dir())
    except UserError as error:
        st.warning(md(str(error)), icon=":material/hourglass_empty:")


def show_sidebar_notice() -> None:
    """Show the demo's limits and the current class in the sidebar."""
    if is_visitor():
        st.caption(f":material/storefront: {md(limits_sentence())}")
    group = present_class()
    if group:
        st.caption(
            f":material/groups: {md(_('In the class “{name}”: it sees what you train.').format(name=group.name))}"
        )


def show_own_address() -> None:
    """Show the address that opens the visitor's runs."""
    token = visitors.current_user().visitor
    if token is None or not visitors.is_valid_token(token, root_dir()):
        return
    st.caption(_("Only this address opens your runs, which are kept for a day: bookmark it, and share it with nobody."))
    st.code(full_address("runs", f"{VISITOR}={token}"), language=None, wrap_lines=True)


def full_address(screen: str, query: str) -> str:
    """The full URL of a screen, from the URL that the browser reported."""
    here = (st.context.url or "").partition("?")[0].rstrip("/")
    before, _slash, last = here.rpartition("/")
    if any(
        item.key == last for item in navigation.screens()
    ):  # Streamlit usually strips the page's own path, but not always
        here = before
    return f"{here}/{screen}?{query}"
