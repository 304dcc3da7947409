"""Bringing data: a sample, files, pasted text or a download; the same row on every Train page."""

import hashlib
from collections.abc import Sequence

import streamlit as st

from core.i18n import _
from core.samples.offers import OFFERS, offered
from core.samples.registry import SAMPLES, sample
from core.sources import Source
from ui.show import md, size


def intake(family: str, *, types: Sequence[str], many: bool, paste: str = "") -> tuple[list[Source], str]:
    """The chosen sources and a label for them; nothing while there is nothing to take."""
    names = [name for name, item in SAMPLES.items() if item.family == family]
    ways = {"sample": _("A sample"), "upload": _("Your files")}
    if paste:
        ways["paste"] = _("Paste")
    if any(item.family == family for item in OFFERS.values()):
        ways["download"] = _("Download")
    way = st.segmented_control(
        _("Where the data comes from"),
        list(ways),
        default="sample",
        format_func=lambda key: ways[key],
        required=True,
        key=f"{family}-way",
        bind="query-params",
        label_visibility="collapsed",
    )
    if way == "sample":
        name = st.selectbox(
            _("Sample"), names, format_func=lambda key: SAMPLES[key].title, key=f"{family}-sample", bind="query-params"
        )
        st.caption(md(SAMPLES[name].description))
        return sample(name), name
    if way == "upload":
        files = st.file_uploader(
            _("Drop files here"), type=list(types), accept_multiple_files=many, key=f"{family}-upload"
        )
        given = files if isinstance(files, list) else [files] if files else []
        sources = [Source(file.name, file.getvalue()) for file in given]
        return sources, _label(sources)
    if way == "paste":
        text = st.text_area(paste, height=200, key=f"{family}-paste", persist_state="session")
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
        return ([Source("pasted.txt", text.encode("utf-8", "replace"))], f"pasted {digest}") if text else ([], "")
    return _download(family)


def _label(sources: list[Source]) -> str:
    if not sources:
        return ""
    first = sources[0].name.rsplit(".", 1)[0]
    return first if len(sources) == 1 else f"{first} +{len(sources) - 1}"


def _download(family: str) -> tuple[list[Source], str]:
    offers = {name: item for name, item in OFFERS.items() if item.family == family}
    name = st.selectbox(
        _("Download"), list(offers), format_func=lambda key: offers[key].title, key=f"{family}-download"
    )
    st.caption(f"{md(offers[name].what)} {size(offers[name].size)}")
    key = f"{family}-downloaded-{name}"
    if key not in st.session_state:
        if not st.button(_("Download it"), icon=":material/download:"):
            return [], ""
        bar = st.progress(0.0, text=_("Downloading"))

        def tell(done: int, of: int) -> None:
            bar.progress(min(1.0, done / max(1, of)), text=_("Downloading"))

        st.session_state[key] = offered(name, tell)
        bar.empty()
    return st.session_state[key], name
