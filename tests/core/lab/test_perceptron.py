import numpy as np
import pytest
from sklearn.linear_model import Perceptron

from core.errors import UserError
from core.lab import perceptron
from core.lab.perceptron import GATES, trace


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("gate", ["AND", "OR"])
def test_and_and_or_are_learned_from_every_start(gate, seed):
    done = trace(*GATES[gate], 0.1, seed)
    last = done.steps[-1]
    assert done.ending == "learned"
    assert last.wrong == 0
    assert [int(np.dot(last.new_w, x) + last.new_b > 1e-9) for x in done.points] == list(done.labels)


@pytest.mark.parametrize("seed", range(20))
def test_xor_is_proved_never_to_end(seed):
    done = trace(*GATES["XOR"], 0.1, seed)
    assert done.ending == "cycle"
    begins = {s.epoch: (s.w, s.b) for s in reversed(done.steps)}
    last = done.steps[-1]
    assert begins[done.returns_to] == (last.new_w, last.new_b)
    assert min(s.wrong for s in done.steps) > 0
    assert "never ends" in done.verdict


def test_the_steps_by_hand():
    # w = b = 0 at the start of OR, η = 1: (0,0) is right, (0,1) is wrong and adds itself, then (0,0) is wrong.
    steps = _from_zero("OR", 1.0)
    assert [(s.z, s.y, s.mistake, s.new_w, s.new_b) for s in steps[:5]] == [
        (0, 0, False, (0, 0), 0),
        (0, 0, True, (0, 1), 1),
        (1, 1, False, (0, 1), 1),
        (2, 1, False, (0, 1), 1),
        (1, 1, True, (0, 1), 0),
    ]


def _from_zero(gate, eta):
    original = perceptron.first_weights
    perceptron.first_weights = lambda seed: ((0.0, 0.0), 0.0)
    try:
        return trace(*GATES[gate], eta, 0).steps
    finally:
        perceptron.first_weights = original


def test_scikit_learns_the_same_weights_from_zero(monkeypatch):
    monkeypatch.setattr(perceptron, "first_weights", lambda seed: ((0.0, 0.0), 0.0))
    points, labels = perceptron.gaussian_clouds(30, 4, 1)
    last = trace(points, labels, 1, 0).steps[-1]
    # scikit-learn counts z = 0 as a mistake for both classes, which from zero differs in the first step only.
    theirs = Perceptron(shuffle=False, tol=None, max_iter=last.epoch).fit(
        points[1:] + points[:1], labels[1:] + labels[:1]
    )
    ours = trace(points[1:] + points[:1], labels[1:] + labels[:1], 1, 0).steps[-1]
    assert np.allclose(theirs.coef_[0], ours.new_w)
    assert np.allclose(theirs.intercept_[0], ours.new_b)


def test_overlapping_clouds_do_not_pretend_to_end_well():
    done = trace(*perceptron.gaussian_clouds(40, 0.5, 3), 0.1, 0)
    assert done.ending in ("cycle", "limit")
    assert done.steps[-1].epoch <= perceptron.MAX_PASSES


def test_the_line_is_where_the_sum_is_zero():
    w, b = (0.3, -0.7), 0.2
    for p in perceptron.line_ends(w, b, (-1, -1), (2, 2)):
        assert np.dot(w, p) + b == pytest.approx(0)
        assert all(-1 <= c <= 2 for c in p)
    assert perceptron.line_ends((0, 0), 1, (-1, -1), (2, 2)) is None
    assert perceptron.line_ends((1, 0), 5, (-1, -1), (2, 2)) is None
    assert perceptron.line_ends((1, 1), 0, (-1, -1), (1, 1)) is not None


def test_the_formula_holds_the_digits_of_its_step():
    step = _from_zero("OR", 0.5)[1]
    formula = perceptron.formula_with_digits(step, 0.5)
    assert r"z &= 0 \cdot 0 + 0 \cdot 1 + 0 = 0" in formula
    assert r"w_2 &\leftarrow 0 + 0.5 \cdot 1 \cdot 1 = 0.5" in formula
    assert r"b &\leftarrow 0 + 0.5 \cdot 1 = 0.5" in formula


def test_every_question_is_answered_by_the_step_itself():
    done = trace(*GATES["XOR"], 0.3, 4)
    answers = {perceptron.question(done, s.number).answer_index for s in done.steps}
    assert answers == {0, 1, 2}
    for s in done.steps:
        moved = np.subtract((*s.new_w, s.new_b), (*s.w, s.b))[2]
        assert perceptron.question(done, s.number).answer_index == (0 if moved == 0 else 1 if moved > 0 else 2)


@pytest.mark.parametrize("gate", GATES)
def test_the_snippet_prints_the_shown_weights(gate, run_snippet):
    snippet = perceptron.snippet(trace(*GATES[gate], 0.1, 3), 3)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    ("points", "labels", "eta", "message"),
    [
        ([[0, float("nan")]], [1], 0.1, "cell 1, 2"),
        ([[0, 1]], [2], 0.1, "labels"),
        ([[0, 1]], [0.5], 0.1, "labels are 0 or 1"),
        ([[0, 1]], [1, 0], 0.1, "labels is 2"),
        ([[0, 1]], [1], float("inf"), "learning rate"),
        ([[0, 1]], [1], 0, "learning rate"),
        ([[0, 1]] * 41, [1] * 41, 0.1, "at most 40"),
        ([], [], 0.1, "table of points"),
    ],
)
def test_bad_input_is_named(points, labels, eta, message):
    with pytest.raises(UserError, match=message):
        trace(points, labels, eta, 0)
