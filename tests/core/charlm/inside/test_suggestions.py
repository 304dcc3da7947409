import numpy as np
import pytest

from core.charlm.inside import suggestions as module
from core.charlm.inside.numpy_network import Network
from core.charlm.inside.suggestions import Suggestions, at_temperature
from tests.core.charlm.inside.conftest import LETTERS, trained


@pytest.fixture
def teller(cell):
    return Suggestions(Network.of(trained(cell)[0], cell), LETTERS)


def chances(network, text, temperature=1.0):
    """By reading the whole text anew; "unknown" cannot be written."""
    log_probs = network.log_probs(network.read(LETTERS.encode(text)[None]).top[0, -1:])
    log_probs[:, 0] = -np.inf
    return at_temperature(log_probs, temperature)[0]


def test_the_next_characters_have_the_networks_probabilities(teller):
    for text in ("abc", "abcd e", "abcd e", "ab", "a\nb"):
        offers = teller.characters(text, 1.0, 4)
        expected = chances(teller.network, text)
        assert [offer.probability for offer in offers] == pytest.approx(np.sort(expected)[::-1][:4], rel=1e-4)
        assert expected[LETTERS.symbols.index(offers[0].text)] == expected.max()


def test_an_empty_text_begins_as_a_line_does(teller):
    assert teller.characters("", 1.0) == teller.characters("\n", 1.0)


def test_temperature_sharpens_and_zero_decides():
    log_probs = np.log([[0.2, 0.5, 0.3]])
    assert at_temperature(log_probs, 0.5)[0] == pytest.approx(np.array([4, 25, 9]) / 38)
    assert at_temperature(log_probs, 0).tolist() == [[0, 1, 0]]
    assert at_temperature(np.array([[-np.inf, 0.0, 0.0]]), 1.0)[0] == pytest.approx([0, 0.5, 0.5])


def test_a_continuations_probability_is_the_product_of_its_characters(teller):
    offers = teller.continuations("abc d", 0.9)
    assert offers
    assert len({offer.text for offer in offers}) == len(offers)
    assert [offer.probability for offer in offers] == sorted((o.probability for o in offers), reverse=True)
    for offer in offers:
        product = 1.0
        for place, symbol in enumerate(offer.text):
            product *= chances(teller.network, "abc d" + offer.text[:place], 0.9)[LETTERS.symbols.index(symbol)]
        assert offer.probability == pytest.approx(product, rel=1e-3)


def test_no_likelier_continuation_was_passed_over(teller, monkeypatch):
    """Against a search through all texts of up to three characters."""
    monkeypatch.setattr(module, "LONGEST", 3)
    monkeypatch.setattr(module, "BEAM", 13**3)
    monkeypatch.setattr(module, "CANDIDATES", 13)
    found, todo = {}, [((), 1.0)]
    while todo:
        numbers, chance = todo.pop()
        if numbers and (len(numbers) == 3 or teller._ends(numbers)):
            found["".join(LETTERS.symbols[number] for number in numbers)] = chance
            continue
        row = chances(teller.network, "ab" + "".join(LETTERS.symbols[number] for number in numbers))
        todo += [((*numbers, number), chance * row[number]) for number in range(1, 13)]
    best = sorted(found.items(), key=lambda item: -item[1])[:5]
    offers = teller.continuations("ab", 1.0)
    assert [offer.probability for offer in offers] == pytest.approx([chance for _text, chance in best], rel=1e-3)


def test_a_continuation_ends_with_its_word(teller):
    for offer in teller.continuations("abc", 1.0):
        inner = offer.text[:-1].lstrip(" ")
        assert inner.isalnum() or not inner
    assert len(teller.continuations("abc", 0.0)) == 1


def test_many_texts_are_remembered_but_not_all(teller):
    for length in range(1, 100):
        teller.characters("ab" * length, 1.0)
    assert len(teller._known) == module.KEPT
    assert teller.characters("ab" * 40, 1.0)[0].probability == pytest.approx(
        chances(teller.network, "ab" * 40).max(), rel=1e-3
    )
