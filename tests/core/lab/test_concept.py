import pytest

from core.lab.concept import CONCEPTS

FAMILIES = {"charlm", "classifier", "gan"}


@pytest.fixture
def concept(key):
    return CONCEPTS[key]


def test_the_registry_lists_the_notes_fourteen_concepts_in_order():
    assert list(CONCEPTS) == [
        "perceptron", "backpropagation", "activations", "losses", "convolution", "rnn", "bidirectional",
        "bptt", "elman-jordan", "recursive", "hopfield", "lstm-gru", "attention", "gan-game",
    ]  # fmt: skip
    assert "nonsense" not in CONCEPTS
    with pytest.raises(KeyError):
        CONCEPTS["nonsense"]


@pytest.mark.parametrize("key", CONCEPTS)
def test_each_concept_says_what_it_is(key, concept):
    assert concept.key == key
    assert concept.title
    assert concept.note
    assert concept.formula.count("{") == concept.formula.count("}")
    assert "$" not in concept.formula
    sentences = concept.summary.replace(":", ".").split(". ")
    assert len(sentences) >= 3
    assert concept.summary.endswith(".")


@pytest.mark.parametrize("key", CONCEPTS)
def test_prerequisites_come_earlier_and_links_lead_to_a_family(key, concept):
    order = list(CONCEPTS)
    for needed in concept.prerequisites:
        assert order.index(needed) < order.index(key)
    assert {link.family for link in concept.links} <= FAMILIES
