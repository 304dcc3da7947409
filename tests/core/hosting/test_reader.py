"""What visitors bring is read in child processes: each ends within its limits, and the next file is read."""

import io
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from core.charlm.data import report as text_report
from core.classifier.data import report as table_report
from core.classifier.data.reader import read_texts
from core.errors import UserError
from core.families import FAMILIES
from core.gan.data import report as image_report
from core.hosting import plain_data, policy, reader, refusals
from core.hosting.limits import LIMITS
from core.hosting.reader import Reader
from core.lab.convolution import own_image
from core.samples.registry import sample
from core.sources import Source
from tests.core.hosting import readings
from tests.core.hosting.conftest import TEXT, TOKENS, make, visit

SMALL = Source("a.txt", b"1000")
TIGHT = replace(LIMITS, readers=1, reading_seconds=1, reading_deadline=20, reading_result_bytes=100_000)
ROOMY = replace(LIMITS, readers=1, reading_seconds=60, reading_deadline=600)


@pytest.fixture(scope="module")
def tight() -> Iterator[Reader]:
    """One child with a second of processor time and twenty on the clock."""
    made = Reader(TIGHT)
    yield made
    made.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to such a limit")
def test_memory_over_the_limit_is_a_sentence_that_names_the_file_and_is_counted(tight: Reader) -> None:
    before = refusals.counts().get("reading", 0)
    assert tight.call(readings.allocate, Source("fits.csv", b"200_000_000")) == 200_000_000
    with pytest.raises(UserError, match=r"“wide\.csv” cannot be read with the 300 MB of memory and the 1 seconds"):
        tight.call(readings.allocate, Source("wide.csv", b"400_000_000"))
    assert refusals.counts()["reading"] == before + 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("function", [readings.compute_without_end, readings.wait_without_end, readings.crash])
def test_a_child_that_does_not_end_or_breaks_is_ended_and_the_next_file_is_read(tight: Reader, function) -> None:
    for _turn in range(2):
        with pytest.raises(UserError, match="cannot be read with"):
            tight.call(function, SMALL)
    assert tight.call(readings.process, SMALL) != os.getpid()


def test_a_result_over_the_limit_never_reaches_the_server(tight: Reader) -> None:
    assert len(tight.call(readings.fill, Source("a", b"90_000"))[0]) == 90_000
    with pytest.raises(UserError, match="cannot be read with"):
        tight.call(readings.fill, Source("a", b"110_000"))


@pytest.mark.exhaustive
def test_a_child_that_stayed_small_is_used_again_so_that_a_small_file_waits_for_no_start(tight: Reader) -> None:
    first = tight.call(readings.process, SMALL)
    assert {tight.call(readings.process, SMALL) for _ in range(3)} == {first}


def test_the_sentence_is_the_readers_in_the_visitors_language(tight: Reader, monkeypatch) -> None:
    with pytest.raises(UserError, match=r"The class cannot be made: a\.txt"):
        tight.call(readings.refuse, SMALL)
    monkeypatch.setenv("HIDDEN_STATE_LANGUAGE", "zh")
    with pytest.raises(UserError) as error:
        tight.call(readings.refuse, SMALL)
    assert "The class" not in str(error.value)


def test_a_fault_of_the_program_stays_one_and_another_type_is_refused(tight: Reader) -> None:
    with pytest.raises(RuntimeError, match="KeyError: 'a fault of the program'"):
        tight.call(readings.fail, SMALL)
    with pytest.raises(plain_data.PlainDataError):
        tight.call(readings.lie, SMALL)


def test_who_finds_the_line_too_long_is_told_so_at_once() -> None:
    full = Reader(replace(TIGHT, reading_queue=0))
    with pytest.raises(UserError, match="Too many files are being read"):
        full.call(readings.process, SMALL)


def test_what_took_too_much_is_not_read_again(tight: Reader, monkeypatch) -> None:
    file = Source("long.txt", b"as long as this")
    with pytest.raises(UserError, match="cannot be read with"):
        tight.call(readings.compute_without_end, file)
    monkeypatch.setattr(tight, "_take", lambda: pytest.fail("it was given a child"))
    with pytest.raises(UserError, match="cannot be read with"):
        tight.call(readings.compute_without_end, file)


