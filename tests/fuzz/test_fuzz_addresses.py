"""Whatever stands in an address: a run here, a set-up for the form, or a sentence."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.families import FAMILIES
from core.hosting import links
from core.runs.store import find
from core.runs.trash import restore
from core.schema import parse_options

TEXTS = st.text(max_size=80)
NUMBERS = st.integers() | st.floats()
VALUES = (
    TEXTS | NUMBERS.map(str) | st.lists(TEXTS).map(",".join) | st.lists(NUMBERS).map(lambda x: ",".join(map(str, x)))
)


@pytest.fixture(scope="module")
def parent(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("night", "night-2", ".hidden"):
        (folder / name).mkdir()
    return folder


@given(text=st.text(max_size=300) | st.lists(TEXTS | st.sampled_from(["..", ".", "night", ""])).map("/".join))
def test_any_text_of_an_address_finds_a_run_here_or_none(parent, text):
    with suppress(UserError):
        assert find(text, parent).path.parent == parent
    with pytest.raises(UserError):
        restore(text, parent)


@pytest.mark.parametrize("key", FAMILIES)
@given(data=st.data())
def test_any_set_up_in_an_address_is_sound_and_what_was_passed_over_is_said(key, data):
    family = FAMILIES[key]
    known = [*family.options.model_fields, *links.keys(family), "hide", "class", "visitor"]
    query = data.draw(st.dictionaries(st.sampled_from(known) | TEXTS, VALUES, max_size=6))
    found, said = links.read(family, query)
    parse_options(family.options, family.options().model_dump() | found.options)
    assert set(found.hide) <= set(links.HIDE)
    assert all(sentence and "\n" not in sentence and len(sentence) < 1000 for sentence in said), said
