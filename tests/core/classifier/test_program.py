"""The run as a program of its own trains the same network, with nothing of this project on its path."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.bundles.program import use_script, write_script
from core.classifier.config import ClassifierConfig
from core.classifier.data.encode import encode
from core.classifier.data.prepare import prepare
from core.classifier.data.tokenizer import Vocabulary
from core.classifier.inference.classify import Classifier
from core.classifier.training.model import build
from core.classifier.training.train import make_task
from core.jobs.rerun import create_rerun
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.store import create
from core.training import snapshots
from core.training.state import record_task
from tests.core.classifier.reviews import chinese, sentences, table
from tests.selection import sampled


def python(folder: Path, *words: str) -> str:
    """Run it where `core` cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, text=True, env={"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reads_the_same(run: Run, folder: Path) -> None:
    """The script's own lines give every training text the numbers that the run gave it, and the same targets."""
    data = prepare(run.sources(), run.options)
    texts = [data.tokenizer(text) for text in data.part("train")[0]]
    ours = [
        found.tolist() for found in encode(texts, Vocabulary.from_json(run.read_json("vocabulary.json")), run.options)
    ]
    code = (folder / "train.py").read_text().split("\nFLOOR = ")[0]
    found: dict[str, Any] = {"__file__": str(folder / "train.py")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py"])
        exec(compile(code, "train.py", "exec"), found)
    theirs, targets = found["texts"]["train"], found["targets"]
    assert theirs == ours
    np.testing.assert_allclose(targets, make_task(run).steps.targets, atol=1e-4)


def same_network(run: Run, folder: Path) -> None:
    ours = build(run.options, len(Vocabulary.from_json(run.read_json("vocabulary.json"))), 2)
    theirs = keras.saving.load_model(folder / "model.keras")
    names = [layer.name for layer in ours.layers if layer.weights]
    assert [layer.name for layer in theirs.layers if layer.weights] == names
    ours.set_weights(theirs.get_weights())
    x = np.array([[3, 4, 5, 6, 1, 0, 0]])
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)


@pytest.mark.exhaustive
def test_the_script_learns_what_the_run_learned(run, tmp_path):
    write_script(run, tmp_path / "alone")
    said = python(tmp_path / "alone", "train.py")
    assert float(re.findall(r"test ([\d.]+)", said)[0]) >= run.report["test_accuracy"] - 0.08
    reads_the_same(run, tmp_path / "alone")
    same_network(run, tmp_path / "alone")


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (chinese(60), {"pooling": "first", "truncation": "middle", "max_tokens": 6, "ema": 0.0, "class_weights": True}),
        (
            [(f"{text} it’s ÉTÉ 👩‍🔧\r\n\"x\"", label) for text, label in sentences(60)],
            {"pooling": "max", "truncation": "start", "positions": "sinusoidal", "distillation": 0.0,
             "label_smoothing": 0.1, "informed_start": False, "bigram_buckets": 64, "word_dropout": 0.0,
             "dropout": 0.0, "lowercase": False, "max_tokens": 8},
        ),
    ],
)  # fmt: skip
def test_other_options_give_the_same_network_on_the_same_numbers(tmp_path, rows, options):
    small = {"width": 16, "heads": 2, "feed_forward": 16, "batch_size": 8, "epochs": None, "steps": 6}
    run = create(ClassifierConfig(**small | options), [table(rows)], name="r", directory=tmp_path / "runs")
    record_task(run, make_task(run))
    write_script(run, tmp_path / "alone")
    assert "best validation" in python(tmp_path / "alone", "train.py", "4")
    reads_the_same(run, tmp_path / "alone")
    same_network(run, tmp_path / "alone")


@pytest.mark.exhaustive
def test_a_branch_and_its_program_begin_from_the_same_weights(run, tmp_path):
    step = snapshots.steps(run)[-1]
    branch = create_rerun(run, {"steps": 2, "learning_rate": 1e-9}, branch_from=step)
    assert work(branch).state == "finished"
    write_script(branch, tmp_path / "alone")
    python(tmp_path / "alone", "train.py")
    for folder in (branch.path, tmp_path / "alone"):
        for weight, kept in zip(
            keras.saving.load_model(folder / "model.keras").weights, snapshots.load(run, step).values(), strict=True
        ):
            np.testing.assert_allclose(np.asarray(weight), kept, atol=1e-6, err_msg=weight.path)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "text"), sampled([("run", "the soup was awful and cold"), ("chinese_run", "今天的菜好吃满意")])
)
def test_a_few_lines_of_keras_judge_with_the_model(request, tmp_path, name, text):
    run = request.getfixturevalue(name)
    for file in ("model.keras", "vocabulary.json", "labels.json"):
        (tmp_path / file).write_bytes((run.path / file).read_bytes())
    (tmp_path / "use.py").write_text(use_script(run))
    first = python(tmp_path, "use.py", text).splitlines()[0]
    assert first.split()[1] == Classifier(run).answer(text).label
