import numpy as np
import pytest

from core.charlm.inside import suggestions as module
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.inside.suggestions import Suggestions, apply_temperature
from tests.core.charlm.inside.conftest import LETTERS, trained


@pytest.fixture
def suggestions(cell):
    return Suggestions(NumpyNetwork.from_keras(trained(cell)[0], cell), LETTERS)


def chances(network, text, temperature=1.0):
    """By reading the whole text anew; "unknown" cannot be written."""
    log_probs = network.log_probs(network.read(LETTERS.encode(text)[None]).top[0, -1:])
    log_probs[:, 0] = -np.inf
    return apply_temperature(log_probs, temperature)[0]


def test_the_next_characters_have_the_networks_probabilities(suggestions):
    for text in ("abc", "abcd e", "abcd e", "ab", "a\nb"):
        offers = suggestions.characters(text, 1.0, 4)
        expected = chances(suggestions.network, text)
        assert [offer.probability for offer in offers] == pytest.approx(np.sort(expected)[::-1][:4], rel=1e-4)
        assert expected[LETTERS.symbols.index(offers[0].text)] == expected.max()


def test_an_empty_text_begins_as_a_line_does(suggestions):
    assert suggestions.characters("", 1.0) == suggestions.characters("\n", 1.0)


def test_temperature_sharpens_and_zero_decides():
    log_probs = np.log([[0.2, 0.5, 0.3]])
    assert apply_temperature(log_probs, 0.5)[0] == pytest.approx(np.array([4, 25, 9]) / 38)
    assert apply_temperature(log_probs, 0).tolist() == [[0, 1, 0]]
    assert apply_temperature(np.array([[-np.inf, 0.0, 0.0]]), 1.0)[0] == pytest.approx([0, 0.5, 0.5])


def test_a_continuations_probability_is_the_product_of_its_characters(suggestions):
    offers = suggestions.continuations("abc d", 0.9)
    assert offers
    assert len({offer.text for offer in offers}) == len(offers)
    assert [offer.probability for offer in offers] == sorted((o.probability for o in offers), reverse=True)
    for offer in offers:
        product = 1.0
        for place, symbol in enumerate(offer.text):
            product *= chances(suggestions.network, "abc d" + offer.text[:place], 0.9)[LETTERS.symbols.index(symbol)]
        assert offer.probability == pytest.approx(product, rel=1e-3)


def test_no_likelier_continuation_was_passed_over(suggestions, monkeypatch):
    """Against a search through all texts of up to three characters."""
    monkeypatch.setattr(module, "LONGEST", 3)
    monkeypatch.setattr(module, "BEAM", 13**3)
    monkeypatch.setattr(module, "CANDIDATES", 13)
    found: dict[str, float] = {}
    todo: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
    while todo:
        numbers, chance = todo.pop()
        if numbers and (len(numbers) == 3 or suggestions._is_complete(numbers)):
            found["".join(LETTERS.symbols[number] for number in numbers)] = chance
            continue
        row = chances(suggestions.network, "ab" + "".join(LETTERS.symbols[number] for number in numbers))
        todo += [((*numbers, number), chance * row[number]) for number in range(1, 13)]
    best = sorted(found.items(), key=lambda item: -item[1])[:5]
    offers = suggestions.continuations("ab", 1.0)
    assert [offer.probability for offer in offers] == pytest.approx([chance for _text, chance in best], rel=1e-3)


def test_a_continuation_ends_with_its_word(suggestions):
    for offer in suggestions.continuations("abc", 1.0):
        inner = offer.text[:-1].lstrip(" ")
        assert inner.isalnum() or not inner
    assert len(suggestions.continuations("abc", 0.0)) == 1


def test_many_texts_are_remembered_but_not_all(suggestions):
    for length in range(1, 100):
        suggestions.characters("ab" * length, 1.0)
    assert len(suggestions._known) == module.KEPT
    assert suggestions.characters("ab" * 40, 1.0)[0].probability == pytest.approx(
        chances(suggestions.network, "ab" * 40).max(), rel=1e-3
    )
