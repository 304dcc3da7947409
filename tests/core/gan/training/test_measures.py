"""Fréchet distance, feature extractor and memorisation, against other implementations and by hand."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg

from core.gan.config import GANConfig
from core.gan.data.prepare import Images, prepare
from core.gan.training import frechet
from core.gan.training.feature_extractor import FeatureExtractor, _nearest
from core.gan.training.memorization import measure_memorization, nearest, share_nearer_to_training
from core.sources import Source
from tests.core.gan.pictures import npz, shapes

RNG = np.random.default_rng(0)


def cloud(count, mean=0.0, scale=1.0, width=5, seed=0):
    mix = np.random.default_rng(9).normal(size=(width, width))
    return (np.random.default_rng(seed).normal(size=(count, width)) @ mix * scale + mean).astype(np.float32)


# Fréchet ------------------------------------------------------------------------------------------------------------
def test_the_distance_is_the_formula_with_scipys_matrix_root():
    one, two = cloud(300), cloud(400, 0.5, 1.3, seed=1)
    (m1, c1), (m2, c2) = ((x.mean(0), np.cov(x, rowvar=False)) for x in (one.astype(float), two.astype(float)))
    root = scipy.linalg.sqrtm(c1 @ c2).real
    expected = ((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * root)
    assert frechet.frechet_distance(one, two) == pytest.approx(expected, rel=1e-8)


def test_in_one_dimension_it_is_the_distance_of_means_and_of_deviations():
    one, two = (np.array([0.0]), np.array([[4.0]])), (np.array([3.0]), np.array([[1.0]]))
    assert frechet.distance(one, two) == pytest.approx(3**2 + (2 - 1) ** 2)


def test_a_feature_that_never_changes_does_no_harm():
    one = cloud(200)
    one[:, 2] = 1.0
    assert frechet.frechet_distance(one, one) == pytest.approx(0, abs=1e-9)


def test_weighted_moments_are_those_of_repeated_rows():
    x, times = cloud(50), RNG.integers(0, 4, 50)
    for found, expected in zip(frechet.moments(x, times), frechet.moments(np.repeat(x, times, 0)), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_the_interval_holds_the_value_that_many_more_pictures_give():
    shift = 0.4
    truth = frechet.frechet_distance(cloud(200_000, shift, seed=5), cloud(200_000, seed=6))
    held = 0
    for seed in range(10):
        one, two, three = (cloud(500, shift, seed=10 + seed), cloud(500, seed=30 + seed), cloud(900, seed=50 + seed))
        found = frechet.measure(one, two, three, seed)
        held += found.low <= truth <= found.high
        assert found.low <= found.value <= found.high
        assert found.floor < found.value
    assert held >= 7


def test_the_same_seed_gives_the_same_interval_and_counts_are_recorded():
    one, two = cloud(100), cloud(80, seed=1)
    assert frechet.measure(one, two, one, 3) == frechet.measure(one, two, one, 3)
    found = frechet.measure(one, two, one, 3).as_dict()
    assert (found["generated_count"], found["real_count"], found["seed"]) == (100, 80, 3)


# FeatureExtractor ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def images() -> Images:
    x, y = shapes(400, 16)
    return prepare([Source("s.npz", npz(x=x, y=y))], GANConfig(size=16))


@pytest.fixture(scope="module")
def feature_extractor(images) -> FeatureExtractor:
    return FeatureExtractor.train(images, seen=12_000)


def test_the_classifier_knows_the_classes_of_unseen_pictures(feature_extractor, images):
    assert feature_extractor.accuracy > 0.95
    assert np.mean(feature_extractor.read(images.held_x).modes == images.held_labels) == feature_extractor.accuracy
    np.testing.assert_allclose(feature_extractor.expected, 0.5, atol=0.02)


def test_features_are_the_same_however_many_pictures_are_read_at_once(feature_extractor, images):
    whole = feature_extractor.read(images.x).features
    parts = np.concatenate([feature_extractor.read(images.x[n : n + 50]).features for n in range(0, len(images.x), 50)])
    np.testing.assert_allclose(whole, parts, rtol=1e-4, atol=1e-4)


def test_a_generator_of_one_class_has_lost_the_other_and_is_far_away(feature_extractor, images):
    discs = images.x[images.labels == 0]
    reading = feature_extractor.read(discs)
    assert feature_extractor.covered(feature_extractor.shares(reading)).tolist() == [True, False]
    real = feature_extractor.read(images.held_x).features
    assert frechet.frechet_distance(reading.features, real) > 5 * frechet.frechet_distance(
        feature_extractor.read(images.x).features, real
    )


def test_a_kept_judge_judges_the_same(feature_extractor, images, tmp_path):
    feature_extractor.contents().write(tmp_path / "judge.npz")
    again = FeatureExtractor.load(tmp_path / "judge.npz")
    np.testing.assert_array_equal(feature_extractor.read(images.x[:20]).features, again.read(images.x[:20]).features)
    assert (again.names, again.accuracy) == (feature_extractor.names, feature_extractor.accuracy)
    np.testing.assert_array_equal(again.expected, feature_extractor.expected)


def test_a_damaged_judge_or_one_of_other_pictures_is_not_taken(images, feature_extractor, tmp_path):
    path = tmp_path / "judge.npz"
    path.write_bytes(b"not an archive")
    assert FeatureExtractor.kept(path, images) is None
    feature_extractor.contents().write(path)
    kept = FeatureExtractor.kept(path, images)
    assert kept is not None
    assert kept.accuracy == feature_extractor.accuracy
    assert FeatureExtractor.kept(path, replace(images, labels=None)) is None


@pytest.mark.exhaustive
def test_without_classes_features_need_no_labels_and_modes_are_groups():
    x, y = shapes(400, 16)
    images = prepare([Source("s.npz", npz(x=x))], GANConfig(size=16))
    feature_extractor = FeatureExtractor.train(images, seen=6000)
    assert feature_extractor.accuracy is None
    assert len(feature_extractor.names) == 10
    reading = feature_extractor.read(x)
    assert feature_extractor.shares(reading).sum() == pytest.approx(1)
    purity = sum(np.bincount(y[reading.modes == k], minlength=2).max() for k in range(10)) / len(y)
    assert purity > 0.65  # discs and bars tend to be in groups of their own
    blank = feature_extractor.read(RNG.integers(0, 256, x.shape).astype(np.uint8)).features
    real = feature_extractor.read(images.held_x).features
    assert frechet.frechet_distance(blank, real) > 3 * frechet.frechet_distance(
        feature_extractor.read(images.x).features, real
    )


def test_groups_are_by_the_nearest_centre():
    features, centres = RNG.normal(size=(2, 30, 4))
    expected = ((features[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    assert np.array_equal(_nearest(features, centres), expected)


# Memory -------------------------------------------------------------------------------------------------------------
def test_nearest_pictures_are_those_of_a_plain_search():
    some, among = RNG.integers(0, 256, (7, 6, 6)).astype(np.uint8), RNG.integers(0, 256, (40, 6, 6)).astype(np.uint8)
    away = np.sqrt(((some[:, None].astype(float) - among[None]) ** 2).mean((2, 3)))
    found = nearest(some, among)
    assert np.array_equal(found.place, away.argmin(1))
    np.testing.assert_allclose(found.distance, away.min(1), rtol=1e-4)


def test_copies_of_training_pictures_are_found_out():
    x, _ = shapes(900, 16)
    training, unseen = x[:300], x[300:600]
    copies = np.clip(training[:200].astype(int) + RNG.integers(-1, 2, training[:200].shape), 0, 255).astype(np.uint8)
    caught = measure_memorization(copies, training, unseen)
    assert caught.towards_training == 1
    assert caught.repeated > 0.9
    assert np.array_equal(caught.samples.place, np.arange(200))


def test_pictures_of_the_same_kind_that_nobody_copied_are_not_accused():
    x, _ = shapes(900, 16)
    honest = measure_memorization(x[600:], x[:300], x[300:600])
    assert abs(honest.towards_training - 0.5) < 4 * 0.5 / np.sqrt(300)


def test_nearness_compares_with_as_many_pictures_on_either_side():
    """Twenty times as many training pictures are nearer to anything; that alone must not look like copying."""
    x, _ = shapes(4000, 16)
    assert abs(share_nearer_to_training(x[3500:], x[:3000], x[3000:3150]) - 0.5) < 0.1
