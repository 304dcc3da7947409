"""Data-parallel training: two logical CPU devices share each batch and give the same result as one."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.backend import keras, tf
from core.classifier.config import ClassifierConfig
from core.classifier.training.model import build as classifier
from core.commands.main import main
from core.errors import UserError
from core.families import FAMILIES
from core.gan.config import GANConfig
from core.gan.training.model import Dropout, discriminator
from core.jobs.repeat_command import command
from core.runs.checkpoint import load_newest
from core.runs.keras_file import check_file
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import SAMPLES, sample
from core.schema import parse_options
from core.training import devices

ROOT = Path(__file__).resolve().parents[3]
PLAN = {"total_steps": 20, "log_every": 4, "eval_every": 8, "sample_every": 20, "checkpoint_every": 8}
# Odd batches, so that the two shares are unequal. Everything that is drawn or that a batch has in common is on.
SMALL: dict[str, dict[str, Any]] = {
    "charlm": {"units": 16, "layers": 2, "embedding": 8, "window": 12, "batch_size": 7, "dropout": 0.2}
    | {"weight_dropout": 0.2, "reset": 0.1},
    "classifier": {"width": 16, "heads": 2, "blocks": 1, "feed_forward": 16, "batch_size": 7, "dropout": 0.2}
    | {"word_dropout": 0.1, "ema": 0.9},
    "gan": {"generator": "32", "discriminator": "32", "latent": 8, "batch_size": 15, "dropout": 0.2, "norm": "batch"}
    | {"d_steps": 2, "penalty": "gradient", "penalty_every": 2, "instance_noise": 0.1, "ema": 0.9},
}


def begin(key: str, folder: Path, name: str, placement: Placement) -> Run:
    family = FAMILIES[key]
    sources = sample(next(name for name, item in SAMPLES.items() if item.family == key))
    sizes = family.data.sizes(sources, family.options())
    options = family.config.preset("quick", **sizes).model_dump() | SMALL[key]
    options |= {"steps": PLAN["total_steps"], "epochs": None, "seconds": None}
    run = create(parse_options(family.options, options), sources, name=name, directory=folder)
    run.write_json("plan.json", PLAN)
    placement.record(run)
    return run


# Eight trainings in a process of their own; on a slow hour they take minutes.
pytestmark = pytest.mark.timeout(1000)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Train each family on one device and on both; continue one on both; train one without a device name."""
    folder = tmp_path_factory.mktemp("devices")
    runs = {f"{key} {name}": begin(key, folder, f"{key} {name}", Placement(devices))
            for key in FAMILIES for name, devices in (("one", "cpu:1"), ("both", "all"))}  # fmt: skip
    runs["nowhere"] = begin("charlm", folder, "nowhere", Placement("cpu:0,gpu:7"))
    moved = runs["charlm one"].path  # the family that carries a state of its own for each row
    script = Path(__file__).with_name("share_a_batch.py")
    words = [sys.executable, script, *(run.path for run in runs.values()), "--moved", moved]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_NUM_INTRAOP_THREADS": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    runs["charlm moved"] = Run(moved.with_name(f"{moved.name}-moved"))
    assert all(run.status.state == "finished" for name, run in runs.items() if name != "nowhere"), done.stderr
    return runs


def curve(run: Run, key: str) -> list[float]:
    return [row[key] for row in run.metrics() if key in row]


LOSSES = {"charlm": ("loss", "val_loss", "grad_norm"), "classifier": ("loss", "val_loss", "grad_norm"),
          "gan": ("g_loss", "d_loss", "d_grad", "g_grad", "penalty")}  # fmt: skip


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", FAMILIES)
def test_two_devices_follow_the_curve_of_one_with_the_same_batch(key: str, trained: dict[str, Run]) -> None:
    one, both = trained[f"{key} one"], trained[f"{key} both"]
    for name in LOSSES[key]:
        expected = curve(one, name)
        assert len(expected) >= 2
        assert curve(both, name) == pytest.approx(expected, rel=1e-4, abs=1e-5), name
    assert curve(one, LOSSES[key][0])[0] != curve(one, LOSSES[key][0])[-1], "it learned"


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", FAMILIES)
def test_both_end_with_the_same_weights(key: str, trained: dict[str, Run]) -> None:
    found = [load_newest(trained[f"{key} {name}"].checkpoint_path) for name in ("one", "both")]
    assert found[0] is not None
    assert found[1] is not None
    (one, _meta), (both, _more) = found
    assert set(one) == set(both)
    for name, array in one.items():
        assert both[name] == pytest.approx(array, abs=1e-4 if name.startswith("optimizer/") else 1e-5), name


