import csv
import io
import json
import shutil

import keras
import numpy as np
import pytest

from core.classifier.inference import classify
from core.classifier.inference.classify import Classifier, classify_table, load_classifier
from core.classifier.training.metrics import fit_temperature, softmax
from core.commands.main import main
from core.errors import UserError
from core.runs.checkpoint import load_arrays
from core.runs.run import Run
from core.sources import Source
from tests.core.classifier.reviews import sentences, table


@pytest.fixture(scope="module")
def classifier(run):
    return load_classifier(run)


def test_probabilities_are_the_models_own_divided_by_the_fitted_temperature(classifier, run):
    arrays, _meta = load_arrays(run.path / "predictions.npz")
    temperature = fit_temperature(arrays["validation_logits"], arrays["validation_labels"])
    assert classifier.temperature == temperature
    numbers = classifier.encode(["the food was good"])[0]
    logits = np.asarray(keras.models.load_model(run.model_path)(numbers[None]))
    found = classifier.probabilities(["the food was good"])
    np.testing.assert_allclose(found, softmax(logits, temperature), atol=1e-4)
    assert classifier.answer("the food was good").label == "pos"


def test_a_text_gets_the_same_answer_alone_and_among_thousands(classifier, monkeypatch):
    monkeypatch.setattr(classify, "TOKENS", 1000)
    texts = [text for text, _label in sentences(1500, seed=3)]
    seen = []
    whole = classifier.probabilities(texts, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_allclose(whole[[3, 700]], classifier.probabilities([texts[3], texts[700]]), atol=1e-5)
    assert [total for _done, total in seen] == [1500] * len(seen)
    assert [done for done, _total in seen] == [512, 1024, 1500]


def test_tokens_say_what_is_unknown_and_what_is_cut(classifier):
    answer = classifier.answer("Good FOOD zyxq, " + "room " * 30)
    assert [token.text for token in answer.tokens[:4]] == ["good", "food", "zyxq", ","]
    assert [token.known for token in answer.tokens[:3]] == [True, True, False]
    assert "Good FOOD zyxq"[answer.tokens[1].start : answer.tokens[1].end] == "FOOD"
    assert answer.cut == len(answer.tokens) - 24
    assert answer.unknown == 2  # zyxq and the comma, which no review has


@pytest.mark.parametrize("text", ["", "  \n ", "🎉🎉", "zyxq qqqq", "word " * 100_000, "\x00\x01", "=cmd()"])
def test_any_text_gets_an_answer(classifier, text):
    answer = classifier.answer(text, threshold=0.999999)
    assert answer.probabilities.sum() == pytest.approx(1)
    assert not answer.sure


def test_a_text_of_two_megabytes_is_one_sentence(classifier):
    with pytest.raises(UserError, match=r"Text 1 has 2,000,000 characters, but at most 1,000,000"):
        classifier.answer("x" * 2_000_000)


def judged(classifier, source, **more):
    content = b"".join(classify_table(classifier, source, **more)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content)))


def test_a_file_comes_back_with_its_columns_and_the_answers(classifier):
    rows = [("the food was great", "=cmd()"), ("cold, rude\nand slow", "x"), ("", "")]
    out = io.StringIO()
    csv.writer(out).writerows([("text", "note"), *rows])
    header, *found = judged(classifier, Source("in.csv", out.getvalue().encode()))
    assert header == ["text", "note", "predicted", "confidence", "p(neg)", "p(pos)"]
    assert [row[2] for row in found] == ["pos", "neg"]
    assert found[0][1] == "'=cmd()"
    assert found[1][0] == "cold, rude\nand slow"
    for row in found:
        assert float(row[4]) + float(row[5]) == pytest.approx(1, abs=2e-4)
        assert float(row[3]) == max(float(row[4]), float(row[5]))


def test_the_column_of_the_texts_is_found_or_named(classifier):
    rows = "id,words\n1,the food was great and warm\n2,cold rude and slow staff\n"
    assert [row[2] for row in judged(classifier, Source("in.csv", rows.encode()))[1:]] == ["pos", "neg"]
    with pytest.raises(UserError, match="no column “body”; its columns are: “id”, “words”"):
        judged(classifier, Source("in.csv", rows.encode()), column="body")


def test_a_plain_file_has_a_text_a_line(classifier):
    found = judged(classifier, Source("in.txt", b"great, good, tasty\n\ncold and rude\n"))
    assert [row[1] for row in found[1:]] == ["pos", "neg"]


def test_below_the_threshold_the_label_is_empty(classifier):
    source = Source("in.txt", b"good tasty great food\nlamp\n")
    sure = judged(classifier, source)[1:]
    level = (float(sure[0][2]) + float(sure[1][2])) / 2
    assert [row[1] for row in judged(classifier, source, threshold=level)[1:]] == ["pos", ""]


def damaged(run, tmp_path, name, content):
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    (copy.path / name).write_text(content)
    return copy


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("labels.json", '{"classes": ["one"]}', r"no sound labels\.json"),
        ("labels.json", '{"classes": ["a", "b", "c"]}', "cannot be used"),
        ("vocabulary.json", "{}", r"vocabulary\.json is damaged"),
        ("model.keras", "nonsense", "cannot be used"),
    ],
)
def test_a_damaged_run_is_one_sentence(run, tmp_path, name, content, sentence):
    with pytest.raises(UserError, match=sentence):
        Classifier(damaged(run, tmp_path, name, content))


def test_a_run_without_a_model_is_one_sentence(run, tmp_path):
    copy = Run(shutil.copytree(run.path, tmp_path / "copy"))
    copy.model_path.unlink()
    with pytest.raises(UserError, match="no trained model yet"):
        load_classifier(copy)


# The command ----------------------------------------------------------------------------------------------------------
def test_the_command_judges_texts(run, capsys):
    assert main(["classify", str(run.path), "great food", "cold room", "--json", "--why"]) == 0
    answers = json.loads(capsys.readouterr().out.splitlines()[-1])["answers"]
    assert [item["label"] for item in answers] == ["pos", "neg"]
    assert [token for token, _value in answers[0]["why"]] == ["great", "food"]
    assert answers[0]["why"][0][1] > abs(answers[0]["why"][1][1])


def test_the_command_judges_a_file_and_leaves_no_half_of_one(run, tmp_path, capsys):
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(table(sentences(30, seed=4)).data)
    assert main(["classify", str(run.path), "--csv", str(source), "--output", str(output), "--json"]) == 0
    rows = list(csv.DictReader(io.StringIO(output.read_text("utf-8-sig"))))
    assert np.mean([row["label"] == row["predicted"] for row in rows]) > 0.9
    output.write_text("whole")
    source.write_text("")
    assert main(["classify", str(run.path), "--csv", str(source), "--output", str(output)]) == 2
    assert "is empty" in capsys.readouterr().err
    assert output.read_text() == "whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    "arguments", [[], ["text", "--csv", "a.csv"], ["--csv", "a.csv"], ["text", "--threshold", "2"]]
)
def test_the_command_says_in_one_sentence_what_is_missing(run, arguments, capsys):
    assert main(["classify", str(run.path), *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
