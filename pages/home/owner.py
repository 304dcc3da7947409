"""The page of a hosted demo's owner, behind a token: work, memory, refusals, disk, faults, and a pause of new work."""

import streamlit as st

from core.i18n import _
from ui.home.owner import overview, pause_button, signed_in

st.title(_("Owner"), anchor=False)
if not signed_in():
    st.stop()
pause_button()
st.fragment(overview, run_every=5.0)()
