"""Text handling takes time in proportion to the text, also for the worst of Unicode: what is counted here is the length
of the pieces that the quadratic algorithms below it are given."""

import random
import unicodedata

import pytest
import regex

from core import text_normalization
from core.charlm.data import vocabulary
from core.classifier.data import tokenizer
from core.text_normalization import MAX_MARKS, normalize

FLAGS = [chr(code) for code in range(vocabulary.FIRST_FLAG, vocabulary.LAST_FLAG + 1)]
ODD = [
    *(FLAGS[:4]),
    *("\u0301", "\u0316", "\u200d", "\ufe0f", "👩", "🏽", "é", "字"),
    *("\u1100", "\u1161", "\u0600", " ", "a", "\u0903"),
]


def texts(count=200, longest=60):
    rng = random.Random(0)
    return ["".join(rng.choices(ODD, k=rng.randint(0, longest))) for _number in range(count)]


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_it_is_unicodes_normalization_wherever_a_letter_has_no_endless_marks(form):
    for text in texts():
        if not regex.search(rf"\p{{M}}{{{MAX_MARKS + 1}}}", text):
            assert normalize(form, text) == unicodedata.normalize(form, text)
    just = "a" + "\u0316\u0301" * (MAX_MARKS // 2)
    assert normalize("NFKC", just) == unicodedata.normalize("NFKC", just)


@pytest.mark.parametrize("marks", ["\u0301", "\u0301\u0316", "\u0308\u0345", "\u1ab0\u20d0"])
def test_no_run_of_marks_longer_than_the_bound_is_ever_ordered(marks, monkeypatch):
    given = []

    class Recorder:
        @staticmethod
        def normalize(form, text):
            given.append(text)
            return unicodedata.normalize(form, text)

    monkeypatch.setattr(text_normalization, "unicodedata", Recorder)
    text = "a" + marks * (3000 // len(marks)) + "b" + marks * 2
    tokenizer._normal(text, True)
    assert sum(map(len, given)) == len(text)
    assert max(len(run) for piece in given for run in regex.findall(r"\p{M}+", piece)) <= MAX_MARKS


def test_clusters_are_those_of_unicode():
    for text in [*texts(), "".join(random.Random(1).choices(FLAGS, k=1001)), "a" + "".join(FLAGS) * 9 + "\u0301x"]:
        expected = [cluster for cluster in regex.findall(r"\X", text.replace("\r", "")) if len(cluster) > 1]
        starts, found = vocabulary.clusters(text)
        assert found == expected
        assert [text[at : at + len(cluster)] for at, cluster in zip(starts, found, strict=True)] == found


def test_no_endless_run_of_flags_is_searched_for_clusters(monkeypatch):
    given = []

    class Recorder:
        @staticmethod
        def findall(text):
            given.append(text)
            return regex.findall(r"\X", text)

    monkeypatch.setattr(vocabulary, "CLUSTER", Recorder)
    vocabulary.clusters("é" + FLAGS[0] * 10_001 + "x" + FLAGS[1] * 5)
    assert max(len(run) for text in given for run in regex.findall(r"\p{GCB=RI}+", text)) <= vocabulary.FLAG_RUN


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_tokens_are_the_same_as_with_the_plain_cluster_pattern(unit):
    pattern = tokenizer._PATTERNS[unit].pattern
    assert tokenizer._FLAG in pattern
    plain = regex.compile(pattern.replace(tokenizer._FLAG + "|", ""), regex.V1)
    for text in texts():
        assert tokenizer._PATTERNS[unit].findall(text) == plain.findall(text), ascii(text)
