"""How many runs train at once."""

import pytest

from core.jobs.queue import slot_count


@pytest.mark.parametrize(("text", "count"), [("", 1), ("3", 3), ("0", 1), ("-2", 1), ("x", 1), ("²", 1), ("9" * 9, 1)])
def test_the_number_of_slots_is_a_sensible_number(monkeypatch, text, count):
    monkeypatch.setenv("HIDDEN_STATE_SLOTS", text)
    assert slot_count() == count