@pytest.mark.exhaustive
def test_a_run_begun_on_one_device_goes_on_on_two(trained: dict[str, Run]) -> None:
    moved, one = trained["charlm moved"], trained["charlm one"]
    for name in LOSSES["charlm"]:
        assert curve(moved, name) == pytest.approx(curve(one, name), rel=1e-4, abs=1e-5), name


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", FAMILIES)
def test_it_is_recorded_which_devices_shared_and_the_model_is_a_plain_one(key: str, trained: dict[str, Run]) -> None:
    both = trained[f"{key} both"]
    assert "2 devices share each batch: cpu:0, cpu:1." in both.report["notes"]
    assert not any("devices share" in note for note in trained[f"{key} one"].report["notes"])
    assert Placement.of(both) == Placement("all")
    check_file(both.model_path)


@pytest.mark.exhaustive
def test_a_device_that_is_not_there_ends_in_one_sentence(trained: dict[str, Run]) -> None:
    run = trained["nowhere"]
    assert run.status.state == "failed"
    assert run.status.error == (
        "There is no device “gpu:7” on this machine, which has cpu:0, cpu:1: choose others with --devices."
    )
    assert not run.has_checkpoint


@pytest.mark.parametrize("text", ["gpu", "gpu:", "tpu:0", "all,cpu:0", "cpu:0 cpu:1", "cpu:-1", "../etc", "cpu:0,"])
def test_what_names_no_device_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--devices all"):
        Placement(text)


def test_the_same_device_named_twice_is_one_and_kinds_are_not_mixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "available", lambda: {"GPU": ["GPU:0", "GPU:1"], "CPU": ["CPU:0"]})
    assert devices.resolve("gpu:1,gpu:1") == ["GPU:1"]
    assert devices.resolve("all") == ["GPU:0", "GPU:1"]
    assert devices.resolve("") == []
    with pytest.raises(UserError, match="one kind"):
        devices.resolve("cpu:0,gpu:0")


def test_one_device_hands_everything_back_as_it_was_given() -> None:
    alone = devices.Devices([], 5)
    batch = np.arange(5)
    assert alone.run(lambda x: alone.local_shard(x), batch) is batch
    assert alone.all_reduce(batch) is alone.mean(batch) is alone.all_gather(batch) is batch
    assert devices.Devices(["CPU:0", "CPU:1"], 1).several is False, "one row needs one device"


def test_the_command_line_says_so_before_a_run_is_made_and_repeats_what_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path))
    for text in ("gpu:99", "everything"):
        assert main(["train", "charlm", "--text", "sample:ferry", "--devices", text]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
    assert "--devices all" in command(begin("charlm", tmp_path, "asked", Placement("all")))


class Replica(devices.Devices):
    """One of two devices that share five rows, without the other."""

    def __init__(self, number: int) -> None:
        super().__init__([], 5)
        self._strategy, self.rows, self.number = object(), [2, 3], number

    @property
    def replica_index(self) -> int:
        return self.number


NETWORKS: dict[str, tuple[Callable[[], Any], np.ndarray, int]] = {
    "classifier": (lambda: classifier(ClassifierConfig(width=8, heads=2, dropout=0.4), 9, 2),
                   np.random.default_rng(0).integers(1, 9, (5, 6)), 1),
    "discriminator": (lambda: discriminator(GANConfig(size=16, discriminator="16", dropout=0.4), several=True),
                      np.random.default_rng(0).normal(size=(10, 16, 16)), 2),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_each_device_drops_its_rows_of_the_mask_that_one_device_draws(name: str) -> None:
    """A discriminator reads real and generated pictures one after another, each with the rows of the batch."""
    build, x, times = NETWORKS[name]

    def make() -> Any:
        keras.utils.set_random_seed(0)
        return build()

    one = make()
    wanted = [np.asarray(one(x, training=training)) for training in (True, True, False)]
    assert np.any(wanted[0] != wanted[1])
    for number, rows in enumerate(([0, 1], [2, 3, 4])):
        network = make()
        network.set_weights(one.get_weights())
        Replica(number).split_dropout(network)
        own = [at + 5 * turn for turn in range(times) for at in rows]
        for training, expected in zip((True, True, False), wanted, strict=True):
            np.testing.assert_allclose(network(x[own], training=training), expected[own], atol=1e-5)


def test_dropout_of_pictures_is_the_same_inside_and_outside_of_xla() -> None:
    inside, outside = (Dropout(0.4, outside_xla, seed=3) for outside_xla in (False, True))
    x = tf.ones((6, 50))
    compiled = tf.function(lambda x: inside(x, training=True), jit_compile=True, autograph=False)
    np.testing.assert_array_equal(compiled(x), outside(x, training=True))
