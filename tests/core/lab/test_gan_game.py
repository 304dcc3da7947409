import time
from dataclasses import replace

import numpy as np
import pytest

from core.errors import UserError
from core.lab import gan_balance, gan_game
from core.lab.gan_balance import LOG4, at, evaluate_state
from core.lab.gan_game import LOSSES, SHAPES, Game, bars, cells, generate, play, start, step_d, step_g
from tests.selection import sampled

BUMPS = Game(SHAPES["two bumps"])
RING = Game(SHAPES["ring"])


@pytest.fixture(scope="module")
def played():
    return {loss: play(start(replace(BUMPS, loss=loss)), 2500) for loss in LOSSES}


def keras_nets(state):
    import keras

    def net(weights, activation):
        sizes = [len(b) for b in weights[1::2]]
        layers = [
            keras.layers.Dense(n, f, dtype="float64")
            for n, f in zip(sizes, (activation, activation, None), strict=True)
        ]
        made = keras.Sequential([keras.Input((state.game.dimension,), dtype="float64"), *layers])
        made.set_weights(weights)
        return made

    return net(state.D, lambda a: keras.ops.leaky_relu(a, gan_game.LEAK)), net(state.G, "tanh")


@pytest.mark.parametrize("game", [BUMPS, RING], ids=["one", "two"])
def test_every_gradient_is_the_one_that_keras_takes(game):
    import keras
    import tensorflow as tf

    state = play(start(game), 20)[-1]
    D, G = keras_nets(state)
    real, z, blur = gan_game._batch(state, 0)

    def made():
        return gan_game.REACH * keras.ops.tanh(G(z) / gan_game.REACH) + blur

    with tf.GradientTape(persistent=True) as tape:
        on_real, on_made = keras.ops.sigmoid(D(real)), keras.ops.sigmoid(D(made()))
        value = keras.ops.mean(keras.ops.log(on_real)) + keras.ops.mean(keras.ops.log(1 - on_made))
        down, losses = (
            -value,
            {
                "minimax": keras.ops.mean(keras.ops.log(1 - on_made)),
                "non-saturating": -keras.ops.mean(keras.ops.log(on_made)),
            },
        )
    np.testing.assert_allclose(np.array(made()) - blur, generate(state.G, z))
    ours = gan_game.d_gradients(state, real, generate(state.G, z) + blur)
    for mine, theirs in zip(ours, tape.gradient(down, D.trainable_variables), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-9)
    for loss in LOSSES:
        ours = gan_game.g_gradients(state, z, blur, loss)
        for mine, theirs in zip(ours, tape.gradient(losses[loss], G.trainable_variables), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-9)


@pytest.mark.parametrize("points", [[[0.0]], [[0.0, 0.0]]])
def test_at_the_balance_the_best_d_guesses_and_v_is_minus_log_4(points):
    state = start(Game(points))
    state = replace(state, G=tuple(np.zeros_like(w) for w in state.G), D=tuple(np.zeros_like(w) for w in state.D))
    view = evaluate_state(state)  # G makes only 0, which is the data: p_g = p_data
    np.testing.assert_allclose(view.best[~np.isnan(view.best)], 0.5)
    assert view.best_value == pytest.approx(-LOG4)
    assert view.value == pytest.approx(-LOG4)
    assert view.divergence == pytest.approx(0, abs=1e-9)
    assert [view.real, view.fake] == pytest.approx([0.5, 0.5])


def test_against_points_elsewhere_the_best_d_is_sure_and_v_is_nought():
    state = start(Game([[-2.0]]))
    biases = [np.zeros_like(w) for w in state.G]
    biases[-1] = biases[-1] + 2.0
    view = evaluate_state(replace(state, G=tuple(biases)))
    assert view.best_value == pytest.approx(0, abs=1e-6)
    assert view.divergence == pytest.approx(np.log(2), abs=1e-6)


def test_densities_by_hand():
    view = evaluate_state(start(Game([[-1.0], [1.0]], [1, 3], blur=0.2)))
    p = 0.75 / (0.2 * np.sqrt(2 * np.pi))
    assert at(start(BUMPS), view, [1.0])[0] == pytest.approx(p)
    assert view.p_data.sum() * (view.axis[1] - view.axis[0]) == pytest.approx(1)


@pytest.mark.parametrize("game", sampled([BUMPS, RING]), ids=["one", "two"])
def test_v_on_the_grid_is_v_on_many_drawn_points(game):
    state = play(start(game), 200)[-1]
    view, rng = evaluate_state(state), np.random.default_rng(0)
    n, d = 200_000, game.dimension
    real = game.points[rng.choice(len(game.points), n, p=game.weights)] + game.blur * rng.normal(size=(n, d))
    made = generate(state.G, rng.uniform(-1, 1, (n, d))) + game.blur * rng.normal(size=(n, d))
    on_real, on_made = (1 / (1 + np.exp(-gan_game.logits(state.D, x))) for x in (real, made))
    assert view.value == pytest.approx(np.log(on_real).mean() + np.log1p(-on_made).mean(), abs=0.01)
    assert view.real == pytest.approx(on_real.mean(), abs=0.005)
    assert view.fake == pytest.approx(on_made.mean(), abs=0.005)


@pytest.mark.parametrize("game", sampled([BUMPS, RING]), ids=["one", "two"])
def test_no_d_beats_the_best_one_and_training_d_alone_comes_near_it(game):
    state = play(start(game), 300)[-1]
    bound, values = evaluate_state(state).best_value, [evaluate_state(step_d(state, n)).value for n in (0, 50, 1000)]
    assert max(values) <= bound + 1e-9
    assert values[2] > values[0]
    assert bound - values[2] < 0.05


