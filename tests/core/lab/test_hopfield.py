import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.lab import hopfield
from core.lab.hopfield import PICTURES, classify_state, damage, energy, hebbian, pattern, recall

STORED = [pattern(cells) for cells in PICTURES.values()]
NAMES = tuple(PICTURES)


def test_four_neurons_by_hand():
    x = np.array([1, -1, 1, -1])
    W = hebbian([x])
    assert W.tolist() == [
        [0, -0.25, 0.25, -0.25],
        [-0.25, 0, -0.25, 0.25],
        [0.25, -0.25, 0, -0.25],
        [-0.25, 0.25, -0.25, 0],
    ]
    assert energy(W, x) == -1.5
    wrong = np.array([1, 1, 1, -1])
    assert energy(W, wrong) == 0
    done = recall([x], wrong)
    flip = next(step for step in done.steps if step.flipped)
    assert (flip.neuron, flip.field, flip.new, flip.energy) == (1, -0.75, -1, -1.5)
    assert done.end.tolist() == x.tolist()


@pytest.mark.parametrize("which", range(len(STORED)))
@pytest.mark.parametrize("seed", range(3))
def test_a_fifth_of_the_cells_may_be_wrong(which, seed):
    done = recall(STORED, damage(STORED[which], 0.2, seed), seed)
    assert done.ending == hopfield.FinalState("stored", (which,))
    assert done.settled


patterns_of_nine = st.lists(
    st.lists(st.sampled_from((-1, 1)), min_size=9, max_size=9).map(tuple), min_size=1, max_size=5, unique=True
)


@given(patterns_of_nine, st.lists(st.sampled_from((-1, 1)), min_size=9, max_size=9), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_energy_never_rises_and_is_the_formulas_at_each_step(stored, start, seed):
    done = recall(stored, np.array(start), seed)
    W = hebbian(stored)
    energies = [done.start_energy, *(step.energy for step in done.steps)]
    assert (np.diff(energies) <= 1e-12).all()
    assert all(step.energy == pytest.approx(energy(W, step.state), abs=1e-9) for step in done.steps)
    assert done.settled
    assert classify_state(stored, done.end).kind in ("stored", "inverse", "mixture", "other")


def test_the_inverse_is_a_memory_too():
    done = recall(STORED, -STORED[2])
    assert done.ending == hopfield.FinalState("inverse", (2,))
    assert not any(step.flipped for step in done.steps)


def test_a_mixture_of_three_random_patterns_is_stable_though_never_stored():
    x = np.random.default_rng(0).choice((-1, 1), size=(3, 400))
    mixture = np.sign(x.sum(axis=0))
    done = recall(x, mixture)
    assert done.ending.kind == "mixture"
    assert np.mean(done.end == mixture) > 0.97


def test_random_starts_reach_pictures_that_nobody_stored():
    counts = hopfield.count_attractors(STORED, 200)
    assert sum(counts.values()) == 200
    assert counts["stored"] > 20
    assert counts["inverse"] > 20
    assert counts["mixture"] > 0


def test_capacity_collapses_around_the_known_load():
    loads = hopfield.capacity(144)
    below = [load for load in loads if load.count < 0.1 * 144]
    above = [load for load in loads if load.count > 0.2 * 144]
    assert min(load.recalled for load in below) > 0.95
    assert max(load.recalled for load in above) < 0.5
    for load in loads:  # the crosstalk is Gaussian: the share of unstable cells is what erfc says
        deviation = np.sqrt(load.expected_unstable / (144 * load.count)) + 1e-3
        assert load.unstable == pytest.approx(load.expected_unstable, abs=6 * deviation)


def test_the_votes_of_the_patterns_are_the_field():
    done = recall(STORED, damage(STORED[0], 0.2, 0))
    step = next(step for step in done.steps if step.flipped)
    state = step.state.copy()
    state[step.neuron] = step.old
    x = np.array(STORED)
    votes = x[:, step.neuron] @ (x @ state / 49) - len(x) / 49 * step.old
    assert votes == pytest.approx(step.field)
    assert hopfield.tex(step.field) in hopfield.formula_with_digits(STORED, step)
    assert r"\tfrac{4}{49}" in hopfield.formula_with_digits(STORED, step)


@pytest.mark.parametrize(("start", "end"), [(damage(STORED[1], 0.1, 0), "cross"), (-STORED[0], "inverse")])
def test_the_question_is_answered_by_the_recall(start, end):
    asked = hopfield.question(STORED, start, NAMES)
    assert end in asked.options[asked.answer_index]


def test_keras_prints_the_same(run_snippet):
    snippet = hopfield.snippet(STORED, damage(STORED[0], 0.3, 1), 7, seed=3)
    assert run_snippet(snippet.code) == snippet.prints
    assert "energy" in snippet.prints


def test_the_largest_drawings_answer_at_once():
    rng = np.random.default_rng(0)
    x = rng.choice((-1, 1), size=(20, 144))
    seconds = []
    for seed in range(3):
        begin = time.thread_time()
        recall(x, damage(x[0], 0.1, seed), seed)
        hopfield.count_attractors(x, seed=seed)
        seconds.append(time.thread_time() - begin)
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: pattern([[0, 0], [0, 0]]),
        lambda: pattern([[1, 1], [1, 1]]),
        lambda: pattern([[0.5, 1], [1, 0]]),
        lambda: pattern([[float("nan"), 1], [1, 0]]),
        lambda: pattern(np.eye(13)),
        lambda: pattern([[0, 1]]),
        lambda: hebbian([]),
        lambda: hebbian([STORED[0], STORED[0]]),
        lambda: hebbian([STORED[0], np.array([1, -1])]),
        lambda: recall(STORED, np.array([1, -1])),
        lambda: damage(STORED[0], 1.5, 0),
        lambda: damage(STORED[0], 0.5, -1),
        lambda: hopfield.capacity(5),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()


def test_many_starts_at_once_end_where_each_ends_alone():
    S = np.random.default_rng(3).choice((-1, 1), size=(20, 49))
    together = hopfield._settle(np.array(STORED), S, 5)
    for start, end in zip(S, together, strict=True):
        assert np.array_equal(recall(STORED, start, 5).end, end)
