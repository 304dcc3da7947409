"""The run as a program of its own trains the same networks, with nothing of this project on its path."""

import io
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from core.bundles.program import script_files, use_script, write_script
from core.gan.config import GANConfig
from core.gan.data.prepare import prepare
from core.gan.training.model import discriminator, generator
from core.runs.run import Run
from core.runs.store import create
from core.sources import Source
from tests.core.gan.pictures import npz, shapes
from tests.selection import sampled

SMALL = {"size": 16, "latent": 4, "generator": "32-48", "discriminator": "32", "batch_size": 16, "epochs": None}


def python(folder: Path, *words: str) -> str:
    """Run it where `core` cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-I", *words], cwd=folder, capture_output=True, text=True, env={"TF_CPP_MIN_LOG_LEVEL": "3"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def a_run(folder, **options) -> Run:
    x, y = shapes(120, 16)
    config = GANConfig(**SMALL | {"steps": 12} | options)
    return create(config, [Source("shapes.npz", npz(x_train=x, y_train=y))], name="shapes", directory=folder)


def defined(run: Run, folder: Path) -> dict:
    """The names of the script's part before training begins."""
    write_script(run, folder)
    code = (folder / "train.py").read_text().split("\nfor step in range(")[0]
    found = {"__file__": str(folder / "train.py")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["train.py"])
        exec(compile(code, "train.py", "exec"), found)
    return found


@pytest.mark.parametrize(
    "options",
    sampled([
        {"penalty_every": 2, "instance_noise": 0.1, "dropout": 0.1, "d_steps": 2},
        {"conditional": False, "loss": "wasserstein", "penalty": "gradient", "discriminator_norm": "layer", "ema": 0.0,
         "schedule": "linear"},
        {"loss": "hinge", "penalty": "off", "norm": "layer", "discriminator_norm": "batch", "activation": "silu",
         "output": "sigmoid", "schedule": "constant", "warmup": 0.0},
    ]),
)  # fmt: skip
def test_the_networks_and_what_they_see_are_the_runs_own(tmp_path, options):
    run = a_run(tmp_path / "runs", **options)
    found, images = defined(run, tmp_path / "alone"), prepare(run.sources(), run.options)
    K = len(images.classes) if run.options.model_dump()["conditional"] else 0
    for build, name in ((generator, "g"), (discriminator, "d")):
        ours, theirs = build(run.options, K), found[name]
        assert [layer.name for layer in theirs.layers if layer.weights] == [
            layer.name for layer in ours.layers if layer.weights
        ]
        ours.set_weights(theirs.get_weights())
        rng = np.random.default_rng(0)
        x = [rng.normal(size=(3, *item.shape[1:])).astype("float32") for item in theirs.inputs]
        given = x if len(x) > 1 else x[0]
        np.testing.assert_allclose(ours.predict(given, verbose=0), theirs.predict(given, verbose=0), atol=1e-5)
    np.testing.assert_array_equal(found["images"], images.x)
    assert (found["labels"] is None) == (K == 0)


@pytest.mark.exhaustive
def test_the_script_learns_where_the_pictures_are_white(tmp_path):
    run = a_run(tmp_path / "runs", steps=400, learning_rate=2e-3, ema=0.9)
    write_script(run, tmp_path / "alone")
    python(tmp_path / "alone", "train.py")
    mean = prepare(run.sources(), run.options).x.mean(0)
    model = keras.saving.load_model(tmp_path / "alone" / "model.keras")
    noise = np.random.default_rng(1).normal(size=(200, 4)).astype("float32")
    drawn = (model.predict([noise, np.eye(2, dtype="float32")[np.arange(200) % 2]], verbose=0).mean(0) + 1) * 127.5
    assert np.abs(drawn - mean).mean() < 0.4 * np.abs(127.5 - mean).mean()
    assert Image.open(tmp_path / "alone" / "grid.png").size == (128, 128)


@pytest.mark.exhaustive
def test_a_few_lines_of_keras_draw_with_the_model(tmp_path):
    run = a_run(tmp_path / "runs")
    generator(run.options, 2).save(tmp_path / "model.keras")
    run.write_json("labels.json", {"classes": ["0", "1"], "names": ["0", "1"], "size": 16})
    (tmp_path / "use.py").write_text(use_script(run))
    python(tmp_path, "use.py")
    assert Image.open(tmp_path / "grid.png").size == (128, 128)


def test_the_pictures_go_along_as_plain_arrays(tmp_path):
    run = a_run(tmp_path / "runs")
    with np.load(io.BytesIO(script_files(run)["images.npz"]), allow_pickle=False) as file:
        assert file["x"].dtype == np.uint8
        assert set(file["labels"].tolist()) == {0, 1}
