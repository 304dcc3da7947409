import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.charlm.inside import coauthoring as module
from core.charlm.inside.coauthoring import (
    NETWORK,
    PERSON,
    Document,
    Piece,
    decode_authors,
    encode_authors,
    merge_pieces,
    slice_pieces,
)
from core.errors import UserError


def told(*parts: tuple[str, str]) -> Document:
    story = Document()
    for text, who in parts:
        story.add(text, who)
    return story


def test_it_knows_who_wrote_what():
    story = told(("The ", PERSON), ("sea", NETWORK), (" was", NETWORK), (".", PERSON))
    assert story.text == "The sea was."
    assert story.pieces == (Piece("The ", PERSON), Piece("sea was", NETWORK), Piece(".", PERSON))
    assert story.characters_by_author() == {PERSON: 5, NETWORK: 7}


def test_undo_and_redo_go_along_the_versions():
    story = told(("a", PERSON), ("b", NETWORK), ("c", NETWORK))
    story.undo()
    story.undo()
    assert story.text == "a"
    story.redo()
    assert story.text == "ab"
    story.redo()
    story.redo()
    assert story.text == "abc"
    for _time in range(9):
        story.undo()
    assert story.text == ""


def test_going_on_after_undo_begins_a_branch_and_loses_nothing():
    story = told(("a", PERSON), ("b", NETWORK))
    story.undo()
    story.add("c", NETWORK)
    story.redo()
    assert story.text == "ac"
    assert [story.versions[number].text for number in story.leaf_versions()] == ["ab", "ac"]
    story.go_to(story.leaf_versions()[0])
    assert story.text == "ab"
    with pytest.raises(UserError, match="no version 99"):
        story.go_to(99)


def test_what_a_person_changes_in_the_middle_is_theirs_and_nothing_else():
    story = told(("The sea was calm.", NETWORK))
    story.rewrite("The sky was calm.")
    assert story.pieces == (Piece("The s", NETWORK), Piece("ky", PERSON), Piece(" was calm.", NETWORK))
    story.rewrite("The sky calm.")
    assert story.text == "The sky calm."
    assert story.pieces == (Piece("The s", NETWORK), Piece("ky", PERSON), Piece(" calm.", NETWORK))
    before = story.current
    story.rewrite("The sky calm.")
    assert story.current == before


texts = st.text("ab\né", max_size=12)


@given(st.lists(st.tuples(texts, st.sampled_from([PERSON, NETWORK])), max_size=6), texts)
def test_after_any_change_the_text_is_what_was_typed_and_marks_bring_it_back(parts, typed):
    story = told(*parts)
    assert story.text == "".join(text for text, _who in parts)
    assert decode_authors(story.text, encode_authors(story.pieces)) == story.pieces
    story.rewrite(typed)
    assert story.text == typed
    assert sum(story.characters_by_author().values()) == len(typed)


def test_foreign_marks_never_lose_text():
    for strange in ("", "x", "n3p", "n999999", "p1n1p0n99999999999", "n2" * 9000):
        assert "".join(piece.text for piece in decode_authors("hello", strange)) == "hello"


def test_pieces_are_cut_and_joined_without_loss():
    pieces = (Piece("abc", PERSON), Piece("def", NETWORK))
    assert slice_pieces(pieces, 2, 4) == (Piece("c", PERSON), Piece("d", NETWORK))
    assert slice_pieces(pieces, 0, 6) == pieces
    assert slice_pieces(pieces, 3, 3) == ()
    assert merge_pieces([*pieces[:1], Piece("", NETWORK), Piece("x", PERSON)]) == (Piece("abcx", PERSON),)


def test_a_story_that_would_be_too_long_is_refused_and_stays_as_it_was(monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 10)
    story = told(("12345678", PERSON))
    with pytest.raises(UserError, match="11 characters"):
        story.add("abc", NETWORK)
    assert story.text == "12345678"


def test_very_many_versions_begin_anew_with_the_present_one(monkeypatch):
    monkeypatch.setattr(module, "VERSIONS", 5)
    story = told(*[("a", PERSON)] * 12)
    assert story.text == "a" * 12
    assert len(story.versions) <= 5
    story.undo()
    assert story.text == "a" * 11
