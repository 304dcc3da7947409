"""The short form of `python -m bench abuse`, and what it is made of."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from bench import abuse


def test_the_worst_texts_are_measured_in_text_and_table() -> None:
    rows = abuse.worst_texts()
    assert [row["work"].partition(":")[0] for row in rows] == ["text", "table"] * 2
    assert all(row["value"] > 0 for row in rows)


def test_the_large_picture_is_one() -> None:
    with Image.open(io.BytesIO(abuse._png(300))) as picture:
        assert (picture.size, picture.mode) == ((300, 300), "L")
        picture.load()


# It loads a server for a minute, so a busy machine can fail it as it can fail a browser.
@pytest.mark.flaky(reruns=2)
@pytest.mark.exhaustive
def test_those_who_behave_meet_no_fault_and_lose_nothing_beside_one_who_does_not() -> None:
    with ThreadPoolExecutor(1) as apart:  # where no other test's event loop runs
        found = apart.submit(abuse.mixed, 20.0).result()
    rows = {row["work"].partition(": ")[2].partition(" of ")[0]: row["value"] for row in found}
    assert rows["faults"] == rows["runs lost"] == 0
    assert rows["server lives"] == 1
    assert rows["server's memory, most"] < 1500
    assert len([row for row in found if row["work"].startswith("attack")]) == len(abuse.ATTACKS)
