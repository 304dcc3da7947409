import time
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UserError
from core.lab import gradients
from core.lab.chain import Chain, Parameters, Remedies, initial, task
from core.lab.gradients import _pass, compare, snippet, trace, train

KINDS = ("mlp", "rnn")
CURE = Remedies("relu", "keeping", True, True, 1.0)
SETTINGS = [
    Remedies(),
    Remedies("tanh", "keeping"),
    Remedies("relu", "keeping", batch_norm=True),
    Remedies("leaky_relu", "keeping", residual=True),
    CURE,
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("remedies", SETTINGS)
def test_the_way_back_is_the_numerical_gradient(kind, remedies):
    chain = Chain(kind, depth=4, units=3, remedies=replace(remedies, clip=None))
    x, y = task(chain)
    p = initial(chain)
    grads = _pass(chain, p, x, y)[1]
    for which, (value, gradient) in enumerate(zip(p, grads, strict=True)):
        for place in list(np.ndindex(value.shape))[:6]:
            losses = []
            for nudge in (1e-6, -1e-6):
                moved = [np.array(q, float) for q in p]
                moved[which][place] += nudge
                losses.append(_pass(chain, Parameters(*moved), x, y)[0].loss)
            assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(float(gradient[place]), abs=2e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("remedies", SETTINGS)
def test_keras_prints_the_same(run_snippet, kind, remedies):
    made = snippet(Chain(kind, remedies=remedies))
    assert run_snippet(made.code) == made.prints


@pytest.mark.parametrize("kind", KINDS)
def test_the_untreated_network_vanishes_and_each_remedy_does_what_the_notes_say(kind):
    seen = compare(Chain(kind))
    assert seen["none"].ratio < 1e-30
    for remedy in ("activation", "initialisation", "batch_norm"):
        assert seen[remedy].ratio > 1e5 * seen["none"].ratio
    assert seen["residual"].ratio == pytest.approx(1, rel=0.1)
    assert seen["clip"].ratio == seen["none"].ratio  # clipping shortens; it heals no vanishing
    assert 1e-2 < seen["all"].ratio < 1e2


def test_clipping_leaves_the_direction_and_only_the_norm_v():
    chain = Chain("rnn", scale=3.0, remedies=Remedies("relu", "keeping"))
    long, cut = trace(chain), trace(replace(chain, remedies=Remedies("relu", "keeping", clip=0.5)))
    assert long.norm > 0.5
    assert cut.clipped == pytest.approx(0.5)
    ratios = {round(c.weight_gradient / f.weight_gradient, 12) for c, f in zip(cut.blocks, long.blocks, strict=True)}
    assert len(ratios) == 1


def test_the_same_seed_draws_the_same_numbers_whatever_the_remedy():
    plain, kept = initial(Chain()), initial(Chain(remedies=CURE))
    np.testing.assert_allclose(plain.W / plain.W.std(), kept.W / kept.W.std())


def test_variance_keeping_weights_keep_the_spread_of_relu_layers():
    blocks = trace(Chain(depth=30, units=64, remedies=Remedies("relu", "keeping"))).blocks
    small = trace(Chain(depth=30, units=64, remedies=Remedies("relu", "small"))).blocks
    assert 0.1 < blocks[-1].spread / blocks[0].spread < 10
    assert small[-1].spread < 1e-20 * small[0].spread


def test_large_weights_explode_to_finite_numbers_even_at_the_limits():
    seen = trace(Chain(depth=100, units=64, scale=10, remedies=Remedies("relu", "keeping", residual=True, clip=1.0)))
    assert 1e90 < seen.ratio < np.inf
    assert seen.clipped == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_patient_does_not_learn_and_the_cured_does(kind):
    shares = []
    assert train(Chain(kind), 200, progress=shares.append).losses[-1] > 0.6
    cured = train(Chain(kind, remedies=CURE), 200)
    assert cured.losses[-1] < 0.1
    assert cured.accuracies[-1] == 1
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_an_exploding_network_says_where_it_left_the_finite_numbers():
    exploding = Chain("rnn", depth=60, scale=5, remedies=Remedies("relu", "keeping"))
    broken = train(exploding)
    assert broken.diverged is not None
    assert len(broken.losses) == broken.diverged
    assert np.isfinite(broken.losses).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("scale", "remedies", "answer"), [(1, Remedies(), 0), (1, CURE, 1), (5, Remedies("relu", "keeping"), 2)]
)
def test_the_question_knows_the_three_fates(kind, scale, remedies, answer):
    assert gradients.question(Chain(kind, scale=scale, remedies=remedies)).answer_index == answer


def test_the_formula_multiplies_to_what_arrives():
    assert r"^{19}" in gradients.formula_with_digits(Chain())
    assert r"\partial s_{20}" in gradients.formula_with_digits(Chain("rnn"))


def test_whole_numbers_may_come_as_floats_from_a_slider():
    assert trace(Chain(depth=5.0, units=4.0, seed=3.0)).loss == trace(Chain(depth=5, units=4, seed=3)).loss


def test_all_remedies_beside_each_other_answer_at_once():
    seconds = []
    for _ in range(3):
        start = time.thread_time()
        compare(Chain(depth=50, units=32))
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    "bad",
    [
        {"kind": "cnn"},
        {"depth": 1},
        {"depth": 101},
        {"units": 0},
        {"scale": float("nan")},
        {"seed": -1},
        {"remedies": Remedies("cube")},
        {"remedies": Remedies(initialisation="zeros")},
        {"remedies": Remedies(clip=0.0)},
        {"remedies": Remedies(clip=float("inf"))},
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        Chain(**bad)
