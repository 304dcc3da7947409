"""The run as a program of its own trains the same network, with nothing of this project on its path."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from core.bundles.program import script_files, use_script, write_script
from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import prepare
from core.charlm.inference.write import load_writer
from core.jobs.rerun import create_rerun
from core.jobs.worker import work
from core.runs.run import Run
from core.runs.store import create
from core.sources import Source
from core.training import snapshots
from tests.selection import sampled

TEXT = ("It was a dark night at the ferry; the lamp swung, and nobody came. 这是一个示例。" * 40).encode()
SMALL = {"units": 24, "embedding": 8, "window": 16, "batch_size": 4, "epochs": None, "steps": 60}


def python(folder: Path, *words: str) -> str:
    """Run it where `core` cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, text=True, env={"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_run(runs_folder, text: bytes = TEXT, **options) -> Run:
    return create(
        CharLMConfig(**SMALL | options), [Source("t.txt", text)], name='A "run"\\\u202e"""', directory=runs_folder
    )


@pytest.mark.parametrize(
    "options",
    sampled(
        [
            {"layers": 2, "dropout": 0.1, "reset": 0.05},
            {"cell": "gru", "batching": "windows", "optimizer": "adam", "schedule": "linear", "clip_norm": 0.0},
            {"cell": "rnn", "embedding": 0, "schedule": "constant", "warmup": 0.0},
        ]
    ),
)
def test_the_script_trains_the_very_network(runs_folder, tmp_path, options):
    from core.charlm.training.model import build

    run = a_run(runs_folder, **options)
    write_script(run, tmp_path / "alone")
    said = python(tmp_path / "alone", "train.py", "20")
    losses = [float(found) for found in re.findall(r"validation ([\d.]+) nats", said)]
    assert losses[-1] < losses[0]
    config, text = run.options, prepare(run.sources(), run.options)
    ours = build(config, len(text.vocabulary))
    theirs = keras.saving.load_model(tmp_path / "alone" / "model.keras")
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in ours.layers]
    assert [weight.shape for weight in theirs.get_weights()] == [weight.shape for weight in ours.get_weights()]
    ours.set_weights(theirs.get_weights())
    x = text.ids[None, :40]
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-5)


def test_it_reads_the_numbers_of_the_run(runs_folder, tmp_path):
    run = a_run(runs_folder, TEXT + "👨\u200d👩\u200d👧 ".encode() * 9)
    write_script(run, tmp_path / "alone")
    code = (tmp_path / "alone" / "train.py").read_text().split("train, validation")[0]
    found = {"__file__": str(tmp_path / "alone" / "train.py")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py"])
        exec(compile(code, "train.py", "exec"), found)
    np.testing.assert_array_equal(found["ids"], prepare(run.sources(), run.options).ids)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "options",
    [{"dropout": 0.3, "weight_dropout": 0.3}, {"cell": "gru", "optimizer": "adam", "weight_dropout": 0.2}],
    ids=["lstm", "gru"],
)
def test_600_steps_end_where_the_run_ends(runs_folder, tmp_path, options):
    text = (Path(__file__).parents[3] / "core/samples/text/ferry.txt").read_bytes()[:20_000]
    run = a_run(runs_folder, text, **{"steps": 600, "units": 48, "batch_size": 8, "precision": "float32"} | options)
    assert work(run).state == "finished"
    write_script(run, tmp_path / "alone")
    best = float(re.findall(r"best ([\d.]+)", python(tmp_path / "alone", "train.py"))[0])
    assert best == pytest.approx(run.report["best_value"], abs=0.05)


@pytest.mark.exhaustive
def test_a_branch_begins_from_the_same_weights(runs_folder, tmp_path):
    run = a_run(runs_folder, steps=8, units=8)
    assert work(run).state == "finished"
    branch = create_rerun(run, {"steps": 4, "learning_rate": 1e-9}, branch_from=snapshots.steps(run)[-1])
    write_script(branch, tmp_path / "alone")
    python(tmp_path / "alone", "train.py")
    learned = keras.saving.load_model(tmp_path / "alone" / "model.keras").trainable_variables
    for weight, (name, kept) in zip(learned, snapshots.load(run, snapshots.steps(run)[-1]).items(), strict=True):
        np.testing.assert_allclose(np.asarray(weight), kept, atol=1e-6, err_msg=name)


@pytest.mark.exhaustive
def test_a_few_lines_of_keras_write_with_the_model(runs_folder, tmp_path):
    run = a_run(runs_folder)
    assert work(run).state == "finished"
    (run.path / "use.py").write_text(use_script(run))
    written = python(run.path, "use.py", "It", "was")
    assert written.startswith("It was")
    assert len(written) > 90
    assert set(written) - {"\n"} <= {*load_writer(run).vocabulary.symbols}


def test_a_budget_in_seconds_that_was_never_measured_is_a_sentence(runs_folder):
    from core.errors import UserError

    with pytest.raises(UserError, match="let the run begin first"):
        script_files(a_run(runs_folder, seconds=5, steps=None))
