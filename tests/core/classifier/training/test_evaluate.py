import shutil

import numpy as np
import pytest
from sklearn import metrics

from core.classifier.commands import evaluate
from core.classifier.config import ClassifierConfig
from core.classifier.data.prepare import prepare
from core.classifier.training.evaluate import Evaluation, find_label_issues, load_evaluation, verdicts
from core.classifier.training.metrics import best_linear
from core.errors import UserError
from core.runs.run import Run
from tests.core.classifier.reviews import sentences, table


def test_the_kept_answers_fit_their_texts(run):
    found = load_evaluation(run)
    labels = dict(sentences(400))
    assert len(found.texts) == 40
    assert [found.classes[number] for number in found.y] == [labels[text] for text in found.texts]
    assert found.accuracy.value == run.report["test_accuracy"]
    assert set(found.baselines) == set(run.report["baselines"])


def test_the_summary_is_that_of_scikit_learn(run):
    found = load_evaluation(run, "validation")
    summary = found.summary()
    assert summary["loss"] == pytest.approx(metrics.log_loss(found.y, found.p), rel=1e-5)
    assert summary["roc_auc"] == pytest.approx(metrics.roc_auc_score(found.y, found.p[:, 1]))
    assert summary["macro_f1"] == pytest.approx(metrics.f1_score(found.y, found.predicted, average="macro"))
    assert summary["accuracy_interval"][0] <= summary["accuracy"] <= summary["accuracy_interval"][1]


def test_a_file_with_labels_is_judged_and_strange_labels_are_one_sentence(run, tmp_path):
    path = tmp_path / "new.csv"
    path.write_bytes(table(sentences(60, seed=8)).data)
    found = evaluate(run, str(path))
    assert found["rows"] == 60
    assert found["accuracy"] > 0.9
    path.write_bytes(table(sentences(60, seed=8, labels=("no", "yes"))).data)
    with pytest.raises(UserError, match="“no” is none of the run's classes, which are: “neg”, “pos”"):
        evaluate(run, str(path))


def test_a_run_without_final_figures_is_one_sentence(run, tmp_path):
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    (copy.path / "predictions.npz").unlink()
    with pytest.raises(UserError, match="no final figures yet"):
        load_evaluation(copy)


def test_wrong_labels_are_the_first_suspects():
    rows = sentences(300)
    wrong = {5, 50, 120, 201, 250}
    spoiled = [
        (text, {"pos": "neg", "neg": "pos"}[label] if at in wrong else label) for at, (text, label) in enumerate(rows)
    ]
    data = prepare([table(spoiled)], ClassifierConfig())
    seen = []
    found = find_label_issues(data, count=8, progress=lambda done, of: seen.append((done, of)))
    assert wrong <= {item.place for item in found}
    first = found[0]
    assert (first.given, first.suggested) == (spoiled[first.place][1], rows[first.place][1])
    assert first.p_suggested > first.p_given
    assert first.name == str(first.place + 2)
    assert seen[-1] == (5, 5)


def judged(right, baseline_right, total=400):
    y = np.zeros(total, int)
    logits = np.stack([np.ones(total), np.zeros(total)], 1)
    logits[right:] = logits[right:, ::-1]
    baseline = np.r_[np.zeros(baseline_right, int), np.ones(total - baseline_right, int)]
    given = {"majority": y, "tfidf": baseline}
    return Evaluation(["a", "b"], [""] * total, [""] * total, y, logits, 1.0, given, {"tfidf": "TF-IDF"})


@pytest.mark.parametrize(
    ("right", "baseline", "kind", "words"),
    [
        (360, 300, "good", "network is better"),
        (300, 360, "warning", "linear baseline is better on this data. 1,200 texts are few for a Transformer"),
        (330, 331, "info", "as good as each other"),
    ],
)
def test_the_verdict_is_honest(right, baseline, kind, words):
    (found,) = verdicts(judged(right, baseline), rows=1200)
    assert found.kind == kind
    assert words in found.text
    assert f"{right / 400:.1%} of 400 test rows" in found.text
    assert "TF-IDF" in found.evidence


def test_the_linear_baseline_is_chosen_on_validation_and_reported_on_test():
    """Where the test part would choose another one, the run, Evaluate and the verdict still name the same."""
    y = np.array([0, 1] * 20)
    right, mostly = y.copy(), y.copy()
    mostly[:6] = 1 - mostly[:6]
    found = Evaluation(
        ["a", "b"], [], [], y, np.eye(2)[mostly] * 3, 1.0,
        {"majority": np.zeros_like(y), "by-validation": mostly, "by-test": right},
        {"by-validation": "Chosen", "by-test": "Better on test"},
        {"majority": 0.99, "by-validation": 0.9, "by-test": 0.8},
    )  # fmt: skip
    assert found.best_linear == "by-validation" == best_linear(found.baseline_val_accuracy)
    assert found.summary()["best_linear_baseline"] == "by-validation"
    assert verdicts(found, 5000)[0].evidence.startswith("Chosen: 85.0%")
    assert best_linear({"majority": 1.0}) is None


def test_a_runs_evaluation_and_report_name_the_same_linear_baseline(run):
    found, known = load_evaluation(run), run.report["baselines"]
    assert found.best_linear == best_linear({name: item["val_accuracy"] for name, item in known.items()})
    assert found.accuracy_of(found.best_linear) == pytest.approx(known[found.best_linear]["test_accuracy"])
