"""Measuring a run again from the command line."""

import json
import math
from pathlib import Path

import pytest

from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import prepare
from core.commands.main import main
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import sample


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An untrained network in a whole run folder."""
    from core.charlm.training.model import build

    config = CharLMConfig(units=8, embedding=4)
    made = create(config, sample("lighthouse"), name="light", directory=tmp_path_factory.mktemp("runs"))
    vocabulary = prepare(made.sources(), config).vocabulary
    made.write_json("vocabulary.json", vocabulary.to_json())
    build(config, len(vocabulary)).save(made.model_path)
    return made


def test_an_untrained_network_is_as_surprised_as_one_that_guesses(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", run.id, "--runs-dir", str(run.path.parent), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    symbols = len(run.read_json("vocabulary.json")["symbols"])
    assert found["val_loss_nats"] == pytest.approx(math.log(symbols), abs=0.05)
    assert found["val_bits_per_char"] == pytest.approx(found["val_loss_nats"] / math.log(2))
    assert found["characters"] == 5106


def test_another_text_is_measured_in_the_runs_own_characters(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.txt"
    other.write_text("The lamp was lit, and the boat came home.\n" * 30)
    assert main(["evaluate", run.id, "--text", str(other), "--runs-dir", str(run.path.parent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["characters"] == 42 * 30


def test_data_of_another_family_is_refused_in_one_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", run.id, "--images", "x.npz", "--runs-dir", str(run.path.parent)]) == 2
    assert "--text, not on --images" in capsys.readouterr().err
