import pytest

from core.gan.config import GANConfig
from core.gan.training.verdict import diagnose_training

NAMES = [str(n) for n in range(10)]
HEALTHY = {
    "g_loss": 0.8, "d_loss": 1.3, "d_real": 0.55, "d_fake": 0.45, "sign_real": 0.65, "sign_fake": 0.65, "g_grad": 0.5,
    "modes_covered": 10.0, "largest_share": 0.11, "towards_training": 0.5,
}  # fmt: skip


def rows(distances, **changes):
    """One row per evaluation, 1000 steps apart; `changes` are figures, or lists of them with one for each row."""
    found = []
    for n, distance in enumerate(distances):
        row = {"step": 1000 * (n + 1), **HEALTHY, "frechet_classifier_distance": distance}
        for key, value in changes.items():
            row[key] = value[n] if isinstance(value, list) else value
        found.append(row)
    return found


def feature_extractor(given, missing=(), ended=True, floor=1.0, **options):
    return diagnose_training(given, GANConfig(**options), NAMES, missing, floor, ended)


def only(found):
    assert len(found) == 1, found
    return found[0]


FALLING = [100.0, 60.0, 40.0, 30.0, 22.0, 16.0, 12.0, 9.0]
SETTLED = [100.0, 40.0, 20.0, 10.0, 9.9, 10.1, 9.9, 10.0]


def test_nothing_is_said_on_two_evaluations():
    assert feature_extractor(rows([50.0, 40.0])) == []
    assert feature_extractor([]) == []


def test_a_run_that_falls_is_told_to_go_on_or_that_it_should_have():
    assert only(feature_extractor(rows(FALLING), ended=False)).kind == "good"
    verdict = only(feature_extractor(rows(FALLING)))
    assert verdict.kind == "info"
    assert "more steps would help" in verdict.text
    assert "9.0" in verdict.evidence
    assert "1.0" in verdict.evidence


def test_a_settled_run_is_called_settled():
    assert "settled" in only(feature_extractor(rows(SETTLED))).text


def test_missing_digits_since_a_step_are_a_collapse_with_names():
    covered = [10.0, 10.0, 10.0, 7.0, 7.0, 7.0, 7.0, 7.0]
    verdict = feature_extractor(rows(SETTLED, modes_covered=covered, largest_share=0.4), missing=["2", "5", "9"])[0]
    assert verdict.kind == "bad"
    assert verdict.text == "3 of 10 kinds are missing since step 4,000: collapse."
    assert "2, 5, 9" in verdict.evidence
    assert "40%" in verdict.evidence
    assert verdict.changes["penalty"] == "r1"
    assert verdict.changes["penalty_weight"] > GANConfig().penalty_weight


def test_a_kind_that_is_missing_for_one_evaluation_only_is_no_collapse():
    covered = [5.0, 10.0, 10.0, 10.0, 10.0, 10.0, 10.0, 9.0]
    assert all(verdict.kind == "good" for verdict in feature_extractor(rows(SETTLED, modes_covered=covered)))


def test_missing_kinds_at_the_very_beginning_are_no_collapse():
    assert (
        only(feature_extractor(rows([300.0, 200.0, 100.0], modes_covered=[1.0, 4.0, 10.0]), ended=False)).kind == "good"
    )


@pytest.mark.parametrize(
    ("loss", "words", "change"),
    [
        ("minimax", "gets no gradient", {"loss": "non-saturating"}),
        ("non-saturating", "hardly how", {"instance_noise": 0.1}),
    ],
)
def test_a_discriminator_that_is_sure_for_long_starves_the_generator(loss, words, change):
    given = rows(SETTLED, d_fake=[0.4, 0.3] + [0.01] * 6, d_real=0.99, g_grad=1e-4)
    verdict = feature_extractor(given, loss=loss, penalty="off")[0]
    assert verdict.kind == "bad"
    assert "D(fake) at 0.01 for 5,000 steps" in verdict.text
    assert words in verdict.text
    assert verdict.changes.items() >= change.items()
    assert verdict.changes["penalty"] == "r1"


def test_a_discriminator_that_was_sure_for_a_moment_is_not_mentioned():
    given = rows(SETTLED, d_fake=[0.4, 0.01, 0.01, 0.01, 0.4, 0.4, 0.4, 0.4])
    assert all(verdict.kind == "good" for verdict in feature_extractor(given))


def test_guessing_is_balance_where_pictures_are_good_and_weakness_where_they_are_not():
    guessing = {"d_real": 0.5, "d_fake": 0.5, "sign_real": 0.5, "sign_fake": 0.5}
    assert only(feature_extractor(rows(SETTLED, **guessing))).kind == "good"
    verdict = feature_extractor(rows([200.0] * 8, **guessing))[0]
    assert verdict.kind == "warning"
    assert "too weak" in verdict.text
    assert verdict.changes["d_rate"] == 2


def test_learning_by_heart_is_seen_by_nearness_to_training_pictures():
    verdict = feature_extractor(rows(SETTLED, towards_training=[0.5, 0.5, 0.55, 0.6, 0.7, 0.8, 0.85, 0.9]))[0]
    assert "by heart since step 5,000" in verdict.text
    assert "90%" in verdict.evidence
    assert verdict.changes["dropout"] == pytest.approx(0.2)


def test_a_collapsed_generator_is_not_also_accused_of_learning_by_heart():
    found = feature_extractor(rows(SETTLED, towards_training=1.0, modes_covered=1.0, largest_share=1.0))
    assert not any("by heart" in verdict.text for verdict in found)


def test_a_run_that_went_bad_says_which_snapshot_is_kept():
    verdict = only(feature_extractor(rows([100.0, 30.0, 12.0, 9.0, 12.0, 20.0, 30.0, 40.0])))
    assert "step 4,000 is the one that is kept" in verdict.text


def test_roll_backs_are_told_with_a_smaller_rate():
    given = [*rows(SETTLED), {"step": 9000, "event": "The loss became nan at step 9000."}]
    verdict = next(one for one in feature_extractor(given) if "broke 1 times" in one.text)
    assert verdict.changes["learning_rate"] == GANConfig().learning_rate / 4
    assert "nan" in verdict.evidence


def test_every_remedy_is_a_set_of_valid_options():
    given = rows([200.0] * 8, d_fake=0.001, towards_training=0.95, modes_covered=[10.0] * 3 + [6.0] * 5)
    for options in ({}, {"loss": "minimax", "penalty": "off"}, {"penalty": "gradient"}, {"penalty_weight": 900.0}):
        for verdict in feature_extractor(given, **options):
            GANConfig(**GANConfig(**options).model_dump() | verdict.changes)
            assert bool(verdict.changes) == bool(verdict.action)