def test_d_steps_raise_v_and_g_steps_lower_it():
    state = start(BUMPS)
    before = evaluate_state(state).value
    assert evaluate_state(step_d(state, 20)).value > before
    learned = step_d(state, 100)
    assert evaluate_state(step_g(learned, 20)).value < evaluate_state(learned).value


@pytest.mark.exhaustive
@pytest.mark.parametrize("loss", sampled(LOSSES))
def test_the_game_comes_near_its_balance(played, loss):
    view = evaluate_state(played[loss][-1])
    assert view.best_value < -LOG4 + 0.08
    assert view.value == pytest.approx(-LOG4, abs=0.05)
    assert view.real == pytest.approx(0.5, abs=0.03)
    assert view.fake == pytest.approx(0.5, abs=0.03)
    assert np.mean(view.made < 0) == pytest.approx(0.5, abs=0.1)  # both bumps


def test_a_sure_d_stops_the_minimax_gradient_only():
    state = step_d(start(Game([[1.9]])), 2000)
    pulls = evaluate_state(state).pulls
    assert pulls["minimax"] < 0.1 * pulls["non-saturating"]
    D, minimax, other = gan_balance.gradient_curves()
    assert (minimax[0], other[0]) == (0, 1)
    np.testing.assert_allclose(minimax + other, 1)
    assert D[-1] == 1


def test_old_states_stay_as_they_were_and_the_same_seed_plays_the_same_game():
    first = start(BUMPS)
    before = [w.copy() for w in (*first.D, *first.G)]
    one, two = play(first, 5)[-1], play(start(BUMPS), 5)[-1]
    assert all(np.array_equal(a, b) for a, b in zip(before, (*first.D, *first.G), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip((*one.D, *one.G), (*two.D, *two.G), strict=True))
    other = play(start(replace(BUMPS, seed=1)), 5)[-1]
    assert not np.array_equal(one.G[0], other.G[0])


def test_a_step_moves_only_its_own_player():
    state = start(RING)
    assert step_d(state).G is state.G
    assert step_g(state).D is state.D
    assert (step_g(step_d(state, 2), 3).steps_d, step_g(step_d(state, 2), 3).steps_g) == (2, 3)


def test_drawn_bars_and_cells_become_points():
    points, weights = bars([0, 1, 0, 3])
    np.testing.assert_allclose(Game(points, weights).weights, [0, 0.25, 0, 0.75])
    drawing = np.zeros((5, 9))
    drawing[0, 8] = 1  # the upper right corner
    np.testing.assert_allclose(cells(drawing), [[1.8, 1.8]])


def test_progress_ends_at_one_and_the_last_state_is_kept():
    shares = []
    states = play(start(BUMPS), 55, keep=10, progress=shares.append)
    assert shares[-1] == 1
    assert states[-1].steps_d == states[-1].steps_g == 55


@pytest.mark.exhaustive
@pytest.mark.parametrize("who", ["D", "G"])
def test_the_question_is_answered_by_playing_on(played, who):
    for state in (played["minimax"][0], played["minimax"][-1]):
        asked = gan_balance.question(state, who)
        moved = (
            evaluate_state(step_d(state, 20) if who == "D" else step_g(state, 20)).value - evaluate_state(state).value
        )
        assert asked.answer_index == (2 if abs(moved) < 0.005 else int(moved < 0))


def test_the_formula_shows_the_best_d_beside_the_trained_one(played):
    state = played["minimax"][-1]
    view = evaluate_state(state)
    text = gan_balance.formula_with_digits(state, view, [1.0])
    assert gan_balance.tex(at(state, view, [1.0])[3]) in text
    assert "-1.386" in text
    assert "undefined" in gan_balance.formula_with_digits(state, view, [3.5])


@pytest.mark.parametrize("game", sampled([BUMPS, RING]), ids=["one", "two"])
def test_keras_prints_the_same(run_snippet, game):
    snippet = gan_balance.snippet(play(start(game), 100)[-1])
    assert run_snippet(snippet.code) == snippet.prints


def test_a_look_at_a_thousand_points_answers_at_once():
    rng = np.random.default_rng(0)
    state = start(Game(rng.uniform(-2, 2, (1000, 2)), units=32))
    seconds = []
    for _ in range(3):
        begin = time.thread_time()
        evaluate_state(step_g(step_d(state)))
        seconds.append(time.thread_time() - begin)
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Game([[3.0]]),
        lambda: Game([[float("nan")]]),
        lambda: Game([[0.0, 0.0, 0.0]]),
        lambda: Game([]),
        lambda: Game(np.zeros((1001, 1))),
        lambda: Game([[0.0]], [0.0]),
        lambda: Game([[0.0], [1.0]], [1.0, -1.0]),
        lambda: Game([[0.0]], blur=0.0),
        lambda: Game([[0.0]], loss="wasserstein"),
        lambda: Game([[0.0]], rate_d=float("inf")),
        lambda: bars([0, 0, 0]),
        lambda: bars([1]),
        lambda: bars([1, -1]),
        lambda: cells(np.zeros((8, 8))),
        lambda: cells(np.ones((2, 2))),
        lambda: step_d(start(BUMPS), -1),
        lambda: play(start(BUMPS), 0),
        lambda: gan_balance.question(start(BUMPS), "E"),
        lambda: at(start(BUMPS), evaluate_state(start(BUMPS)), [float("nan")]),
    ],
)
def test_bad_input_is_a_sentence(bad):
    with pytest.raises(UserError):
        bad()
