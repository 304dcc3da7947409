"""The short form of `python -m bench visitors`: real sessions against a real server in which a network is trained."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from bench import session, visitors


# It loads a server beside a training for half a minute, so a busy machine can fail it as it can fail a browser.
@pytest.mark.flaky(reruns=2)
@pytest.mark.exhaustive
def test_a_few_visitors_meet_no_fault_while_a_network_trains_and_all_of_it_stays_under_2_gb(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitors, "READING", (0.0, 0.3))
    with ThreadPoolExecutor(1) as apart:  # where no other test's event loop runs
        found = apart.submit(visitors.crowd, 4, 30.0).result()
    rows = {row["work"].partition(": ")[2].partition(" of ")[0]: row["value"] for row in found}
    assert rows["faults"] == 0
    assert rows["200 characters, 95th percentile"] < session.PATIENCE
    assert rows["page, 95th percentile"] < 20
    assert rows["a training under way"] > 0
    assert rows["health while training, slowest"] < 10
    assert 300 < rows["server and training together, most"] < 2000
