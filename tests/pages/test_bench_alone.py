"""Short forms of `python -m bench app`: one person before a server just started, and one caller of a served run."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench import app, serving, visitors

pytestmark = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux says what is mapped")


async def look_around(address: str) -> tuple[str, list[float]]:
    """What the server has mapped after its first page, and seconds of that page and of two switches."""
    seconds = []
    async with visitors.session(address) as person:
        for page in ("", "runs", "text-train"):
            began = time.perf_counter()
            await person.open(page)
            seconds.append(time.perf_counter() - began)
            if not page:
                maps = Path(f"/proc/{visitors.server_process().pid}/maps").read_text()
    return maps, seconds


@pytest.mark.exhaustive
def test_the_first_page_is_there_before_tensorflow_and_the_next_ones_soon():
    with ThreadPoolExecutor(1) as apart, app.server(visitors.demo_runs, warm=False) as address:
        maps, seconds = apart.submit(asyncio.run, look_around(address)).result()
    assert "pandas" in maps, "the maps say what is imported"
    assert "tensorflow" not in maps
    assert max(seconds) < 10


@pytest.mark.exhaustive
def test_a_caller_of_a_served_run_is_answered_again_and_again(monkeypatch):
    monkeypatch.setattr(serving, "QUICK_SECONDS", 0.5)
    rows = {row["work"]: row["value"] for row in serving.run(quick=True, only="judge a text")}
    assert rows["serve: judge a text: requests"] > 2
    assert rows["serve: judge a text, 8 at once: requests"] > 2
    assert 0 < rows["serve: judge a text: median"] < 5000
