"""What the tests of the lab's pages 8 to 14 share: their views, and how a test opens, moves and reads them."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.lab import elman_jordan, gradients, long_memory, recursive
from tests.pages.conftest import open_page

KINDS = ("slider", "number_input", "toggle", "selectbox", "segmented_control", "text_input")
# page → what its address says for each of its views
VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "bptt long": ("bptt", {}),
    "bptt digits": ("bptt", {"view": "Every digit"}),
    "elman-jordan": ("elman-jordan", {"wipe": "true"}),
    "recursive": ("recursive", {}),
    "hopfield": ("hopfield", {}),
    "hopfield drawn": ("hopfield", {"stored": ["Smile", "Cross", "Own"], "from": "Your drawing"}),
    "lstm-gru cell": ("lstm-gru", {"hold": "f"}),
    "lstm-gru long": ("lstm-gru", {"view": "The long sentence", "hold": "f"}),
    "attention steps": ("attention", {"mask": "padding"}),
    "attention both": ("attention", {"view": "Encoder and decoder"}),
    "gan-game one": ("gan-game", {"moves": "D3,B10"}),
    "gan-game two": ("gan-game", {"data": "two dimensions", "shape2": "own", "moves": "D3,G2"}),
}
# One view a page, for `make test`; test-all opens them all.
SHORT = ["bptt digits", "elman-jordan", "recursive", "hopfield", "lstm-gru cell", "attention both"]
TEXTS = {
    "elman-jordan-bits": "110100",
    "recursive-sentence": "(not (good (or awful)))",
    "lstm-gru-string": "to be",
    "lstm-gru-folding": "妈妈 教 小明 叠 毛巾 最后 叠好 了",
    "attention-sentence": "a b a c d",
    "attention-source-reverse": "tiny",
    "attention-source-add": "9+9",
}


def train_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests of the page need no well-trained network."""
    whole = elman_jordan.train
    monkeypatch.setattr(elman_jordan, "train", lambda *a, **k: whole(*a, **{**k, "steps": 40}))
    tree = recursive.train
    monkeypatch.setattr(recursive, "train", lambda *a, **k: tree(*a, **{**k, "steps": 40}))
    deep = gradients.train
    monkeypatch.setattr(gradients, "train", lambda *a, **k: deep(*a, **{**k, "steps": 5}))
    long = long_memory.train
    monkeypatch.setattr(long_memory, "train", lambda *a, **k: long(*a, **{"updates": 5, **k}))


def learn(app: AppTest, key: str, inputs: dict[str, Any] | None = None) -> AppTest:
    """The page `key`, its inputs as the address gives them."""
    query = {f"{key}-{name}": text for name, text in (inputs or {}).items()}
    return open_page(app, f"learn/{key.replace('-', '_')}.py", **query)


def again(app: AppTest, key: str, inputs: dict[str, Any] | None = None) -> AppTest:
    """The same page for another visitor."""
    return learn(AppTest.from_file(app._script_path, default_timeout=60), key, inputs)


def controls(page: AppTest, key: str) -> Iterator[tuple[str, Any]]:
    for kind in KINDS:
        for widget in page.get(kind):
            if str(widget.key).startswith(key):
                yield kind, widget


def digits(page: AppTest) -> str:
    return "\n".join(item.value for item in page.latex)


def said(items: Any) -> str:
    return "\n".join(item.value for item in items)


def moved(widget: Any) -> Any:
    """Another value that the widget can have."""
    if widget.type in ("slider", "number_input"):
        return widget.max if widget.value != widget.max else widget.min
    if widget.type in ("toggle", "checkbox"):
        return not widget.value
    if widget.type == "text_input":
        return TEXTS[widget.key]
    return next(option for option in reversed(widget.options) if option != str(widget.value))


def z_values(page: AppTest, number: int = 0) -> np.ndarray:
    """The table of numbers that the picture `number` with a heat map shows."""
    for chart in page.get("plotly_chart"):
        heats = [trace for trace in json.loads(chart.proto.spec)["data"] if trace["type"] == "heatmap"]
        if heats:
            if number == 0:
                return plain(heats[0]["z"])
            number -= 1
    raise AssertionError("no heat map")


def plain(z: Any) -> np.ndarray:
    """Plotly's way to send an array, or lists."""
    if isinstance(z, dict):
        shape = [int(n) for n in str(z["shape"]).split(",")]
        return np.frombuffer(base64.b64decode(z["bdata"]), np.dtype(z["dtype"])).reshape(shape).astype(float)
    return np.array(z, float)
