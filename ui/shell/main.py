"""The script that Streamlit runs: page configuration and navigation."""

from pathlib import Path

import streamlit as st

from core.hosting import policy
from core.i18n import _
from core.runs.store import check_root
from ui.shell import about, address, hosting, language
from ui.shell.navigation import pages
from ui.shell.streamlit_patches import freeze_modules, keep_keras_session
from ui.shell.warm_up import warm_up
from ui.widgets.text import guard

ASSETS = Path(__file__).parent / "assets"
keep_keras_session()
policy.register()
# A local file: an icon by name would be fetched from the internet.
st.set_page_config(page_title="Hidden State", page_icon=str(ASSETS / "icon.png"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large")
st.html(ASSETS / "studio.css")
language.detect_language()
page = st.navigation(pages(), expanded=True)
with guard("who is looking"):
    hosting.identify_user()
with st.sidebar:  # before the page, which may stop the script
    language.picker("language-below")
    hosting.show_sidebar_notice()
    st.caption(_("Hidden State · small neural networks, trained here, seen from inside"))
    about.show_about()
try:
    with guard(page.title):
        check_root()
        page.run()
finally:  # it may have been stopped
    address.note_run_end()
warm_up()
freeze_modules()
