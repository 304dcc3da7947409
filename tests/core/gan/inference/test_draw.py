import keras
import numpy as np
import pytest

from core.errors import UserError
from core.gan.config import GANConfig
from core.gan.inference.draw import ImageSampler, analogy, interpolate_frames, interpolate_linear, interpolate_spherical
from core.gan.training.model import generator, to_pixels

OPTIONS = GANConfig(size=16, latent=8, generator="32-32", norm="batch")


@pytest.fixture(scope="module")
def sampler():
    keras.utils.set_random_seed(1)
    return ImageSampler(OPTIONS, [], generator(OPTIONS))


@pytest.fixture(scope="module")
def knowing():
    keras.utils.set_random_seed(2)
    return ImageSampler(OPTIONS, ["cat", "dog", "7"], generator(OPTIONS, 3))


def linear(weights):
    """A generator of one layer, near 0, so that its directions are those of its weights."""
    options = GANConfig(size=16, latent=4, generator="1")
    noise = keras.Input((4,))
    out = keras.layers.Dense(256, activation="tanh", name="only")(noise)
    model = keras.Model(noise, keras.layers.Reshape((16, 16))(out))
    model.get_layer("only").set_weights([weights, np.zeros(256)])
    return ImageSampler(options, [], model)


def test_a_seed_always_draws_the_same_pictures_however_many_are_drawn_at_once(sampler):
    many = sampler.pictures(600, seed=5)
    assert many.shape == (600, 16, 16)
    assert many.dtype == np.uint8
    assert abs(sampler.pictures(600, seed=5).astype(int) - many).max() == 0
    assert abs(sampler.draw(sampler.noise(600, 5)[550:]).astype(int) - many[550:]).max() <= 1
    assert not np.array_equal(sampler.pictures(600, seed=6), many)


def test_truncation_cuts_the_tails_and_leaves_the_rest_as_it_was(sampler):
    whole, cut = sampler.noise(500, 3), sampler.noise(500, 3, truncation=0.7)
    assert np.abs(cut).max() <= 0.7
    kept = np.abs(whole) <= 0.7
    assert np.array_equal(whole[kept], cut[kept])
    assert abs(cut.mean()) < 0.05


def test_a_class_is_chosen_by_name_first_and_by_number(knowing):
    assert np.array_equal(knowing.shares(2, "dog"), [[0, 1, 0]] * 2)
    assert np.array_equal(knowing.shares(2, 0), [[1, 0, 0]] * 2)
    assert np.array_equal(knowing.shares(1, 7), [[0, 0, 1]])
    assert np.array_equal(knowing.shares(4), np.eye(3)[[0, 1, 2, 0]])
    assert np.array_equal(knowing.shares(1, [0.5, 0.5, 0]), [[0.5, 0.5, 0]])


def test_the_class_changes_the_picture(knowing):
    noise = knowing.noise(4)
    assert not np.array_equal(
        knowing.draw(noise, knowing.shares(4, "cat")), knowing.draw(noise, knowing.shares(4, "dog"))
    )


@pytest.mark.parametrize("choice", ["bird", 3, -1, [1.0], [np.nan, 0, 0]])
def test_a_class_that_is_not_there_is_refused(knowing, choice):
    with pytest.raises(UserError, match=r"class|share"):
        knowing.shares(1, choice)


def test_a_run_without_classes_has_none_to_choose(sampler):
    assert sampler.shares(5) is None
    with pytest.raises(UserError, match="knows no classes"):
        sampler.shares(5, 0)


@pytest.mark.parametrize(("count", "truncation"), [(0, None), (10_001, None), (-1, None), (1, 0.0), (1, float("nan"))])
def test_limits_hold_in_core(sampler, count, truncation):
    with pytest.raises(UserError, match="choose a"):
        sampler.noise(count, 0, truncation)


def test_the_ends_of_a_walk_are_its_ends():
    one, two = np.random.default_rng(0).normal(size=(2, 8)).astype(np.float32)
    for walk in (interpolate_linear, interpolate_spherical):
        path = walk(one, two, 9)
        assert path.shape == (9, 8)
        np.testing.assert_allclose(path[[0, -1]], [one, two], atol=1e-5)
    np.testing.assert_allclose(interpolate_linear(one, two, 3)[1], (one + two) / 2, atol=1e-6)


def test_a_spherical_walk_keeps_the_length_and_turns_evenly():
    one, two = np.eye(8, dtype=np.float32)[:2] * 3
    path = interpolate_spherical(one, two, 7)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 3, rtol=1e-5)
    turns = np.arccos(np.clip((path[1:] * path[:-1]).sum(1) / 9, -1, 1))
    np.testing.assert_allclose(turns, np.pi / 2 / 6, rtol=1e-3)
    assert np.linalg.norm(interpolate_linear(one, two, 3)[1]) < 2.2


@pytest.mark.parametrize("two", [[1, 0], [2, 0], [-1, 0], [0, 0]], ids=["same", "longer", "opposite", "nothing"])
def test_a_spherical_walk_between_parallel_points_is_finite(two):
    path = interpolate_spherical(np.array([1, 0], np.float32), np.array(two, np.float32), 5)
    assert np.isfinite(path).all()
    np.testing.assert_allclose(path[-1], two, atol=1e-6)


def test_a_film_that_is_too_long_is_refused():
    with pytest.raises(UserError, match="too long"):
        interpolate_frames(np.zeros((200, 2)), np.ones((200, 2)), 600)
    assert interpolate_frames(np.zeros((3, 2)), np.ones((3, 2)), 5, interpolate_linear).shape == (5, 3, 2)


def test_analogies_add_what_a_has_more_than_b():
    np.testing.assert_array_equal(analogy(np.array([5, 1]), np.array([3, 1]), np.array([10, 10])), [12, 10])


def test_principal_directions_of_a_linear_generator_are_its_singular_vectors():
    rng = np.random.default_rng(4)
    left, right = np.linalg.qr(rng.normal(size=(4, 4)))[0], np.linalg.qr(rng.normal(size=(256, 4)))[0]
    sizes = np.array([0.04, 0.02, 0.01, 0.005])
    sampler = linear((left * sizes) @ right.T)
    vectors, strengths = sampler.directions
    np.testing.assert_allclose(np.abs((vectors * left.T).sum(1)), 1, atol=0.01)
    np.testing.assert_allclose(strengths, sizes / np.sqrt(256) * 255 / 2, rtol=0.05)


def test_the_first_direction_changes_pictures_more_than_the_last(sampler):
    noise = sampler.noise(50, 9)
    first, last = (
        np.abs(sampler.values(noise + sampler.directions[0][n] / 2) - sampler.values(noise)).mean() for n in (0, 7)
    )
    assert first > 2 * last


def test_the_noise_of_a_picture_that_it_drew_is_found_again(sampler):
    picture = sampler.pictures(3, seed=77)[1]
    found = sampler.find_latent(picture)
    guess = np.sqrt(((sampler.pictures(2000, seed=0).astype(float) - picture) ** 2).mean((1, 2))).min()
    assert found.difference < guess / 2
    assert np.array_equal(found.picture, sampler.draw(found.noise[None])[0])


def test_the_class_of_a_picture_that_it_drew_is_found_too(knowing):
    noise = knowing.noise(1, 31)
    found = knowing.find_latent(knowing.draw(noise, knowing.shares(1, "dog"))[0])
    assert found.shares.tolist() == [0, 1, 0]


def test_pictures_are_in_the_range_of_the_output(sampler):
    noise = sampler.noise(3)
    assert np.array_equal(sampler.draw(noise), to_pixels(sampler.values(noise), "tanh"))
