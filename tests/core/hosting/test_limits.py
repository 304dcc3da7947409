"""Each limit of a hosted demo: reaching it is allowed; exceeding it by one raises a sentence and leaves no files."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.charlm.config import CharLMConfig
from core.errors import UserError
from core.families import FAMILIES
from core.hosting import admission
from core.hosting.limits import LIMITS
from core.jobs import launch
from core.runs.store import create, delete, list_runs
from core.samples.registry import SAMPLES, sample
from core.sources import Source
from tests.core.hosting.conftest import TEXT, make, put, visit


def left(demo: Path) -> list[Path]:
    """Return all files of visitors."""
    return [path for path in (demo / ".visitors").rglob("*") if path.is_file()]


def limit(monkeypatch: pytest.MonkeyPatch, **changed: int) -> None:
    monkeypatch.setattr(admission, "LIMITS", replace(LIMITS, **changed))


def test_data_one_byte_over_is_refused(demo, monkeypatch):
    limit(monkeypatch, data_bytes=len(TEXT))
    with visit("ada"):
        make()
        before = left(demo)
        limit(monkeypatch, data_bytes=len(TEXT) - 1)
        with pytest.raises(UserError, match=rf"takes {len(TEXT) - 1:,} bytes of data, and yours has {len(TEXT):,}"):
            make()
    assert left(demo) == before


def test_parts_of_the_data_count_together(demo, monkeypatch):
    limit(monkeypatch, data_bytes=2 * len(TEXT) - 1)
    with visit("ada"), pytest.raises(UserError, match="bring a part of it"):
        create(CharLMConfig(units=8), [Source("a.txt", TEXT), Source("b.txt", TEXT)])


def test_one_second_over_is_refused(demo):
    with visit("ada"):
        make(seconds=LIMITS.seconds)
        with pytest.raises(UserError, match="300 seconds at most, not 301"):
            make(seconds=LIMITS.seconds + 1)


def test_one_parameter_over_is_refused(demo, monkeypatch):
    config = CharLMConfig(units=8)
    sizes = FAMILIES["charlm"].data.sizes([Source("a.txt", TEXT)], config)
    count = FAMILIES["charlm"].config.cost(config, **sizes).parameters
    limit(monkeypatch, parameters=count)
    with visit("ada"):
        make()
        limit(monkeypatch, parameters=count - 1)
        with pytest.raises(UserError, match=rf"{count - 1:,} parameters at most, and this one has {count:,}"):
            make()


def test_a_small_network_with_giant_steps_is_refused_for_its_memory(demo):
    with visit("ada"), pytest.raises(UserError, match="MB of memory"):
        make(batch_size=4096, window=2048)


def test_the_disk_of_one_visitor_and_of_all_has_an_end(demo, monkeypatch):
    with visit("ada"):
        run = make()
        limit(monkeypatch, visitor_bytes=run.size() - 1)
        with pytest.raises(UserError, match="delete one and empty the bin"):
            make()
        with pytest.raises(UserError, match="delete one and empty the bin"):
            launch.start(run)
        assert run.status.state == "stopped"
    limit(monkeypatch, all_bytes=run.size() - 1)
    with visit("bo"), pytest.raises(UserError, match="disk is full"):
        make()


def test_three_runs_of_one_visitor_may_be_under_way(demo):
    with visit("ada"):
        for name in "abc":
            put(make(name), "queued")
        with pytest.raises(UserError, match="3 of your runs wait or train already"):
            make()
    with visit("bo"):
        make()


def test_the_31st_visitor_is_asked_to_come_back_and_those_in_the_line_are_not(demo):
    for number in range(LIMITS.queued_visitors):
        with visit(f"visitor {number}"):
            put(make(), "queued", queued_at=float(number + 1))
    with visit("one more"):
        with pytest.raises(UserError, match=r"30 visitors wait .* your set-up stays"):
            make()
        assert [run.id for run in list_runs()] == ["demo-lighthouse"]
    with visit("visitor 3"):
        make("a second one")


def test_what_is_over_can_be_made_to_fit(demo):
    with visit("ada"):
        fitted = admission.limit_budget(CharLMConfig(seconds=900, epochs=None))
        assert fitted.seconds == LIMITS.seconds
        assert admission.limit_budget(CharLMConfig(seconds=60, epochs=None)).seconds == 60
    assert admission.limit_budget(CharLMConfig(seconds=900)).seconds == 900


def test_every_familys_sample_can_be_trained_with_its_quick_preset(demo):
    """The button on the first page must work in a demo too."""
    with visit("ada"):
        for key, family in FAMILIES.items():
            name = next(name for name, item in SAMPLES.items() if item.family == key)
            sources = sample(name)
            sizes = family.data.sizes(sources, family.options())
            run = create(admission.limit_budget(family.config.preset("quick", **sizes)), sources, name=name)
            assert run.family == key
            delete(run)
