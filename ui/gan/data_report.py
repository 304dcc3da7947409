"""The report on an image set before training."""

from typing import Any

import numpy as np
import streamlit as st

from core.gan.config import GANConfig
from core.gan.data import report
from core.gan.data.report import ImageReport
from core.gan.inference import image_files
from core.i18n import _, language, lazy_message
from core.runs import policy
from core.sources import Source
from ui.widgets import figures
from ui.widgets.palette import REAL, with_alpha
from ui.widgets.text import findings_line, short_number

FIELDS = ("size", "invert", "centre", "holdout")
SHOWN = 16


def examine(sources: tuple[Source, ...], **reading: Any) -> tuple[ImageReport, dict[str, int]]:
    """The report, and the sizes for preset(). Raises UserError where the images cannot be used."""
    return _examined(language(), sources, **reading)


@st.cache_data(max_entries=3, show_spinner=lazy_message("Reading the pictures …"))
def _examined(language_code: str, sources: tuple[Source, ...], **reading: Any) -> tuple[ImageReport, dict[str, int]]:
    return policy.current().read(report.examine, sources, GANConfig(**reading))


def show(images: ImageReport) -> None:
    """One line of findings, the notes and the pictures; all else is folded."""
    line = {
        _("For training"): short_number(images.training),
        _("Held out"): short_number(images.held_out),
        _("Rejected"): short_number(images.rejected_count),
    }
    findings_line(line, images.notes)
    _before_and_after(images)
    with st.expander(_("The full report"), icon=":material/lab_profile:"):
        _full(images)
    if images.rejected:
        with st.expander(_("Rejected files"), icon=":material/block:"):
            rows = [{_("file"): item.name, _("reason"): item.reason} for item in images.rejected]
            st.dataframe(rows, hide_index=True, alt=_("Rejected files and why"))


def _full(images: ImageReport) -> None:
    with st.grid(min_column_width=130):
        st.metric(_("For training"), short_number(images.training))
        st.metric(_("Held out"), short_number(images.held_out), help=_("Kept from training, to measure against."))
        st.metric(_("Classes"), str(len(images.classes)) if images.classes else _("none"))
        st.metric(_("Duplicates"), short_number(images.duplicates))
        st.metric(_("Rejected"), short_number(images.rejected_count))
    if images.classes:
        chart = figures.figure("", _("pictures"), height=230)
        chart.add_bar(x=images.classes, y=images.counts, marker_color=with_alpha(REAL, 0.75))
        chart.update_xaxes(type="category")
        alt = _("Training pictures of each kind")
        figures.draw(chart, key="kinds", alt=alt, table={_("kind"): images.classes, _("pictures"): images.counts})


def _before_and_after(images: ImageReport) -> None:
    previews = images.previews[:SHOWN]
    if not previews:
        return
    st.caption(_("Above as they came, below as the networks see them"))
    before = np.stack([_square(item.before, 56) for item in previews])
    after = np.stack([_square(item.after, 56) for item in previews])
    pair = np.concatenate([before[: SHOWN // 2], after[: SHOWN // 2], before[SHOWN // 2 :], after[SHOWN // 2 :]])
    st.image(
        image_files.png(image_files.grid(pair, SHOWN // 2, gap=3)), width="stretch", alt=_("Pictures before and after")
    )


def _square(picture: np.ndarray, side: int) -> np.ndarray:
    """Fit an image into (side, side), padded with its corner's grey level."""
    from PIL import Image

    image = Image.fromarray(picture.astype(np.uint8))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    ground = np.full((side, side), int(picture[0, 0]), np.uint8)
    small = np.asarray(image.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX))
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    ground[top : top + small.shape[0], left : left + small.shape[1]] = small
    return ground
