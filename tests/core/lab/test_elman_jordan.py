import numpy as np
import pytest

from core.errors import UserError
from core.lab import adam, elman_jordan
from core.lab.elman_jordan import KINDS, TASKS, Weights, bits, initial, loss_and_gradients, probe_memory, run, train


@pytest.fixture(scope="module")
def nets():
    return {(kind, task): train(kind, task) for kind in KINDS for task in TASKS}


def test_adam_steps_as_keras_does():
    import keras

    rng = np.random.default_rng(0)
    w = [rng.normal(size=(3, 2)), rng.normal(size=2)]
    variables = [keras.Variable(q, dtype="float64") for q in w]
    theirs = keras.optimizers.Adam(0.02, beta_1=0.5)
    theirs.build(variables)
    moments = adam.start(w)
    for _ in range(5):
        grads = [rng.normal(size=q.shape) for q in w]
        w, moments = adam.update(w, grads, moments, 0.02, beta_1=0.5)
        theirs.apply([keras.ops.convert_to_tensor(g) for g in grads])
    for ours, theirs_now in zip(w, variables, strict=True):
        np.testing.assert_allclose(ours, theirs_now.numpy(), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_way_back_through_time_is_the_numerical_gradient(kind):
    rng = np.random.default_rng(0)
    w = initial(kind, 3, seed=1)
    x, d = elman_jordan.strings("parity", 4, 5, 1, rng)
    grads = loss_and_gradients(kind, w, x, d)[1]
    for which, value in enumerate(w):
        for place in np.ndindex(value.shape):
            losses = []
            for nudge in (1e-6, -1e-6):
                moved = [q.copy() for q in w]
                moved[which][place] += nudge
                losses.append(loss_and_gradients(kind, Weights(*moved), x, d)[0])
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(grads[which][place], abs=1e-6)


def test_targets_by_hand():
    x = bits("011010")
    assert elman_jordan.targets("delay", x, 2).tolist() == [0, 0, 0, 1, 1, 0]
    assert elman_jordan.targets("parity", x, 2).tolist() == [0, 1, 0, 0, 1, 1]


@pytest.mark.exhaustive
def test_only_a_hidden_memory_solves_the_delay_and_both_solve_the_parity(nets):
    assert nets["elman", "delay"].accuracy == 1
    assert nets["jordan", "delay"].accuracy < 0.8
    assert nets["elman", "parity"].accuracy == 1
    assert nets["jordan", "parity"].accuracy == 1


def test_each_remembers_what_its_context_can_hold(nets):
    elman, jordan = probe_memory(nets["elman", "delay"]), probe_memory(nets["jordan", "parity"])
    assert min(elman.bits[:2]) > 0.99
    assert jordan.parity > 0.99
    assert max(jordan.bits) < 0.6


def test_wiping_the_context_once_spoils_the_parity_from_there_on(nets):
    net, x = nets["jordan", "parity"], bits("0100000000")
    whole, wiped = run(net, x), run(net, x, forget=6)
    assert [round(step.y) for step in whole] == [0] + [1] * 9
    assert [round(step.y) for step in wiped] == [0] + [1] * 4 + [0] * 5
    assert not wiped[5].m.any()


def test_the_question_is_answered_by_the_accuracies(nets):
    for task, answer in (("delay", 1), ("parity", 0)):
        assert elman_jordan.question(nets["elman", task], nets["jordan", task]).answer_index == answer


def test_the_formula_names_the_source_of_the_context(nets):
    x = bits("0110")
    assert "= h_{2}" in elman_jordan.formula_with_digits(nets["elman", "delay"], run(nets["elman", "delay"], x)[2])
    assert "= y_{2}" in elman_jordan.formula_with_digits(nets["jordan", "delay"], run(nets["jordan", "delay"], x)[2])


@pytest.mark.parametrize("kind", KINDS)
def test_keras_prints_the_same(run_snippet, nets, kind):
    x = bits("0110100111")
    snippet = elman_jordan.snippet(nets[kind, "parity"], x)
    assert run_snippet(snippet.code) == snippet.prints
    assert str(round(run(nets[kind, "parity"], x)[4].y, 3)) in snippet.prints


def test_progress_ends_at_one():
    shares = []
    train("elman", "delay", steps=50, progress=shares.append)
    assert shares[-1] == 1


@pytest.mark.parametrize(
    "bad",
    [
        lambda: bits("01a"),
        lambda: bits(""),
        lambda: bits("1"),
        lambda: bits("0" * 41),
        lambda: train("hopfield", "delay"),
        lambda: train("elman", "addition"),
        lambda: train("elman", "delay", units=0),
        lambda: train("elman", "delay", lag=6),
        lambda: train("elman", "delay", steps=float("nan")),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
