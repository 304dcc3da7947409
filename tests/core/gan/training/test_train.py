"""Whole runs through the loop that all families share, on pictures made here."""

import io
import json

import keras
import numpy as np
import pytest

from core.commands.main import main
from core.errors import UserError
from core.gan.config import GANConfig, cost, preset
from core.gan.data.prepare import prepare, sizes
from core.gan.inference.draw import load_sampler
from core.gan.training.evaluate import evaluate
from core.gan.training.feature_extractor import FeatureExtractor
from core.gan.training.model import discriminator, generator
from core.gan.training.train import GANTask, make_task
from core.gan.training.verdict import verdicts
from core.jobs.rerun import create_rerun
from core.runs.run import Run
from core.runs.status import Status
from core.runs.store import create
from core.sources import Source
from core.training import snapshots
from core.training.loop import Trainer
from tests.core.gan.pictures import npz, shapes, shapes_source

OPTIONS = GANConfig(
    size=16, latent=8, generator="32-32", discriminator="32", batch_size=16, learning_rate=2e-3, steps=600, epochs=None
)


@pytest.fixture(scope="module")
def feature_extractor():
    return FeatureExtractor.train(prepare([shapes_source(300, 16)], OPTIONS), seen=6000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def new_run(folder, feature_extractor, options=OPTIONS, sources=None, every=200):
    """A run whose judge is there and whose plan is made, as after a first start."""
    run = create(options, sources or [shapes_source(300, 16)], directory=folder, name="shapes")
    feature_extractor.contents().write(run.path / "judge.npz")
    cadence = {"log_every": every // 2, "eval_every": every, "sample_every": every, "checkpoint_every": every}
    run.write_json("plan.json", {"total_steps": options.steps, **cadence})
    return run


def train(run) -> GANTask:
    task = make_task(run)
    assert Trainer(run, task, Status()).fit() == "finished"
    return task


@pytest.fixture(scope="module")
def finished(folder, feature_extractor) -> Run:
    run = new_run(folder, feature_extractor)
    train(run)
    return run


def test_a_trained_run_is_nearer_to_the_real_pictures_than_at_its_start(finished, feature_extractor):
    task = make_task(finished)
    assert finished.report["frechet_classifier_distance"] < task.evaluate(0)["frechet_classifier_distance"] / 2


def test_the_report_holds_what_was_promised(finished):
    report = finished.report
    assert report["modes"] == 2
    assert sum(report["shares"].values()) == pytest.approx(1)
    assert report["frechet"]["low"] <= report["frechet_classifier_distance"] <= report["frechet"]["high"]
    assert report["frechet"]["real_count"] == report["held_out_pictures"] == 30
    assert 0 <= report["memory"]["towards_training"] <= 1
    for key in ("seconds", "throughput", "peak_memory_mb", "versions", "machine", "parameters", "judge_accuracy"):
        assert report[key] is not None, key


def test_metrics_hold_both_sides_of_the_game(finished):
    row = finished.metrics()[-1]
    for key in ("g_loss", "d_loss", "d_real", "d_fake", "sign_real", "sign_fake", "value", "g_grad", "d_grad"):
        assert isinstance(row[key], float), key
    assert "spread" not in row


def test_every_sample_is_from_the_same_noise_with_its_pictures_and_histogram(finished):
    first, last = finished.sample_steps()[0], finished.sample_steps()[-1]
    assert (first, last) == (0, 600)
    for step in (first, last):
        assert finished.sample(step, "grid.png").startswith(b"\x89PNG")
        with np.load(io.BytesIO(finished.sample(step, "pictures.npz")), allow_pickle=False) as file:
            assert file["pictures"].shape == (64, 16, 16)
        histogram = json.loads(finished.sample(step, "histogram.json"))
        assert histogram["names"] == ["0", "1"]
        assert sum(histogram["shares"]) == pytest.approx(1)


def test_columns_of_a_conditional_grid_are_classes(finished, feature_extractor):
    with np.load(io.BytesIO(finished.sample(600, "pictures.npz")), allow_pickle=False) as file:
        seen = feature_extractor.read(file["pictures"]).modes
    assert np.mean(seen == np.arange(64) % 2) > 0.8


def test_the_model_opens_with_plain_keras_and_draws_the_same(finished):
    sampler = load_sampler(finished)
    noise, shares = sampler.noise(5), sampler.shares(5)
    plain = keras.models.load_model(finished.model_path)([noise, shares]).numpy()
    np.testing.assert_allclose(plain, sampler.values(noise, shares), atol=1e-5)


def test_measuring_again_gives_figures_like_the_report_and_other_pictures_other_ones(finished):
    again_measured = evaluate(finished, seed=1)
    assert again_measured.keys() <= finished.report.keys()
    inverted = Source("w.npz", npz(x=255 - shapes(200, 16)[0].transpose(0, 2, 1)))
    other = evaluate(finished, [inverted])
    assert other["frechet"]["real_count"] > 100
    assert other["frechet_classifier_distance"] != again_measured["frechet_classifier_distance"]


def test_a_verdict_is_found_for_a_real_run(finished):
    assert len(verdicts(finished, finished.metrics())) >= 1


@pytest.mark.exhaustive
def test_a_stopped_run_continues_to_the_same_weights(folder, feature_extractor, monkeypatch):
    runs = [new_run(folder, feature_extractor, OPTIONS.model_copy(update={"steps": 60}), every=20) for _ in range(2)]
    whole = train(runs[0])
    task = make_task(runs[1])
    original = task.train

    def stop_in_the_middle(step, factors):
        if step == 30:
            runs[1].request_stop()
        return original(step, factors)

    monkeypatch.setattr(task, "train", stop_in_the_middle)
    assert Trainer(runs[1], task, Status()).fit() == "stopped"
    runs[1].clear_stop()
    fresh = make_task(runs[1])
    assert Trainer(runs[1], fresh, Status()).fit() == "finished"
    rows = [
        [{k: v for k, v in row.items() if k not in ("seconds", "throughput")} for row in run.metrics()] for run in runs
    ]
    assert rows[0] == rows[1]
    for (name, one), two in zip(whole.variables().items(), fresh.variables().values(), strict=True):
        assert np.array_equal(one, two), name


@pytest.mark.exhaustive
def test_a_branch_trains_on_from_the_kept_generator(finished, folder, feature_extractor):
    step = snapshots.steps(finished)[-1]
    branch = create_rerun(finished, {"steps": 1, "learning_rate": 1e-6}, branch_from=step)
    feature_extractor.contents().write(branch.path / "judge.npz")
    kept, trained = snapshots.load(finished, step), train(branch).variables()
    kernels = [name for name in kept if name.endswith("kernel")]
    assert len(kernels) == 6
    for name in kernels:
        now = trained[name.replace("model/generator", "state/generator")]
        np.testing.assert_allclose(np.asarray(now), kept[name], atol=1e-5, err_msg=name)


def test_a_discriminator_that_tells_nothing_apart_sends_the_loop_back(folder, feature_extractor, monkeypatch):
    task = make_task(new_run(folder, feature_extractor))
    figures = dict.fromkeys(("g_loss", "d_loss", "penalty"), 0.5)
    monkeypatch.setattr(task.steps, "train", lambda *given: figures | {"spread": 0.0})
    assert np.isnan(task.train(40, np.ones(1))["g_loss"])
    assert "same score" in task.sizes.notes[-1]
    monkeypatch.setattr(task.steps, "train", lambda *given: figures | {"spread": 0.1})
    assert task.train(40, np.ones(1))["g_loss"] == 0.5


def test_other_classes_than_before_are_refused(folder, feature_extractor):
    run = new_run(folder, feature_extractor)
    run.write_json("labels.json", {"classes": ["cat", "dog"], "names": ["cat", "dog"], "size": 16})
    with pytest.raises(UserError, match="other classes than when it began"):
        make_task(run)


@pytest.mark.exhaustive
def test_pictures_without_classes_train_a_network_that_is_told_none(folder):
    x, _ = shapes(120, 16)
    sources = [Source("x.npz", npz(x=x))]
    feature_extractor = FeatureExtractor.train(prepare(sources, OPTIONS), seen=500)
    run = new_run(folder, feature_extractor, OPTIONS.model_copy(update={"steps": 5}), sources, every=4)
    task = train(run)
    assert task.classes == 0
    assert any("no classes" in note for note in run.report["notes"])
    assert load_sampler(run).pictures(3).shape == (3, 16, 16)


@pytest.mark.parametrize("name", ["quick", "balanced", "best", "notes"])
def test_the_cost_counts_the_parameters_of_both_networks(name):
    for classes in (0, 10):
        options = preset(name, 60_000, classes)
        told = classes if options.conditional else 0
        count = generator(options, told).count_params() + discriminator(options, told).count_params()
        assert cost(options, 60_000, classes).parameters == count


def test_the_presets_are_asked_with_what_was_found():
    assert sizes([shapes_source(300, 16)], OPTIONS) == {"images": 270, "classes": 2}


# The command line ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", ["png", "npz", "gif", "webp"])
def test_the_command_draws_into_every_kind_of_file(finished, tmp_path, capsys, ending):
    target = tmp_path / f"drawn.{ending}"
    arguments = ["sample", str(finished.path), "--count", "4", "--output", str(target), "--frames", "3", "--json"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["output"] == str(target)
    magic = {"png": b"\x89PNG", "npz": b"PK", "gif": b"GIF8", "webp": b"RIFF"}[ending]
    assert target.read_bytes().startswith(magic)


def test_the_command_draws_one_class_from_a_seed(finished, tmp_path, feature_extractor):
    target = tmp_path / "ones.npz"
    arguments = ["sample", str(finished.path), "--count", "20", "--output", str(target), "--class", "1", "--seed", "3"]
    assert main(arguments) == 0
    with np.load(target, allow_pickle=False) as file:
        assert (file["classes"] == 1).all()
        assert np.array_equal(file["pictures"], load_sampler(finished).pictures(20, 3, "1"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--output", "a.txt"], "should end in .png"),
        (["--count", "0"], "“count” cannot be 0: choose a whole number from 1 to 10,000"),
        (["--class", "cat"], "no class “cat”"),
        (["--truncation", "0"], "“truncation” cannot be 0: choose a number from 0.05 to 100, or none"),
        (["--scale", "99"], "“scale” cannot be 99: choose a whole number from 1 to 16"),
        (["--output", "no/such/folder/a.png"], "cannot be written"),
    ],
)
def test_bad_arguments_end_in_one_sentence_and_code_2(finished, capsys, tmp_path, monkeypatch, arguments, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(["sample", str(finished.path), *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
