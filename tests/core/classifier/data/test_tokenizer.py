import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classifier.config import ClassifierConfig
from core.classifier.data.encode import encode
from core.classifier.data.tokenizer import (
    _ASCII,
    _PATTERNS,
    GATHER,
    SPECIALS,
    UNKNOWN,
    Tokenizer,
    Vocabulary,
    choose_unit,
    kept,
    learn_vocabulary,
)
from core.errors import UserError


def test_words_signs_numbers_and_emoji():
    text = "Don't stop, it’s 3.50€ 👩‍👩‍👧!! naïve mp3 हिन्दी"
    expected = ["don't", "stop", ",", "it's", "3.50", "€", "👩‍👩‍👧", "!", "!", "naïve", "mp3", "हिन्दी"]
    assert Tokenizer("words")(text) == expected


def test_characters_keep_latin_words_whole():
    assert Tokenizer("characters")("很好吃!iPhone手机ＡＢＣ") == ["很", "好", "吃", "!", "iphone", "手", "机", "abc"]
    assert Tokenizer("words")("味道 很好") == ["味道", "很好"]


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (["a fine film"], "words"),
        (["很好吃"], "characters"),
        (["好 ok nice 味道不错"], "characters"),
        (["123 !!"], "words"),
    ],
)
def test_the_unit_is_chosen_by_the_letters(texts, unit):
    assert choose_unit(texts) == unit


@given(st.text(max_size=60))
def test_every_token_has_its_place_and_no_letter_is_lost(text):
    for unit in ("words", "characters"):
        tokenizer = Tokenizer(unit, lowercase=False)
        spans = tokenizer.spans(text)
        assert len(tokenizer(text)) == len(spans)
        assert all(start < end for start, end in spans)
        outside = set(range(len(text))) - {at for start, end in spans for at in range(start, end)}
        assert not any(text[at].isalnum() for at in outside)


@given(st.text(alphabet=st.characters(max_codepoint=126, min_codepoint=9), max_size=60))
def test_the_fast_way_for_ascii_cuts_as_the_general_one(text):
    for pattern in _PATTERNS.values():
        assert _ASCII.findall(text) == pattern.findall(text)


def vocabulary(**changes):
    tokens = [["b", "a", "a"], ["c", "a", "b"], ["d"]]
    return learn_vocabulary(tokens, Tokenizer("words"), **({"size": 10, "min_count": 1} | changes))


def test_tokens_are_sorted_by_count_and_then_by_name():
    assert vocabulary()[0].tokens == [*SPECIALS, "a", "b", "c", "d"]


def test_the_cut_off_counts_what_becomes_unknown():
    found, unknown = vocabulary(min_count=2)
    assert found.tokens == [*SPECIALS, "a", "b"]
    assert unknown == pytest.approx(2 / 7)
    assert vocabulary(size=1)[0].tokens == [*SPECIALS, "a"]
    assert found.encode(["a", "d", "b"]).tolist() == [3, UNKNOWN, 4]


def test_a_vocabulary_survives_json():
    found = vocabulary()[0]
    again = Vocabulary.from_json(json.loads(json.dumps(found.to_json())))
    assert again.tokens == found.tokens
    assert again.tokenizer == found.tokenizer


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content["tokens"].reverse(),
        lambda content: content["tokens"].append("a"),
        lambda content: content["tokens"].__setitem__(0, 5),
        lambda content: content.update(unit="letters"),
        lambda content: content.pop("check"),
        lambda content: content["tokens"].append("<pad>"),
    ],
)
def test_a_damaged_vocabulary_is_one_sentence(damage):
    content = vocabulary()[0].to_json()
    damage(content)
    with pytest.raises(UserError, match=r"vocabulary\.json is damaged"):
        Vocabulary.from_json(content)


@pytest.mark.parametrize(("cut", "left"), [("end", "abc"), ("start", "fgh"), ("middle", "agh")])
def test_truncation_cuts_the_end_that_was_asked_for(cut, left):
    text = "abcdefgh"
    assert "".join(text[start:stop] for start, stop in kept(8, 3, cut)) == left
    assert kept(3, 3, cut) == [(0, 3)]


def test_a_text_without_tokens_is_one_unknown_token():
    found = vocabulary()[0]
    config = ClassifierConfig(max_tokens=4)
    assert [row.tolist() for row in encode([[], ["a", "b"]], found, config)] == [[UNKNOWN], [3, 4]]
    first = ClassifierConfig(max_tokens=4, pooling="first")
    assert [row.tolist() for row in encode([[], ["a"] * 9], found, first)] == [[GATHER, UNKNOWN], [GATHER, 3, 3, 3, 3]]


def test_a_hundred_thousand_words_are_cut():
    text = "word " * 100_000
    tokens = Tokenizer("words")(text)
    assert len(tokens) == 100_000
    assert encode([tokens], vocabulary()[0], ClassifierConfig(max_tokens=64))[0].shape == (64,)
    assert encode([tokens], vocabulary()[0], ClassifierConfig())[0].dtype == np.int32
