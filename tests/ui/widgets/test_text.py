"""A stranger's text stays text; numbers read as people write them."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from ui.widgets.text import byte_size, escape, md, short_number, time_ago

NASTY = "<b>*x*</b> `code` [link](http://evil) $E=mc^2$ :red[no] # head | cell ~~s~~ \n second line"


def test_markdown_shows_every_sign_as_it_is_and_on_one_line() -> None:
    shown = md(NASTY)
    assert "\n" not in shown
    for sign in "*`[]()$:#|~<>":
        assert all(shown[at - 1] == "\\" for at, char in enumerate(shown) if char == sign)


def test_escaped_text_holds_no_tag() -> None:
    assert escape("<script>\"&'") == "&lt;script&gt;&quot;&amp;&#x27;"


@pytest.mark.parametrize(
    ("number", "words"),
    [(None, "–"), (0, "0"), (9_999, "9,999"), (56_700, "56.7 k"), (1_234_567, "1.23 M"), (2.5e9, "2.5 G")],
)
def test_big_numbers_are_short(number: float | None, words: str) -> None:
    assert short_number(number) == words


def test_sizes_and_ages() -> None:
    assert (byte_size(10), byte_size(12_345), byte_size(3_400_000)) == ("1 kB", "12 kB", "3.4 MB")
    now = time.time()
    assert (time_ago(now), time_ago(now - 300), time_ago(now - 7300), time_ago(now - 200_000)) == (
        "just now",
        "5 min ago",
        "2 h ago",
        "2 days ago",
    )
    assert time_ago(now + 1e6) == "just now"  # a clock that was set back


def _guarded() -> None:
    from core.errors import UserError
    from ui.widgets.text import guard

    with guard("one"):
        raise UserError("The *file* is <b>empty</b>.")
    with guard("two"):
        raise ZeroDivisionError("secret detail")


def test_a_user_error_is_shown_in_place_and_a_fault_without_its_details() -> None:
    app = AppTest.from_function(_guarded, default_timeout=60).run()
    assert not app.exception
    said = [item.value for item in app.error]
    assert said[0] == md("The *file* is <b>empty</b>.")
    assert "secret" not in said[1]
    assert "log" in said[1]
