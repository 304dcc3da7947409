"""The entrance: TensorFlow's turn, the page's frame, navigation."""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
if sys.platform == "darwin":
    import tensorflow  # noqa: F401  # after pandas or pyarrow it hangs on Apple Silicon (keras #23083)

import streamlit as st

from core.i18n import _
from ui.nav import pages
from ui.show import guard
from ui.warm import warm_up

st.set_page_config(page_title="Hidden State", page_icon=":material/graph_3:", layout="wide")
page = st.navigation(pages(), expanded=True)
with guard(page.title):
    page.run()
st.sidebar.caption(_("Hidden State · small neural networks, trained here, seen from inside"))
warm_up()
