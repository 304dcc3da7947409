"""About, at the foot of the sidebar: versions, licence, how to report.

Not the entry of that name in Streamlit's own menu: its titles are English in every language.
"""

from functools import cache

import streamlit as st

from core.i18n import _
from core.version import label, versions


def show_about() -> None:
    """Draw the button; what it opens is drawn with it."""
    with st.popover(_("About"), type="tertiary", icon=":material/info:"):
        st.code(_lines(), language=None, wrap_lines=True)
        st.markdown(_("Free software under the MIT licence, which is in the file LICENSE. © The Hidden State authors."))
        st.markdown(
            _(
                "To report a fault, open an issue in the repository that you got the project from: what you did, what "
                "happened, and the lines above. A security problem is reported in private, as `docs/security.md` says."
            )
        )


@cache
def _lines() -> str:
    """Return what a report needs: the release with its commit, then a package a line. A server computes it once."""
    packages = {
        name: number for name, number in versions(("streamlit",)).items() if name not in ("hidden-state", "commit")
    }
    return "\n".join([label(), *(f"{name} {number}" for name, number in packages.items())])
