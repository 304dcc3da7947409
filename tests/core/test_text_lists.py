"""Splitting of lists that people type."""

import pytest

from core.charlm.inside.gate_intervention import parse_units
from core.text_lists import by_commas, by_spaces


@pytest.mark.parametrize("text", ["a b, c,,d", "a b，c、d", " a b ,c， d ,"])
def test_parts_between_commas_of_any_keyboard(text):
    assert by_commas(text) == ["a b", "c", "d"]


@pytest.mark.parametrize("text", ["1,2 3", "1，2、3", " 1\n2\t3 ,"])
def test_parts_between_commas_or_spaces(text):
    assert by_spaces(text) == ["1", "2", "3"]


def test_nothing_typed_is_no_part():
    assert by_commas(" ，, ") == by_spaces(" ，, ") == []


def test_cells_are_named_with_either_comma():
    assert parse_units("3, 5-7", 10) == parse_units("3，5-7", 10) == (3, 5, 6, 7)
