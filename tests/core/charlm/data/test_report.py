import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.charlm.data.prepare import prepare
from core.charlm.data.report import BASELINE_LIMIT, baseline, repeated_lines, report, unicode_name
from core.sources import Source
from tests.core.charlm.data.test_prepare import NOTES_SENTENCE, PROSE, Options, prepared

DATA = os.environ.get("HIDDEN_STATE_DATA")


def test_the_report_counts_what_a_person_could_count():
    found = report(prepared("aaab\naaab\nccü\n\n" * 3, min_count=4))
    counts = {entry.symbol: entry.count for entry in found.most_frequent}
    assert counts == {"a": 18, "\n": 12, "b": 6, "c": 6}
    assert found.least_frequent == found.most_frequent[::-1]
    assert [(entry.symbol, entry.count, entry.name) for entry in found.folded.examples] == [
        ("ü", 3, "LATIN SMALL LETTER U WITH DIAERESIS")
    ]
    assert (found.folded.min_count, found.folded.kinds, found.folded.count) == (4, 1, 3)
    assert (found.characters, found.distinct, found.vocabulary) == (45, 5, 5)
    assert found.training + found.validation == found.characters
    assert found.repeated_lines == pytest.approx(7 / 9)
    assert sum(entry.share for entry in (*found.most_frequent, *found.folded.examples)) == pytest.approx(1)


def test_lines_are_repeated_where_they_stood_before():
    assert repeated_lines("a\nb\n\n a \nc") == 0.25
    assert repeated_lines("\n\n") == 0.0


def test_the_unigram_baseline_is_the_cross_entropy_of_the_counts():
    random = np.random.default_rng(0)
    p = np.array([0.5, 0.25, 0.125, 0.125])
    ids = random.choice(4, 200_000, p=p)
    entropy = -(p * np.log(p)).sum()
    assert baseline(ids[:180_000], ids[180_000:], 1, 4).nats == pytest.approx(entropy, abs=0.02)


def test_the_5_gram_baseline_is_far_below_the_unigram_on_prose():
    unigram, ngram = report(prepared(PROSE)).baselines
    assert (unigram.order, ngram.order) == (1, 5)
    assert unigram.trained_on == len(PROSE) - round(len(PROSE) * 0.1)
    assert ngram.nats < 0.1 * unigram.nats


def test_a_long_text_is_baselined_on_its_last_part_and_says_so():
    text = prepared("ab cd\n" * (BASELINE_LIMIT // 6 + 200_000))
    found = report(text)
    assert {entry.trained_on for entry in found.baselines} == {BASELINE_LIMIT}
    assert "last 5,000,000 characters" in found.notes[-1]


def test_the_report_is_json_and_names_sources_with_their_encodings():
    found = report(prepared(PROSE, NOTES_SENTENCE.encode("utf-16"), "👍🏽 " * 20))
    value = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert value["encodings"] == [["0.txt", "UTF-8"], ["1.txt", "UTF-16-LE with byte order mark"], ["2.txt", "UTF-8"]]
    assert value["combined"] == 1
    assert value["preview"] == PROSE[:600]


def test_the_24_characters_of_the_notes_get_a_report():
    found = report(prepared(NOTES_SENTENCE))
    assert (found.characters, found.validation) == (24, 4)
    assert all(0 < entry.nats < 5 for entry in found.baselines)


def test_symbols_without_a_unicode_name_are_still_named():
    assert unicode_name("\n") == "LINE FEED"
    assert unicode_name("e\u0301") == "LATIN SMALL LETTER E + COMBINING ACUTE ACCENT"
    assert unicode_name("\ue000") == "U+E000"


@pytest.mark.skipif(not DATA, reason="HIDDEN_STATE_DATA is not set")
def test_tiny_shakespeare_has_the_figures_everybody_knows():
    text = prepare([Source("t", (Path(DATA or "") / "tinyshakespeare.txt").read_bytes())], Options())
    found = report(text)
    assert (found.characters, found.distinct) == (1_115_394, 65)
    unigram, ngram = found.baselines
    assert unigram.nats == pytest.approx(3.347, abs=0.005)
    assert ngram.nats == pytest.approx(1.561, abs=0.005)
