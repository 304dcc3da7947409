"""The host names that a local app answers to.

A page of another site can give its own name this machine's address (DNS rebinding) and then talk to a local server as
if it were its own. A server that only this machine can reach therefore answers to this machine's names alone. A hosted
app is reached by a name that nobody here knows, behind a proxy, so there nothing is restricted.
"""

import streamlit as st
from streamlit import config

from core.runs.policy import is_demo
from core.serve.guard import LOCAL_NAMES, is_loopback

OPTION = "server.allowedHosts"


def restrict_hosts() -> None:
    """Allow LOCAL_NAMES only, where the server is bound to loopback, is no demo, and nobody configured the option.

    Call it before the server accepts its first connection.
    """
    st.secrets.load_if_toml_exists()  # a hosted app's environment, HIDDEN_STATE_DEMO with it, may come from there
    if is_demo() or config.is_manually_set(OPTION) or not is_loopback(config.get_option("server.address") or ""):
        return
    config.set_option(OPTION, sorted(LOCAL_NAMES))
