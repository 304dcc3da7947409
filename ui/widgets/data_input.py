"""The data input of every Train page: a sample, uploaded files, pasted text or a download."""

import hashlib
from collections.abc import Sequence

import streamlit as st

from core.hosting import admission
from core.hosting.limits import LIMITS
from core.i18n import _
from core.samples.offers import OFFERS, Offer, load_offer
from core.samples.registry import SAMPLES, sample
from core.sources import Source
from ui.shell.address import choose
from ui.shell.hosting import is_visitor
from ui.widgets.text import byte_size, md


def choose_data(
    family: str, *, types: Sequence[str] | None = None, many: bool, paste: str = "", hidden: bool = False
) -> tuple[list[Source], str]:
    """Draw the input; return the chosen sources and a label for them, or an empty list while nothing is chosen.

    types: extensions that are taken; None for all, so that the reader says what a file is. hidden: show only the sample
    that the address selects.
    """
    titles = {name: item.title for name, item in SAMPLES.items() if item.family == family}
    if hidden:
        asked = st.query_params.get(f"{family}-sample", "")
        name = asked if asked in titles else next(iter(titles))
        st.caption(f"**{md(titles[name])}** · {md(SAMPLES[name].description)}")
        return sample(name), name
    ways = {"sample": _("A sample"), "upload": _("Your files")}
    if paste:
        ways["paste"] = _("Paste")
    if _downloads(family):
        ways["download"] = _("Download")
    way = choose(
        st.segmented_control,
        _("Where the data comes from"),
        ways,
        key=f"{family}-way",
        required=True,
        label_visibility="collapsed",
    )
    if way == "sample":
        name = choose(st.selectbox, _("Sample"), titles, key=f"{family}-sample")
        st.caption(md(SAMPLES[name].description))
        return sample(name), name
    if way == "upload":
        files = st.file_uploader(
            _("Drop files here"), type=types, accept_multiple_files=many, key=f"{family}-upload",
            max_upload_size=-(-LIMITS.data_bytes // 2**20) if is_visitor() else None,
        )  # fmt: skip
        given = files if isinstance(files, list) else [files] if files else []
        admission.check_data(sum(file.size for file in given))
        sources = [Source(file.name, file.getvalue()) for file in given]
        return sources, _label(sources)
    if way == "paste":
        limit = LIMITS.data_bytes if is_visitor() else None
        text = st.text_area(paste, height=200, key=f"{family}-paste", persist_state="session", max_chars=limit)
        data = text.encode("utf-8", "replace")
        admission.check_data(len(data))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        return ([Source("pasted.txt", data)], f"pasted {digest}") if text else ([], "")
    return _download(family)


def _label(sources: list[Source]) -> str:
    if not sources:
        return ""
    first = sources[0].name.rsplit(".", 1)[0]
    return first if len(sources) == 1 else f"{first} +{len(sources) - 1}"


def _downloads(family: str) -> dict[str, Offer]:
    """Downloads for the family within the upload limit."""
    limit = LIMITS.data_bytes if is_visitor() else float("inf")
    return {name: item for name, item in OFFERS.items() if item.family == family and item.size <= limit}


def _download(family: str) -> tuple[list[Source], str]:
    offers = _downloads(family)
    name = st.selectbox(
        _("Download"), list(offers), format_func=lambda key: offers[key].title, key=f"{family}-download"
    )
    st.caption(f"{md(offers[name].what)} {byte_size(offers[name].size)}")
    key = f"{family}-downloaded-{name}"
    if key not in st.session_state:
        if not st.button(_("Download it"), icon=":material/download:"):
            return [], ""
        bar = st.progress(0.0, text=_("Downloading"))

        def report_progress(done: int, of: int) -> None:
            bar.progress(min(1.0, done / max(1, of)), text=_("Downloading"))

        st.session_state[key] = load_offer(name, report_progress)
        bar.empty()
    return st.session_state[key], name
