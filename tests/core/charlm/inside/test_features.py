import numpy as np
import pytest

from core.charlm.inside.features import FEATURES, compute_features, is_amount, title, words


def marks(name: str, text: str) -> str:
    return "".join(str(int(value)) for value in FEATURES[name].compute(list(text)))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("quotes", 'a "bc" d', "00111000"),
        ("quotes", "“a «b” c", "11111000"),
        ("quotes", "„ja“ «b»", "11100110"),
        ("quotes", '"ab\n\ncd', "1111000"),
        ("quotes", "「是」不", "1100"),
        ("brackets", "a(b[c]d)e", "011221100"),
        ("brackets", "(a\n\n)b", "111000"),
        ("brackets", "a)b(c", "00011"),
        ("line", "ab\ncd\n\ne", "01012001"),
        ("word", "ab, cde", "0100123"),
        ("capital", "AbÉ d1ß", "1010000"),
        ("digit", "a1٣½ Ⅷ", "011101"),
        ("sentence", "a. b! 好。", "01001001"),
        ("space", "a b\tc\n", "010101"),
        ("vowel-next", "bab é", "10010"),
        ("word-end", "ab c. 7", "0101001"),
    ],
)
def test_a_feature_marks_what_its_name_says(name, text, expected):
    assert marks(name, text) == expected


def test_words_are_whole_words_in_any_case():
    text = "The theatre, the end"
    assert "".join(str(int(v)) for v in words(list(text), ["the"])) == "11100000000001110000"
    assert not words(list(text), ["heat", "", "  "]).any()


def test_a_word_of_a_script_without_spaces_may_stand_anywhere():
    assert words(list("我们的家"), ["们的"]).tolist() == [0, 1, 1, 0]


def test_words_are_found_where_a_symbol_is_several_code_points():
    symbols = ["e\u0301", "a", " ", "b", "e\u0301"]
    assert words(symbols, ["be\u0301"]).tolist() == [0, 0, 0, 1, 1]


def test_every_feature_has_one_number_for_each_symbol():
    for text in ("", "a", "Ab (1). “x”\n"):
        found = compute_features(list(text), ["a"] if text else [])
        assert all(len(values) == len(text) and np.isfinite(values).all() for values in found.values())
        assert all(title(name, ["a"]) and isinstance(is_amount(name), bool) for name in found)
    assert "words" not in compute_features(list("a"), [" "])
