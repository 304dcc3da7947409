import pytest

from core.errors import LIMIT, UserError


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("The file “a\nb” is empty.", "The file “a b” is empty."),
        ("“\x1b[2J\u202e\x00” is no name.", "“\\x1b[2J\\u202e\\x00” is no name."),
        ("“\ud800” is half a character.", "“\\ud800” is half a character."),
        ("“家族 👨\u200d👩” is fine.", "“家族 👨\u200d👩” is fine."),
    ],
)
def test_a_sentence_stays_one_line_whatever_names_it_quotes(sentence, shown):
    assert str(UserError(sentence)) == shown


def test_a_long_name_does_not_hide_what_to_do():
    said = str(UserError(f"The file “{'x' * 5000}” is empty: bring another."))
    assert len(said) < LIMIT + 10
    assert said.startswith("The file “xxx")
    assert said.endswith("xxx” is empty: bring another.")
