"""What one visitor may take of the server: rows of a file, a place for a long computation, classes."""

import threading
from dataclasses import replace

import pytest

from core.errors import UserError
from core.hosting import admission, classes, shares
from core.hosting.limits import LIMITS
from core.runs.files import read_json, write_json
from tests.core.hosting.conftest import TOKENS, make, visit


def limit(monkeypatch: pytest.MonkeyPatch, **changed: float) -> None:
    for module in (admission, classes, shares):
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, **changed))


def test_one_row_over_is_refused_and_so_are_lines_without_reading_them(demo, monkeypatch):
    limit(monkeypatch, rows=5)
    admission.check_rows(10**9)  # the owner has no limit
    with visit("ada"):
        admission.check_rows(5)
        with pytest.raises(UserError, match="classifies 5 rows at once, not 6"):
            admission.check_rows(6)
        admission.check_lines(b"a\n" * 50)
        with pytest.raises(UserError, match="not 51"):
            admission.check_lines(b"a\n" * 51)


def test_a_visitor_has_one_place_and_all_have_few_and_the_owner_needs_none(demo, monkeypatch):
    limit(monkeypatch, computing=2, computing_wait=0.0)
    with visit("ada"), shares.long_computation():
        with pytest.raises(UserError, match="under way already"), shares.long_computation():
            pass
        with visit("bo"), shares.long_computation():
            assert shares.visitors_computing() == 2
            with visit("cy"), pytest.raises(UserError, match="computes for 2 other visitors"):
                shares.long_computation().__enter__()
        with visit("cy"), shares.long_computation():
            assert shares.visitors_computing() == 2
    with shares.long_computation():
        assert shares.visitors_computing() == 0
    with visit("ada"), shares.share(LIMITS.short_text):
        assert shares.visitors_computing() == 0


def test_who_waits_goes_on_when_a_place_is_free(demo, monkeypatch):
    limit(monkeypatch, computing=1, computing_wait=60.0)
    waiting, done = threading.Event(), threading.Event()

    def second() -> None:
        with visit("bo"):
            waiting.set()
            with shares.long_computation():
                done.set()

    with visit("ada"), shares.long_computation():
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(60)
        assert not done.is_set()
    thread.join(60)
    assert done.is_set()


def test_a_computation_that_fails_gives_its_place_back(demo):
    with visit("ada"):
        with pytest.raises(ValueError, match="x"), shares.long_computation():
            raise ValueError("x")
        assert shares.visitors_computing() == 0


def test_the_sixth_class_of_a_visitor_is_refused_and_others_make_theirs(demo, monkeypatch):
    limit(monkeypatch, visitor_classes=2)
    with visit("ada"):
        made = [classes.create(demo, f"{number}") for number in range(2)]
        with pytest.raises(UserError, match="made 2 classes, which is all"):
            classes.create(demo, "one more")
    with visit("bo"):
        classes.create(demo, "bo's")
    content = read_json(demo / classes.FOLDER / f"{made[0].token}.json")
    assert TOKENS["ada"] not in str(content)


@pytest.mark.exhaustive
def test_a_class_without_runs_gives_way_where_there_are_too_many(demo, monkeypatch):
    limit(monkeypatch, classes=3)
    used, idle, new = (classes.create(demo, name) for name in ("used", "idle", "new"))
    with visit("ada", used.token):
        make()
    for item in (used, idle):
        path = demo / classes.FOLDER / f"{item.token}.json"
        write_json(path, read_json(path) | {"created": read_json(path)["created"] - LIMITS.class_idle_seconds - 1})
    with visit("bo"):
        mine = classes.create(demo, "mine")
        assert {classes.find(demo, item.token).name for item in (used, new, mine)} == {"used", "new", "mine"}
        with pytest.raises(UserError, match="does not exist"):
            classes.find(demo, idle.token)
        with pytest.raises(UserError, match="3 classes already"):
            classes.create(demo, "one more")