@pytest.mark.exhaustive
def test_whoever_brought_too_much_leaves_a_child_to_the_others() -> None:
    made = Reader(replace(TIGHT, readers=2, reading_wait=0))
    try:
        with pytest.raises(UserError, match="cannot be read with"):
            made.call(readings.compute_without_end, SMALL, visitor="bo")
        with made._slow_lane, pytest.raises(UserError, match="Too many files"):
            made.call(readings.process, SMALL, visitor="bo")
        with made._slow_lane:
            assert made.call(readings.process, SMALL, visitor="ada")
        assert made.call(readings.process, SMALL, visitor="bo")
    finally:
        made.close()


def test_children_end_with_their_server() -> None:
    made = Reader(ROOMY)
    child = psutil.Process(made.call(readings.process, SMALL))
    child.suspend()  # also one that no longer listens
    made.close()
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_child_ends_when_its_input_is_closed() -> None:
    made = Reader(ROOMY)
    child = psutil.Process(made.call(readings.process, SMALL))
    made._idle[0]._process.stdin.close()  # as a killed server leaves it
    made._idle[0]._process.wait(60)
    assert not child.is_running()


def test_the_child_brings_no_tensorflow_and_reads_as_the_server_does() -> None:
    family, sources = FAMILIES["classifier"], sample("reviews-chinese")
    made = Reader()
    try:
        asked = (sources, "quick", family.options(), ["tokens"])
        assert repr(made.call(table_report.examine, *asked)) == repr(table_report.examine(*asked))
        assert made.call(loaded, "tensorflow") is False
        assert made.call(loaded, "core.classifier.data.prepare") is True
    finally:
        made.close()


@pytest.mark.exhaustive
def test_whatever_a_page_has_read_comes_back_and_brings_no_tensorflow() -> None:
    def png() -> bytes:
        out = io.BytesIO()
        Image.fromarray((np.arange(400).reshape(20, 20) % 251).astype(np.uint8)).save(out, "PNG")
        return out.getvalue()

    text, table = FAMILIES["charlm"], FAMILIES["classifier"]
    images, data = FAMILIES["gan"], sample("reviews")
    asked = [
        (text_report.examine, [Source("a.txt", TEXT)], text.options(), 1000),
        (text.data.prepare, [Source("a.txt", TEXT)], text.options()),
        (table_report.columns, data, "auto", ""),
        (table.data.prepare, data, table.options()),
        (read_texts, Source("a.txt", b"one\ntwo\n"), ["text"]),
        (image_report.examine, sample("digits"), images.options()),
        (image_report.one_picture, Source("a.png", png()), images.options()),
        (own_image, png(), 12),
    ]
    made = Reader()
    try:
        for function, *arguments in asked:
            assert made.call(function, *arguments) is not None, function
            assert made.call(loaded, "tensorflow") is False, function
    finally:
        made.close()


def loaded(module: str) -> bool:
    return module in sys.modules


# Who is read for so ---------------------------------------------------------------------------------------------------
class Recorder:
    def __init__(self) -> None:
        self.asked: list[object] = []

    def call(self, function, *arguments, visitor):
        assert visitor == TOKENS["ada"]
        self.asked.append(function)
        return function(*arguments)


@pytest.fixture
def recorder(monkeypatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(reader, "shared_reader", lambda: made)
    return made


def test_a_visitors_files_go_to_a_child_and_nobody_elses(demo: Path, recorder: Recorder) -> None:
    rules = policy.HostedPolicy()
    with visit("ada"):
        mine = make().path  # creating it has read its data
        assert recorder.asked == [FAMILIES["charlm"].data.sizes]
        assert rules.read(len, TEXT) == len(TEXT)
        assert rules.read(len, TEXT, run_folder=mine) == len(TEXT)
        assert len(recorder.asked) == 3
        rules.read(len, TEXT, run_folder=demo / "demo-lighthouse")
    rules.read(len, TEXT)
    rules.read(len, TEXT, run_folder=mine)
    assert len(recorder.asked) == 3


def test_a_studio_at_home_starts_no_child(runs_folder: Path, recorder: Recorder) -> None:
    make()
    assert policy.HostedPolicy().read(len, TEXT) == len(TEXT)
    assert recorder.asked == []
