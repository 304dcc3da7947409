"""The entrance: what must be there before the first visitor, and the app.

The script behind it lies in ui/ and not here: a script beside a folder called pages is run once a server by
Streamlit's old page mechanism, and the first visitor with a deep link would read “Page not found”.
"""

import sys
from pathlib import Path

if sys.platform == "darwin":
    import core.backend  # noqa: F401  # after pandas or pyarrow it hangs on Apple Silicon (keras #23083)

import pandas  # noqa: F401  # whole before the first visitors: two threads that import it at once may get a half
import streamlit as st
from streamlit import net_util

from ui.shell.allowed_hosts import restrict_hosts
from ui.shell.uploads import limit_uploads

# Streamlit asks a web service for this machine's address when a page of another origin knocks; nothing leaves here.
net_util.get_external_ip = lambda: None

restrict_hosts()
app = st.App(Path(__file__).parent / "ui" / "shell" / "main.py", middleware=limit_uploads())
