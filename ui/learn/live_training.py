"""Training on a lab page: live, with its progress, and kept for everybody who asks for the very same afterwards."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast

import streamlit as st

from ui.learn.page import Lab

T = TypeVar("T")
Progress = Callable[[float], None]
MOST = 300  # trained things that are kept


class Shelf:
    """The trained things that were asked for last."""

    def __init__(self) -> None:
        self._things: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()

    def get(self, what: Hashable) -> object | None:
        with self._lock:
            if what in self._things:
                self._things.move_to_end(what)
            return self._things.get(what)

    def put(self, what: Hashable, thing: object) -> None:
        with self._lock:
            self._things[what] = thing
            while len(self._things) > MOST:
                self._things.popitem(last=False)


@st.cache_resource
def shelf() -> Shelf:
    return Shelf()


def trained(what: Hashable, make: Callable[[Progress], T], text: str) -> T:
    """What make(progress) gives for `what`: all that it depends on. Trained here, under a bar with `text`, the first
    time that anybody asks for it; a control that is moved meanwhile ends the training."""
    thing = shelf().get(what)
    if thing is None:
        bar = st.progress(0.0, text=text)

        def progress(share: float) -> None:
            bar.progress(min(1.0, share), text=text)

        thing = make(progress)
        shelf().put(what, thing)
        bar.empty()
    return cast(T, thing)


def on_demand(lab: Lab, name: str, label: str, what: Hashable, make: Callable[[Progress], T]) -> T | None:
    """As `trained`, but only once the button `label` was pressed for `what`; None until then."""
    place = st.empty()
    if shelf().get(what) is None:
        if not place.button(label, key=lab.key(name), type="primary", icon=":material/play_arrow:"):
            return None
        place.empty()
    return trained(what, make, label)
