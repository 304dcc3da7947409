"""Addresses that nobody's link leads to: each screen shows what it has, and never a fault."""

import shutil
from pathlib import Path

import pytest

from core.samples.registry import SAMPLES
from tests.pages.conftest import faults, open_page

DEMOS = {path.name.removeprefix("demo-"): path for path in (Path(__file__).parents[2] / "saved_models").glob("demo-*")}
pytestmark = pytest.mark.skipif(len(DEMOS) < 3, reason="the demo runs are not here to start from")
KEYS = ["run", "runs", "family", "view", "text", "test", "who", "step", "layer", "cell", "signal", "against", "opened"]
KEYS += ["hide", "class", "visitor", "units", "seed", "steps", "epochs", "seconds", "learning_rate", "page"]
KEYS += [f"{key}-{name}" for key in {item.family for item in SAMPLES.values()} for name in ("way", "sample", "preset")]
STRANGE = [
    "../../etc/passwd",
    "<script>alert(1)</script>,[x](http://evil.example)",
    "x" * 5000,
    "-1",
    "1e999",
    "\x00\u202e",
    ",",
]
SCREENS = [
    "home/overview.py", "runs/runs.py", "runs/run.py", "runs/compare.py", "charlm/train.py", "charlm/write.py",
    "charlm/together.py", "classifier/train.py", "classifier/use.py", "classifier/why.py", "gan/train.py",
    "gan/draw.py", "gan/inside.py", "learn/index.py",
]  # fmt: skip


@pytest.mark.parametrize(("number", "screen"), enumerate(SCREENS))
def test_a_screen_opened_at_a_strange_address_shows_no_fault(app, runs_folder, number, screen):
    for demo in DEMOS.values():
        shutil.copytree(demo, runs_folder / demo.name)
    strange = {key: STRANGE[(number + place) % len(STRANGE)] for place, key in enumerate(KEYS)}
    open_page(app, screen, **strange)
    assert faults(app) == []


def test_more_runs_than_can_be_compared_and_one_twice_are_the_first_ones(app, runs_folder):
    for number in range(10):
        shutil.copytree(DEMOS["lighthouse"], runs_folder / f"r{number}")
    open_page(app, "runs/compare.py", runs="r1,r1," + ",".join(f"r{number}" for number in range(10)))
    assert faults(app) == []
    assert app.multiselect(key="compare-runs").value == ["r1", "r0", *(f"r{number}" for number in range(2, 8))]
