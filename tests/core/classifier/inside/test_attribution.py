import numpy as np
import pytest

from core.classifier.data.tokenizer import Tokenizer
from core.classifier.data.words import group_words, learn_words
from core.classifier.inference.classify import load_classifier
from core.classifier.inside.attribution import Explainer, deletion_test, log_odds
from core.errors import UserError
from tests.core.classifier.reviews import chinese, sentences

TEXT = "the food was great but the staff very slow and the soup near the old lamp"


@pytest.fixture(scope="module")
def explainer(run):
    return Explainer(load_classifier(run))


def test_log_odds_by_hand():
    logits = np.log([[0.7, 0.2, 0.1]])
    assert log_odds(logits, 0)[0] == pytest.approx(np.log(0.7 / 0.3))
    assert log_odds(2 * logits, 1, temperature=2.0)[0] == pytest.approx(np.log(0.2 / 0.8))


@pytest.mark.parametrize("target", [0, 1])
def test_integrated_gradients_sum_to_the_change_of_the_log_odds(explainer, target):
    found = explainer.integrated_gradients(TEXT, target)
    assert abs(found.missing) < 0.02 * max(1.0, np.abs(found.values).sum())


@pytest.mark.exhaustive
def test_they_do_so_where_pairs_are_read_and_a_first_token_gathers(chinese_run):
    explainer = Explainer(load_classifier(chinese_run))
    found = explainer.integrated_gradients("今天的菜很好吃，老板也很客气", 1)
    assert abs(found.missing) < 0.02 * max(1.0, np.abs(found.values).sum())
    apart = explainer.integrated_gradients("好", 1)
    np.testing.assert_allclose(apart.values + apart.missing, explainer.leave_one_out("好", 1).values, atol=1e-4)


def test_integrated_gradients_for_one_class_of_two_are_those_against_the_other(explainer):
    one, other = (explainer.integrated_gradients(TEXT, target).values for target in (0, 1))
    np.testing.assert_allclose(one, -other, atol=1e-4)


def test_the_telling_words_get_the_scores_with_the_right_sign(explainer):
    for method in (explainer.integrated_gradients, explainer.leave_one_out):
        found = method(TEXT, 1)
        scores = {token.text: value for token, value in zip(found.tokens, found.values, strict=True)}
        assert scores["great"] == max(scores.values())
        assert scores["slow"] == min(scores.values())


def test_leave_one_out_is_the_difference_of_two_answers(explainer):
    found = explainer.leave_one_out("great old lamp", 1)
    classifier = explainer.classifier
    p = classifier.probabilities(["great old lamp", "old lamp"])[:, 1]
    odds = np.log(p / (1 - p))
    assert found.values[0] == pytest.approx(odds[0] - odds[1], abs=1e-4)


def test_attention_has_every_block_and_head_and_sums_to_one(explainer):
    scores = explainer.attention("great old lamp")
    assert scores.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(scores.sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(explainer.mean_attention("great old lamp").values.sum(), 1, atol=1e-5)


@pytest.mark.exhaustive
def test_a_gathering_first_token_is_left_out_of_every_score(chinese_run):
    explainer = Explainer(load_classifier(chinese_run))
    text = "今天的菜很好吃"
    for scores in explainer.scores(text, 1):
        assert "".join(token.text for token in scores.tokens) == text
        assert len(scores.values) == 7
    assert explainer.attention(text).shape[-1] == 8


@pytest.mark.exhaustive
def test_removing_what_explains_lowers_the_answer_faster_than_chance(explainer):
    areas = {"integrated_gradients": [], "leave_one_out": [], "random": []}
    for text, label in sentences(24, seed=11):
        for item in deletion_test(explainer, text, int(label == "pos")):
            if item.name in areas:
                areas[item.name].append(item.area)
    for method in ("integrated_gradients", "leave_one_out"):
        assert np.mean(areas[method]) < np.mean(areas["random"]) - 0.1


def test_deletion_begins_with_the_whole_text_for_every_method(explainer):
    found = deletion_test(explainer, TEXT, 1)
    assert [item.name for item in found] == ["integrated_gradients", "leave_one_out", "attention", "random"]
    whole = explainer.classifier.probabilities([TEXT])[0, 1]
    for item in found:
        assert item.p[0] == pytest.approx(whole, abs=1e-5)
        assert len(item.p) == 16 // 2 + 1
        assert item.area == pytest.approx(item.p.mean())


def test_a_text_of_one_token_can_be_explained_and_one_of_none_is_one_sentence(explainer):
    assert explainer.leave_one_out("great", 1).values[0] > 0
    with pytest.raises(UserError, match="nothing to explain"):
        explainer.integrated_gradients("  ", 1)


def test_words_are_learned_from_characters_that_stand_together():
    tokenizer = Tokenizer("characters")
    words = learn_words([tokenizer(text) for text, _label in chinese(300)])
    assert {"好吃", "太慢", "失望"} <= set(words)
    text = "菜好吃 OK 太慢了失 望"
    tokens = tokenizer(text)
    groups = ["".join(tokens[at] for at in group) for group in group_words(tokens, tokenizer.spans(text), words)]
    assert groups == ["菜", "好吃", "ok", "太慢", "了", "失", "望"]


def test_groups_hold_every_token_once():
    tokens = list("好吃好吃吃")
    groups = group_words(tokens, [(at, at + 1) for at in range(5)], ["好吃", "吃好吃"])
    assert groups == [[0, 1], [2, 3], [4]]
