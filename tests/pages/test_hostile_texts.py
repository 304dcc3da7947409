"""A stranger's names, notes, labels and figures are text on every screen, in every figure and in every download."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import faults, open_page

DEMOS = sorted((Path(__file__).parents[2] / "saved_models").glob("demo-*"))
pytestmark = pytest.mark.skipif(not DEMOS, reason="no demo run is here to start from")
EVIL = "<img src=x onerror=alert(1)><a href='http://evil.example'>a</a> ![p](http://evil.example/p.png) :red[R] =1+1"
# Kinds of elements that show their text letter by letter, whatever it is.
PLAIN = {
    "code",
    "text",
    "dataframe",
    "arrow_data_frame",
    "text_input",
    "text_area",
    "multiselect",
    "selectbox",
    "download_button",
}
ALIVE = re.compile(r"(?<!\\)\]\(http|(?<!\\):red\[")  # Markdown that would be obeyed
MARKUP = re.compile(r"<(img|a) ", re.IGNORECASE)  # HTML that would be obeyed
HTML = {"html", "plotly_chart"}
DRAWN = {"name", "x", "y", "text", "hovertext", "customdata", "ticktext", "labels"}  # keys of a figure's texts


@pytest.fixture
def nasty(runs_folder: Path) -> dict[str, Path]:
    """The demo runs, everything in which a stranger may write is nasty; family → folder."""
    found = {}
    for demo in DEMOS:
        path = runs_folder / demo.name
        shutil.copytree(demo, path, ignore=shutil.ignore_patterns("snapshots"))
        put(path / "about.json", {"name": EVIL, "note": EVIL + "\n" + EVIL, "tags": [EVIL[:30], EVIL[40:]]})
        status = read(path / "status.json") | {"message": EVIL, "unit": EVIL, "phase": EVIL}
        put(path / "status.json", status | {"best_metric": EVIL})
        baselines = [item | {"label": EVIL} for item in read(path / "baselines.json")]
        put(path / "baselines.json", baselines)
        config = read(path / "config.json")
        config["data"]["name"] = config["data"]["files"][0]["name"] = EVIL
        put(path / "config.json", config)
        put(path / "report.json", nastier(read(path / "report.json")))
        rows = [
            json.loads(line) | {EVIL: 1.0, "event": EVIL}
            for line in (path / "metrics.jsonl").read_text().split("\n")[:40]
            if line
        ]
        (path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        for sample in path.glob("samples/step-*/text.txt"):
            sample.write_text(EVIL)
        if config["family"] == "classifier":
            put(path / "labels.json", read(path / "labels.json") | {"classes": [EVIL, "a" + EVIL]})
        if config["family"] == "gan":
            names = [f"{number}{EVIL}" for number in range(10)]
            put(path / "labels.json", {"classes": names, "names": names, "size": 28})
            for sample in path.glob("samples/step-*/histogram.json"):
                put(sample, read(sample) | {"names": names})
        found[config["family"]] = path
    return found


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def put(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def nastier(value: Any) -> Any:
    if isinstance(value, str):
        return EVIL
    if isinstance(value, list):
        return [nastier(item) for item in value]
    return {key: nastier(item) for key, item in value.items()} if isinstance(value, dict) else value


def elements(node: Any) -> Iterator[tuple[str, str]]:
    """Kind and whole description of every element under `node`."""
    for child in getattr(node, "children", {}).values():
        proto = getattr(child, "proto", None)
        if getattr(child, "type", "") == "plotly_chart":
            yield "plotly_chart", "\n".join(drawn(json.loads(proto.spec)))
        elif proto is not None:
            yield str(getattr(child, "type", "")), str(proto)
        yield from elements(child)


def drawn(value: Any, key: str = "") -> Iterator[str]:
    """Every text of a figure that Plotly draws."""
    if isinstance(value, str):
        yield value if key in DRAWN else ""
    elif isinstance(value, list):
        for item in value:
            yield from drawn(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from drawn(item, name)


def obeyed(app: AppTest) -> list[tuple[str, str]]:
    """Elements in which some of the nasty text would be more than text."""
    found = []
    for kind, words in [pair for root in (app.main, app.sidebar) for pair in elements(root)]:
        if kind in PLAIN:
            continue
        words = words.encode().decode("unicode_escape", "replace") if kind not in HTML else words
        pattern = MARKUP if kind in HTML or "allow_html: true" in words else ALIVE
        found += [(kind, words[max(0, hit.start() - 80) : hit.end() + 80]) for hit in pattern.finditer(words)]
    return found


SCREENS = [
    ("runs/runs.py", ""),
    ("runs/compare.py", ""),
    ("home/overview.py", ""),
    *[("runs/run.py", family) for family in ("charlm", "classifier", "gan")],
    ("charlm/write.py", "charlm"),
    ("classifier/use.py", "classifier"),
    ("classifier/evaluate.py", "classifier"),
    ("gan/draw.py", "gan"),
]


@pytest.mark.parametrize(("screen", "family"), SCREENS)
def test_a_strangers_text_is_text_on_the_screen(app, nasty, screen, family):
    open_page(app, screen, **({"run": nasty[family].name} if family else {}))
    shown = [words for root in (app.main, app.sidebar) for _kind, words in elements(root)]
    assert obeyed(app) == []
    assert not app.exception
    assert any("evil" in words for words in shown), "the screen shows some of it"
    if screen.startswith("runs"):
        assert not faults(app)


def test_this_test_would_see_it(app):
    def careless() -> None:
        import plotly.graph_objects as go
        import streamlit as st

        evil = "<img src=x> ![p](http://evil.example/p.png)"
        st.markdown(evil)
        st.metric(evil, 1)
        st.html(f"<p>{evil}</p>")
        st.plotly_chart(go.Figure(go.Bar(x=[evil], y=[1])))

    assert {kind for kind, _words in obeyed(AppTest.from_function(careless, default_timeout=60).run())} == {
        *("markdown", "metric", "html", "plotly_chart")
    }
