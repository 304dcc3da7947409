import csv
import hashlib
import io
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from string import Formatter

import numpy as np
import pytest

from core.errors import UserError
from core.samples import make_reviews
from core.samples.registry import CHINESE, SAMPLES, sample, sample_names

TEXTS = ("lighthouse", "ferry", "notes")


def text_of(name: str) -> str:
    (source,) = sample(name)
    return source.data.decode("utf-8")


def rows_of(name: str) -> list[tuple[str, str]]:
    header, *rows = csv.reader(io.StringIO(text_of(name)))
    assert header == ["text", "label"]
    return [(text, label) for text, label in rows]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_loads_and_says_what_it_is(name):
    one = SAMPLES[name]
    assert one.name == name
    assert one.title
    assert one.description
    assert one.licence
    assert all(source.data for source in sample(name))


def test_each_family_has_its_samples_the_one_to_begin_with_first():
    assert sample_names("charlm") == ["lighthouse", "ferry", "notes"]
    assert sample_names("classifier") == ["reviews", "reviews-english", "reviews-chinese"]
    assert sample_names("gan") == ["digits"]
    assert sample_names() == list(SAMPLES)
    assert sample_names("no such family") == []


@pytest.mark.parametrize("name", ["lightouse", "", "../registry"])
def test_an_unknown_sample_is_answered_with_the_known_ones(name):
    with pytest.raises(UserError) as error:
        sample(name)
    assert all(known in str(error.value) for known in SAMPLES)


@pytest.mark.parametrize("name", [*TEXTS, "reviews"])
def test_a_text_has_no_control_characters_and_no_byte_order_mark(name):
    odd = {c for c in text_of(name) if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cn") and c != "\n"}
    assert odd == set()


def test_the_tales_are_plain_ascii_of_natural_width():
    text = text_of("lighthouse")
    assert text.isascii()
    assert len(text) >= 40_000
    assert max(map(len, text.splitlines())) <= 70
    assert text.count("Log of Marrow Point.") == 8


def test_who_speaks_in_the_tales_stops_unless_the_next_paragraph_goes_on_speaking():
    paragraphs = [p.strip() for p in text_of("lighthouse").split("\n\n")]
    for paragraph, following in pairwise(paragraphs):
        assert paragraph.count('"') % 2 == 0 or following.startswith('"'), paragraph


def test_the_ferry_is_chinese():
    text = text_of("ferry")
    assert len(text.encode()) >= 10_000
    assert all(CHINESE.match(c) for c in text if c.isalnum())
    assert text.count("“") == text.count("”")


@pytest.mark.parametrize("name", ["lighthouse", "ferry"])
def test_no_paragraph_of_prose_comes_twice(name):
    paragraphs = [p for p in text_of(name).split("\n\n") if len(p) > 60]
    assert len(paragraphs) == len(set(paragraphs))


def test_the_notes_sentence_is_shorter_than_the_notes_windows():
    assert len(text_of("notes")) == 24


def test_reviews_are_balanced_in_both_languages_and_none_comes_twice():
    rows = rows_of("reviews")
    cells = Counter((bool(CHINESE.search(text)), label) for text, label in rows)
    assert len(rows) >= 600
    assert set(cells) == {(chinese, label) for chinese in (True, False) for label in ("positive", "negative")}
    assert len(set(cells.values())) == 1
    bare = {"".join(c for c in text.casefold() if c.isalnum()) for text, _ in rows}
    assert len(bare) == len(rows)
    assert all(text == text.strip() and "{" not in text for text, _ in rows)


def test_the_two_languages_are_the_whole_table_apart():
    english, chinese = rows_of("reviews-english"), rows_of("reviews-chinese")
    assert sorted(english + chinese) == sorted(rows_of("reviews"))
    assert not any(CHINESE.search(text) for text, _ in english)
    assert all(CHINESE.search(text) for text, _ in chinese)


def test_the_committed_table_is_what_the_generator_makes():
    assert make_reviews.TABLE.read_bytes() == make_reviews.make_table()
    assert make_reviews.make_table(seed=1) != make_reviews.make_table()


def test_more_than_half_of_the_reviews_were_written_whole():
    whole = {
        (text, label)
        for lang in ("en", "zh")
        for label in ("positive", "negative")
        for text in make_reviews.written(lang, label)
    }
    rows = set(rows_of("reviews"))
    assert whole <= rows
    assert len(whole) > len(rows) / 2


@pytest.mark.parametrize("language", make_reviews.LANGUAGES)
@pytest.mark.parametrize(("label", "side"), [("positive", "p"), ("negative", "b")])
def test_a_composed_review_may_concede_a_point_but_ends_on_the_side_of_its_label(language, label, side):
    for frame in make_reviews.GRAMMARS[language].frames[label]:
        fields = [name for _, name, _, _ in Formatter().parse(frame) if name not in (None, "thing", "verdict")]
        sides = [name[0].casefold() for name in fields]
        assert sides[-1] == side, frame
        assert sides.count(side) >= len(sides) / 2, frame


def test_digits_are_an_npz_in_keras_format_with_nothing_pickled():
    (source,) = sample("digits")
    with np.load(io.BytesIO(source.data), allow_pickle=False) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
        assert sorted(arrays.files) == ["x_train", "y_train"]
    assert x.shape == (1797, 8, 8)
    assert y.shape == (1797,)
    assert x.dtype == y.dtype == np.uint8
    assert (x.min(), x.max()) == (0, 16)
    assert sorted(set(y.tolist())) == list(range(10))

    from sklearn.datasets import load_digits

    assert np.array_equal(x, load_digits().images)
    assert np.array_equal(y, load_digits().target)


def test_digits_are_the_same_bytes_each_time(monkeypatch):
    first = sample("digits")[0]
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 0, 1, 0))
    assert hashlib.sha256(sample("digits")[0].data).hexdigest() == first.sha256


def test_asking_for_a_sample_imports_neither_scikit_learn_nor_tensorflow_nor_pandas():
    code = (
        "import sys; from core.samples.registry import sample; sample('lighthouse'); sample('reviews-chinese');"
        "print([m for m in ('sklearn', 'tensorflow', 'keras', 'pandas', 'streamlit') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
