"""Training inside a lab page, with a progress bar; results are cached for all sessions."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar, cast

import streamlit as st

from ui.learn.page import Lab

T = TypeVar("T")
Progress = Callable[[float], None]
MOST = 300  # trained things that are kept


class ResultCache:
    """A small LRU cache of training results, shared by all sessions."""

    def __init__(self) -> None:
        self._things: OrderedDict[Hashable, object] = OrderedDict()
        self._lock = Lock()

    def get(self, inputs: Hashable) -> object | None:
        with self._lock:
            if inputs in self._things:
                self._things.move_to_end(inputs)
            return self._things.get(inputs)

    def put(self, inputs: Hashable, result: object) -> None:
        with self._lock:
            self._things[inputs] = result
            while len(self._things) > MOST:
                self._things.popitem(last=False)


@st.cache_resource
def result_cache() -> ResultCache:
    return ResultCache()


def train_cached(inputs: Hashable, make: Callable[[Progress], T], text: str) -> T:
    """Return the cached result of make(progress) for `inputs`, everything that it depends on.

    On a cache miss train here, under a progress bar labelled `text`; moving a control reruns the page and cancels it.
    """
    result = result_cache().get(inputs)
    if result is None:
        bar = st.progress(0.0, text=text)

        def progress(share: float) -> None:
            bar.progress(min(1.0, share), text=text)

        result = make(progress)
        result_cache().put(inputs, result)
        bar.empty()
    return cast(T, result)


def on_demand(lab: Lab, name: str, label: str, inputs: Hashable, make: Callable[[Progress], T]) -> T | None:
    """As train_cached(), but only after the button `label` was pressed for these inputs; None until then."""
    place = st.empty()
    if result_cache().get(inputs) is None:
        if not place.button(label, key=lab.key(name), type="primary", icon=":material/play_arrow:"):
            return None
        place.empty()
    return train_cached(inputs, make, label)
