"""The entrance: TensorFlow's turn, the page's frame, navigation."""

import sys
from pathlib import Path

if sys.platform == "darwin":
    import tensorflow  # noqa: F401  # after pandas or pyarrow it hangs on Apple Silicon (keras #23083)

import streamlit as st

from core.i18n import _
from ui.nav import pages
from ui.show import guard
from ui.warm import warm_up

ASSETS = Path(__file__).parent / "ui" / "assets"
# A file of our own: an icon by name would be fetched from outside.
st.set_page_config(page_title="Hidden State", page_icon=str(ASSETS / "icon.png"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large")
page = st.navigation(pages(), expanded=True)
with guard(page.title):
    page.run()
st.sidebar.caption(_("Hidden State · small neural networks, trained here, seen from inside"))
warm_up()
