"""TensorFlow is imported behind the first page, so that the page is there at once and the first use is quick."""

import os
import sys
import threading

import streamlit as st

DELAY = 1.5  # seconds: the first page goes first


@st.cache_resource
def warm_up() -> threading.Thread | None:
    """Start the import once a server; HIDDEN_STATE_COLD=1 leaves it to the first use (tests, small machines)."""
    if "tensorflow" in sys.modules or os.environ.get("HIDDEN_STATE_COLD"):
        return None

    def work() -> None:
        import core.backend  # noqa: F401

    timer = threading.Timer(DELAY, work)
    timer.daemon = True
    timer.start()
    return timer
