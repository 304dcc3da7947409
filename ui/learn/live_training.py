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


class ResultCache:
    """The trained things that were asked for last."""

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
    """What make(progress) gives for `what`: all that it depends on. Trained here, under a bar with `text`, the first
    time that anybody asks for it; a control that is moved meanwhile ends the training."""
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
    """As `trained`, but only once the button `label` was pressed for `what`; None until then."""
    place = st.empty()
    if result_cache().get(inputs) is None:
        if not place.button(label, key=lab.key(name), type="primary", icon=":material/play_arrow:"):
            return None
        place.empty()
    return train_cached(inputs, make, label)
