"""Import TensorFlow in the background after the first page was drawn, so that its first use is fast."""

import os
import sys
import threading

import streamlit as st

DELAY = 1.5  # seconds: the first page goes first


@st.cache_resource
def warm_up() -> threading.Thread | None:
    """Start the import once per server; HIDDEN_STATE_COLD=1 disables it (tests, small machines)."""
    if "tensorflow" in sys.modules or os.environ.get("HIDDEN_STATE_COLD"):
        return None

    def work() -> None:
        import core.backend  # noqa: F401

    timer = threading.Timer(DELAY, work)
    timer.daemon = True
    timer.start()
    return timer
