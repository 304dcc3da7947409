import json
import unicodedata
from collections import Counter

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from core.charlm.data.vocabulary import MAX_SYMBOLS, UNKNOWN, Vocabulary, clusters, count_symbols
from core.errors import UserError

ASTRONAUT, HEART, FLAG, ACUTE = "👩🏽‍🚀", "❤️", "🇨🇳", "e\u0301"
LATIN = ["a", "é", "e", "\u0301", "\u0323", "中", "\n", " ", "©", "\u0600"]
EMOJI = ["🇨", "🇳", "👩", "\u200d", "🚀", "🏽", "\ufe0f"]
ASIAN = ["क", "्", "ष", "ि", "ᄒ", "ᅡ", "ᆫ", "하", "한"]
mixed = st.text(st.sampled_from([*LATIN, *EMOJI, *ASIAN]), max_size=40)


def vocabulary_of(text: str, min_count: int = 1) -> Vocabulary:
    return Vocabulary.build(count_symbols(text, min_count), min_count)


@pytest.mark.parametrize("text", ["To be, or not to be", "这是一个示例文本。LSTM将学会", "naïve café 🙂🙂", ""])
def test_decoding_what_was_encoded_gives_the_same_text(text):
    vocabulary = vocabulary_of(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int32
    assert len(ids) == len(text)
    assert vocabulary.decode(ids) == text


def test_symbols_are_in_code_point_order_after_the_unknown_one():
    vocabulary = vocabulary_of("banana 中 a")
    assert vocabulary.symbols == (UNKNOWN, " ", "a", "b", "n", "中")
    assert vocabulary_of("中 a banana").symbols == vocabulary.symbols


def test_rare_characters_become_the_unknown_one():
    vocabulary = vocabulary_of("aaabbc", min_count=2)
    assert vocabulary.symbols == (UNKNOWN, "a", "b")
    assert vocabulary.encode("abcd").tolist() == [1, 2, 0, 0]
    assert vocabulary.decode(np.array([1, 0])) == "a" + UNKNOWN


def test_unknown_characters_are_named_once_in_order():
    assert vocabulary_of("abc").unknown("zab中z🙂") == ["z", "中", "🙂"]
    assert vocabulary_of("abc").unknown("cab") == []


@pytest.mark.parametrize("cluster", [ASTRONAUT, HEART, FLAG, ACUTE, "क्षि", "한"])
def test_a_frequent_cluster_is_one_symbol_and_a_rare_one_is_its_parts(cluster):
    frequent, rare = f"x{cluster}y " * 10, f"x{cluster}y " * 3
    if len(cluster) > 1:
        assert cluster in vocabulary_of(frequent).symbols
        assert cluster not in vocabulary_of(rare).symbols
    for text in (frequent, rare):
        vocabulary = vocabulary_of(text)
        assert vocabulary.decode(vocabulary.encode(text)) == text
    assert len(vocabulary_of(frequent).encode(frequent)) == 4 * 10


def test_a_cluster_inside_a_longer_one_is_not_cut_out_of_it():
    text = "👩🏽" * 10 + " " + ASTRONAUT
    vocabulary = vocabulary_of(text)
    assert vocabulary.split(text) == ["👩🏽"] * 10 + [" ", "👩", "🏽", "\u200d", "🚀"]


def test_split_gives_the_piece_behind_every_number():
    text = HEART * 9 + "中a" + ACUTE
    vocabulary = vocabulary_of(HEART * 9 + "a")
    pieces = vocabulary.split(text)
    assert "".join(pieces) == text
    assert [vocabulary.decode([i]) if i else UNKNOWN for i in vocabulary.encode(text)] == [
        piece if piece in vocabulary.symbols else UNKNOWN for piece in pieces
    ]


@settings(max_examples=300, deadline=None)
@given(mixed)
def test_clusters_are_those_of_the_unicode_rules_over_the_whole_text(text):
    want = [(match.start(), match.group()) for match in regex.finditer(r"\X", text) if len(match.group()) > 1]
    starts, found = clusters(text)
    assert list(zip(starts.tolist(), found, strict=True)) == want


@settings(max_examples=80, deadline=None)
@given(mixed.map(lambda text: text * 9), st.integers(1, 12))
def test_what_was_counted_is_what_encoding_gives(text, min_count):
    counts = count_symbols(text, min_count)
    vocabulary = Vocabulary.build(counts, 1)
    assert Counter(vocabulary.split(text)) == counts
    assert np.bincount(vocabulary.encode(text), minlength=len(vocabulary))[1:].tolist() == [
        counts[symbol] for symbol in vocabulary.symbols[1:]
    ]


def test_the_vocabulary_is_capped_at_the_most_frequent():
    text = "".join(map(chr, range(0x4E00, 0x4E00 + MAX_SYMBOLS + 100))) + "zz"
    vocabulary = vocabulary_of(text)
    assert len(vocabulary) == MAX_SYMBOLS + 1
    assert "z" in vocabulary.symbols


def test_json_gives_the_same_vocabulary():
    vocabulary = vocabulary_of(f'a"\\\n中{HEART}' * 9)
    assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))) == vocabulary


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        "abc",
        {},
        {"version": 2, "symbols": [UNKNOWN, "a"]},
        {"version": 1, "symbols": None},
        {"version": 1, "symbols": [UNKNOWN]},
        {"version": 1, "symbols": ["a", "b"]},
        {"version": 1, "symbols": [UNKNOWN, "a", "a"]},
        {"version": 1, "symbols": [UNKNOWN, ""]},
        {"version": 1, "symbols": [UNKNOWN, 3]},
        {"version": 1, "symbols": [UNKNOWN, ["a"]]},
        {"version": 1, "symbols": [UNKNOWN, "\ud800"]},
        {"version": 1, "symbols": [UNKNOWN, "a" * 1000]},
        {"version": 1, "symbols": [UNKNOWN, *map(chr, range(0x4E00, 0x4E00 + MAX_SYMBOLS + 1))]},
    ],
)
def test_a_vocabulary_edited_into_nonsense_is_refused(nonsense):
    with pytest.raises(UserError, match="vocabulary"):
        Vocabulary.from_json(nonsense)


def test_normalised_and_composed_letters_stay_different_symbols():
    assert unicodedata.normalize("NFC", ACUTE) == "é"
    assert {"é", ACUTE} <= set(vocabulary_of(f"é{ACUTE} " * 9).symbols)
