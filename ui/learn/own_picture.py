"""Upload of an image on a lab page."""

import numpy as np
import streamlit as st

from core.errors import UserError
from core.i18n import _
from core.lab import convolution
from core.runs import policy
from ui.learn.inputs import Inputs
from ui.widgets.text import md


def own_picture(page: Inputs) -> np.ndarray:
    """(side, side) greys of the file that a person brings; until then, and where it cannot be read, the ring."""
    side = page.slider("side", _("Made so many pixels wide"), 8, 24, 12)
    kinds = ["png", "jpg", "jpeg", "gif", "bmp", "webp"]
    file = st.file_uploader(_("Your picture"), kinds, max_upload_size=10, key=page.key("file"), width=330)
    if file is None:
        st.caption(_("Until you bring a picture, the ring is shown."))
    else:
        try:
            return policy.current().read(convolution.own_image, file.getvalue(), side)
        except UserError as error:
            st.error(md(str(error)), icon=":material/error:")
    return convolution.sample("ring")
