import numpy as np
import pytest

from core.errors import UserError
from core.lab import brackets, recursive
from core.lab.brackets import bracketings, meaning, parse, rotate, write
from core.lab.recursive import Weights, _TreeBatch, compose, initial

FIRST, SECOND = parse("((not good) (and bad))"), parse("(not (good (and bad)))")


@pytest.fixture(scope="module")
def trained():
    return recursive.train()


def test_the_way_back_through_the_tree_is_the_numerical_gradient():
    w = initial(3, seed=1)
    forest = _TreeBatch([FIRST, SECOND, parse("(good (or (not (bad (and great)))))")])
    grads = forest.loss_and_gradients(w)[1]
    for which, value in enumerate(w):
        for place in np.ndindex(value.shape):
            losses = []
            for nudge in (1e-6, -1e-6):
                moved = [np.array(q) for q in w]
                moved[which][place] += nudge
                losses.append(forest.loss_and_gradients(Weights(*moved))[0])
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(float(grads[which][place]), abs=1e-6)


def test_many_trees_at_once_give_the_vectors_of_one_tree_alone():
    w = initial(4, seed=0)
    forest = _TreeBatch([SECOND, FIRST])
    vectors, logits = forest.up(w)
    for node in compose(w, FIRST):
        np.testing.assert_allclose(vectors[forest.place[node.tree]], node.vector)
        assert 1 / (1 + np.exp(-logits[forest.place[node.tree]])) == pytest.approx(node.good)


@pytest.mark.parametrize("seed", range(3))
def test_it_learns_the_language_and_reads_deeper_trees_than_it_was_trained_on(seed):
    net = recursive.train(seed=seed)
    assert net.accuracy == 1
    assert net.unseen > 0.98
    assert net.deeper > 0.95


def test_other_brackets_give_another_root_vector_and_the_other_meaning(trained):
    one, other = compose(trained.weights, FIRST)[-1], compose(trained.weights, SECOND)[-1]
    assert (one.meaning, other.meaning) == (-1, 1)
    assert one.good < 0.05
    assert other.good > 0.95
    assert np.linalg.norm(one.vector - other.vector) > 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("good", 1),
        ("(not good)", -1),
        ("(not (not awful))", -1),
        ("(good (and bad))", -1),
        ("(good (or bad))", 1),
        ("(and bad)", None),
        ("((good and) bad)", None),
        ("(not not)", None),
    ],
)
def test_the_meaning_of_a_tree_by_hand(text, value):
    assert meaning(parse(text)) == value
    assert write(parse(text)) == text


def test_the_number_of_bracketings_is_catalans():
    counts = [len(set(bracketings(["good"] * n))) for n in range(1, 9)]
    assert counts == [1, 1, 2, 5, 14, 42, 132, 429]
    assert all(brackets.words(tree) == ("not", "good", "and", "bad") for tree in bracketings(brackets.words(FIRST)))


def test_rotating_moves_one_bracket_and_back():
    assert rotate(FIRST, "", "right") == SECOND
    assert rotate(SECOND, "", "left") == FIRST
    assert write(rotate(SECOND, "r", "left")) == "(not ((good and) bad))"


def test_the_question_is_answered_by_the_other_root(trained):
    asked = recursive.question(trained.weights, FIRST, SECOND)
    assert asked.options[asked.answer_index] == "Good"
    assert recursive.question(trained.weights, SECOND, FIRST).answer_index == 1


def test_the_formula_holds_both_children(trained):
    nodes = compose(trained.weights, FIRST)
    text = recursive.formula_with_digits(trained.weights, nodes, 2)
    assert all(recursive.tex(x) in text for x in (*nodes[0].vector, *nodes[1].vector, *nodes[2].vector))
    assert r"E_{\text{not}}" in recursive.formula_with_digits(trained.weights, nodes, 0)


@pytest.mark.parametrize("tree", [FIRST, SECOND])
def test_keras_prints_the_same(run_snippet, trained, tree):
    snippet = recursive.snippet(trained.weights, tree)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    "bad",
    [
        lambda: parse(""),
        lambda: parse("(good tasty)"),
        lambda: parse("good bad"),
        lambda: parse("(good)"),
        lambda: parse("(good bad not)"),
        lambda: parse("((good bad)"),
        lambda: parse("good)"),
        lambda: parse("()"),
        lambda: parse(" ".join(["good"] * 9)),
        lambda: bracketings([]),
        lambda: bracketings(["good", "meal"]),
        lambda: rotate("good", "", "right"),
        lambda: rotate(FIRST, "lll", "right"),
        lambda: rotate(FIRST, "x", "right"),
        lambda: rotate(FIRST, "", "up"),
        lambda: recursive.train(units=1),
        lambda: recursive.train(steps=0),
        lambda: recursive.question(initial(4, 0), FIRST, parse("(good bad)")),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
