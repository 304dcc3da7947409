import numpy as np
import pytest
from sklearn import metrics

from core.classifier.training import metrics as figures

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(400, 4)) * 2
Y = np.where(RNG.random(400) < 0.6, LOGITS.argmax(1), RNG.integers(0, 4, 400))
P = figures.softmax(LOGITS)
GUESSED = P.argmax(1)
POSITIVE = RNG.random(300) < 0.4
SCORE = np.round(POSITIVE * 0.5 + RNG.normal(size=300), 1)  # rounded: many rows share a score


def test_wilson_is_the_textbook_interval():
    # Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662; 0 of 20 gives 0 to 0.1611
    assert figures.wilson(81, 263) == pytest.approx((81 / 263, 0.2553, 0.3662), abs=5e-5)
    assert figures.wilson(0, 20) == pytest.approx((0, 0, 0.1611), abs=5e-5)
    assert figures.wilson(20, 20).high == 1


def test_wilson_covers_the_truth_about_95_times_in_100():
    hits = np.random.default_rng(1).binomial(50, 0.9, 4000)
    inside = [low <= 0.9 <= high for _value, low, high in (figures.wilson(int(k), 50) for k in hits)]
    assert 0.93 < np.mean(inside) < 0.98


def test_difference_of_paired_answers_by_hand():
    one = np.array([1] * 60 + [0] * 40, bool)
    other = np.array([1] * 50 + [0] * 10 + [1] * 4 + [0] * 36, bool)
    # 10 only right in one, 4 only in the other: 0.06 ± 1.96 √(14 − 36/100) / 100
    found = figures.difference(one, other)
    assert found == pytest.approx((0.06, 0.06 - 0.0724, 0.06 + 0.0724), abs=1e-4)
    assert figures.difference(one, one) == (0, 0, 0)


def test_confusion_and_the_rows_behind_its_cells():
    table = figures.confusion(Y, GUESSED, 4)
    np.testing.assert_array_equal(table, metrics.confusion_matrix(Y, GUESSED, labels=range(4)))
    for true in range(4):
        for predicted in range(4):
            rows = figures.rows_of_cell(Y, GUESSED, true, predicted)
            assert len(rows) == table[true, predicted]
            assert (Y[rows] == true).all()
            assert (GUESSED[rows] == predicted).all()


def test_precision_recall_and_f1_of_each_class():
    precision, recall, f1, support = metrics.precision_recall_fscore_support(Y, GUESSED, labels=range(4))
    found = figures.per_class(Y, GUESSED, 4)
    np.testing.assert_allclose([item.precision for item in found], precision)
    np.testing.assert_allclose([item.recall for item in found], recall)
    np.testing.assert_allclose([item.f1 for item in found], f1)
    assert [item.support for item in found] == support.tolist()
    assert figures.macro_f1(Y, GUESSED, 4) == pytest.approx(metrics.f1_score(Y, GUESSED, average="macro"))


def test_a_class_that_is_neither_there_nor_guessed_does_not_count():
    y, predicted = np.array([0, 0, 1]), np.array([0, 1, 1])
    assert figures.macro_f1(y, predicted, 5) == pytest.approx(metrics.f1_score(y, predicted, average="macro"))


def test_roc_and_average_precision_with_ties():
    found = figures.roc(POSITIVE, SCORE)
    assert found.area == pytest.approx(metrics.roc_auc_score(POSITIVE, SCORE))
    x, y, thresholds = metrics.roc_curve(POSITIVE, SCORE, drop_intermediate=False)
    np.testing.assert_allclose(found.x, x)
    np.testing.assert_allclose(found.y, y)
    np.testing.assert_allclose(found.thresholds, thresholds)
    assert figures.precision_recall(POSITIVE, SCORE).area == pytest.approx(
        metrics.average_precision_score(POSITIVE, SCORE)
    )


def test_cross_entropy_is_log_loss():
    assert figures.cross_entropy(LOGITS, Y) == pytest.approx(metrics.log_loss(Y, P, labels=range(4)))


def test_reliability_by_hand():
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.45, 0.55]])
    found = figures.reliability(p, np.array([0, 1, 0, 1]), bins=10)
    assert found.rows.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 2]
    assert found.ece == pytest.approx(0.25 * 0.45 + 0.25 * 0.35 + 0.5 * 0.45)


def test_probabilities_that_hold_have_no_calibration_error():
    rng = np.random.default_rng(2)
    p = rng.dirichlet([1, 1, 1], 40_000)
    y = (rng.random((40_000, 1)) > p.cumsum(1)).sum(1)
    assert figures.reliability(p, y).ece < 0.01


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_spoiled_logits_is_found(temperature):
    rng = np.random.default_rng(3)
    logits = rng.normal(size=(30_000, 3)) * 2
    y = (rng.random((30_000, 1)) > figures.softmax(logits).cumsum(1)).sum(1)
    assert figures.fit_temperature(logits * temperature, y) == pytest.approx(temperature, rel=0.03)


def test_a_few_rows_that_are_all_right_do_not_make_it_certain():
    logits = np.tile([[3.0, 0.0], [0.0, 3.0]], (10, 1))
    temperature = figures.fit_temperature(logits, np.tile([0, 1], 10))
    # 21 of 22 right, counting one more row of each class
    assert figures.softmax(logits, temperature)[0, 0] == pytest.approx(21 / 22, abs=1e-3)


def test_coverage_is_the_share_that_is_sure_enough():
    found = figures.coverage(P, Y, np.array([0.0, 0.5, 0.9]))
    for level, covered, accuracy in zip(*found, strict=True):
        sure = P.max(1) >= level
        assert covered == pytest.approx(sure.mean())
        assert accuracy == pytest.approx((GUESSED == Y)[sure].mean())
    assert np.isnan(figures.coverage(P, Y, np.array([1.0])).accuracy[0])


def test_mistakes_come_surest_first():
    found = figures.confident_mistakes(P, Y, 5)
    assert (GUESSED[found] != Y[found]).all()
    assert (np.diff(P[found].max(1)) <= 0).all()
    assert P[found[0]].max() == P[GUESSED != Y].max()
