"""Several of a lab page's options at once, bound to the address like every other input."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.i18n import _
from ui.lab_inputs import Inputs
from ui.show import md


def several(page: Inputs, name: str, label: str, options: Mapping[str, str], default: Sequence[str]) -> list[str]:
    """The chosen keys of `options` (key → label), in their order there; none is the person's own business."""
    key = page.key(name)
    first = page._raw(name) is not None
    asked = st.query_params.get_all(key) if first else []
    chosen = st.pills(
        label,
        list(options),
        selection_mode="multi",
        default=list(default),
        format_func=lambda one: options.get(one, str(one)),
        key=key,
        bind="query-params",
    )
    strange = [text for text in asked if text and text not in options.values()]
    if strange:
        st.session_state[f"{key}:strange"] = (strange, chosen)
    strange, then = st.session_state.get(f"{key}:strange", ([], None))
    if strange and then == chosen:
        st.warning(
            _("The address asks for {names} here, which this page does not have.").format(
                names=", ".join(f"“{md(text[:40])}”" for text in strange[:5])
            ),
            icon=":material/link_off:",
        )
    return [one for one in options if one in chosen]
