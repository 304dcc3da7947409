"""Parts of one's own on the command line: what is in them is never learned, and what was read is said."""

import hashlib
import random

import pytest

from core.classifier.data.prepare import prepare
from core.runs.store import find
from tests.core.commands.cli import run


def rows(count: int, seed: int) -> list[str]:
    draw = random.Random(seed)
    words = [
        "soup",
        "boat",
        "lamp",
        "road",
        "garden",
        "letter",
        "winter",
        "stone",
        "river",
        "bread",
        "candle",
        "market",
    ]
    return [f"{' '.join(draw.sample(words, 5))},{'pos' if n % 2 else 'neg'}" for n in range(count)]


def sums(data, part: str) -> set[str]:
    texts, labels = data.part(part)
    pairs = (f"{text},{data.classes[label]}" for text, label in zip(texts, labels, strict=True))
    return {hashlib.sha256(pair.encode()).hexdigest() for pair in pairs}


@pytest.fixture
def queued(monkeypatch):
    """A run that is made and not trained."""
    monkeypatch.setattr("core.commands.train.follow", lambda run: {"run": run.id})


def test_no_row_of_an_own_part_is_in_the_training_part(tmp_path, runs_folder, queued, capsys):
    mine, validation, test = rows(100, 0), rows(20, 1), rows(20, 2)
    files = {"mine": mine + validation[:10] + test[:10], "validation": validation, "test": test}
    for name, lines in files.items():
        (tmp_path / f"{name}.csv").write_text("text,label\n" + "\n".join(lines) + "\n")
    code, _out, err = run(
        capsys, "train", "classifier", "--csv", str(tmp_path / "mine.csv"), "--name", "own", "--validation-file",
        str(tmp_path / "validation.csv"), "--test-file", str(tmp_path / "test.csv"),
    )  # fmt: skip
    assert code == 0, err
    assert "Texts from “text”, labels from “label”" in err
    assert "separator: comma" in err
    assert "2 classes: “neg”, “pos”" in err
    made = find("own")
    assert [source.role for source in made.sources()] == ["train", "validation", "test"]
    data = prepare(made.sources(), made.options)
    assert (len(data.validation), len(data.test)) == (20, 20)
    assert not sums(data, "train") & (sums(data, "validation") | sums(data, "test"))
    assert len(data.train) > 60


def test_a_part_that_is_not_there_is_a_sentence(tmp_path, runs_folder, capsys):
    code, _out, err = run(capsys, "train", "classifier", "--csv", "sample:reviews", "--test-file", "nowhere.csv")
    assert code == 2
    assert "There is no file “nowhere.csv”" in err
