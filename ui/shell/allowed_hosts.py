"""The host names that a local app answers to.

A page of another site can give its own name this machine's address (DNS rebinding) and then talk to a local server as
if it were its own. A server that only this machine can reach therefore answers to this machine's names alone. A hosted
app is reached by a name that nobody here knows, behind a proxy, so there nothing is restricted.
"""

import ipaddress

import streamlit as st
from streamlit import config

from core.runs.policy import is_demo

OPTION = "server.allowedHosts"
LOCAL_NAMES = ["localhost", "127.0.0.1", "::1"]


def restrict_hosts() -> None:
    """Allow LOCAL_NAMES only, where the server is bound to loopback, is no demo, and nobody configured the option.

    Call it before the server accepts its first connection.
    """
    st.secrets.load_if_toml_exists()  # a hosted app's environment, HIDDEN_STATE_DEMO with it, may come from there
    if is_demo() or config.is_manually_set(OPTION) or not _is_loopback(config.get_option("server.address")):
        return
    config.set_option(OPTION, LOCAL_NAMES)


def _is_loopback(address: str | None) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address or "0.0.0.0").is_loopback
    except ValueError:
        return False
