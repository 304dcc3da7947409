"""Bytes that visitors send are counted before they are read: each bound at its edge and one over."""

from dataclasses import replace

import pytest

from core.errors import UserError
from core.hosting import refusals
from core.hosting.limits import LIMITS
from core.hosting.uploads import COPIES, UploadLedger

FEW = replace(LIMITS, session_upload_bytes=100, session_uploads=3, all_upload_bytes=150)


@pytest.fixture
def ledger() -> UploadLedger:
    made = UploadLedger(FEW)
    made.issue("ada", ["a", "b", "c"])
    made.issue("bo", ["d", "e"])
    return made


def refused(ledger: UploadLedger, session: str, file: str, size: int) -> str:
    before, counted = ledger.total, refusals.counts().get("upload", 0)
    with pytest.raises(UserError) as error:
        ledger.reserve(session, file, size)
    assert ledger.total == before
    assert refusals.counts()["upload"] == counted + 1
    return str(error.value)


@pytest.mark.parametrize(("session", "file"), [("ada", "invented"), ("ada", "d"), ("nobody", "a"), ("", "")])
def test_only_ids_that_were_issued_to_the_session_are_taken(ledger: UploadLedger, session: str, file: str) -> None:
    assert "was not asked for" in refused(ledger, session, file, 1)


def test_an_id_is_used_once_until_its_file_is_gone(ledger: UploadLedger) -> None:
    ledger.reserve("ada", "a", 10)
    assert "was not asked for" in refused(ledger, "ada", "a", 10)
    ledger.release("ada", "a")
    ledger.reserve("ada", "a", 10)
    assert ledger.total == 10


def test_bytes_and_files_of_a_session_and_bytes_of_all_have_an_end(ledger: UploadLedger) -> None:
    ledger.reserve("ada", "a", 60)
    assert "of a visitor at once" in refused(ledger, "ada", "b", 41)
    ledger.reserve("ada", "b", 40)
    assert "too many files just now" in refused(ledger, "bo", "d", 51)
    ledger.reserve("bo", "d", 50)
    ledger.leave("ada")
    assert ledger.total == 50
    ledger.reserve("bo", "e", 50)


def test_empty_files_count_too(ledger: UploadLedger) -> None:
    for file in "abc":
        ledger.reserve("ada", file, 0)
    ledger.issue("ada", ["f"])
    assert "of a visitor at once" in refused(ledger, "ada", "f", 0)


def test_ids_that_are_asked_for_and_never_used_do_not_pile_up(ledger: UploadLedger) -> None:
    ledger.reserve("ada", "a", 1)
    for number in range(1000):
        ledger.issue("ada", [f"more {number}"])
    assert len(ledger._files["ada"]) == 1 + FEW.session_uploads
    ledger.reserve("ada", "more 999", 1)


def test_what_was_not_counted_is_not_held(ledger: UploadLedger) -> None:
    ledger.reserve("ada", "a", 10)
    assert ledger.holds("ada", "a", 10)
    assert not ledger.holds("ada", "a", 11)
    assert not ledger.holds("ada", "b", 0)


def test_the_largest_message_of_a_connection_counts_until_it_is_gone(ledger: UploadLedger) -> None:
    assert ledger.message(1, 30)
    assert ledger.message(1, 5), "the session still keeps the longer text"
    assert ledger.total == 30 * COPIES
    assert not ledger.message(2, 21)
    assert ledger.message(2, 20)
    ledger.disconnect(1)
    assert ledger.total == 20 * COPIES
