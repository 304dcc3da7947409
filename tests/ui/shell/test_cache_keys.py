"""What pages keep of a run is theirs only as long as the run stays what it was."""

import os
import shutil
from pathlib import Path

import pytest
import streamlit as st

from core.errors import UserError
from core.runs.run import Run
from ui.charlm import open_run as charlm_run
from ui.charlm import writing
from ui.classifier import cached_data
from ui.classifier import open_run as classifier_run
from ui.gan import drawing, latent_views
from ui.shell.cache_keys import data_key, model_key

DEMOS = Path(__file__).resolve().parents[3] / "saved_models"


@pytest.fixture
def demo(tmp_path: Path):
    st.cache_resource.clear()
    st.cache_data.clear()

    def copy(name: str) -> Run:
        return Run(Path(shutil.copytree(DEMOS / name, tmp_path / "run", dirs_exist_ok=True)))

    return copy


def touch(path: Path) -> None:
    """A change so soon after the one before that a coarse clock would not show it."""
    before = path.stat()
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


@pytest.mark.parametrize(
    ("name", "opened"),
    [
        ("demo-lighthouse", writing.writer_of),
        ("demo-lighthouse", charlm_run.opened_of),
        ("demo-reviews", classifier_run.classifier_of),
        ("demo-reviews", classifier_run.explainer_of),
        ("demo-digits", drawing.sampler_of),
    ],
)
def test_a_model_that_training_replaces_is_opened_anew(demo, name, opened):
    run = demo(name)
    first = opened(run)
    assert opened(run) is first
    touch(run.model_path)
    assert opened(run) is not first


def test_a_classifier_opened_before_the_end_is_calibrated_when_the_end_has_come(demo):
    run = demo("demo-reviews")
    answers = (run.path / "predictions.npz").read_bytes()
    (run.path / "predictions.npz").unlink()
    assert classifier_run.classifier_of(run).temperature == 1.0
    (run.path / "predictions.npz").write_bytes(answers)
    assert classifier_run.classifier_of(run).temperature != 1.0


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("demo-lighthouse", charlm_run.text_of),
        ("demo-lighthouse", charlm_run.tables_of),
        ("demo-reviews", cached_data.data_of),
        ("demo-reviews", cached_data.evaluation_of),
        ("demo-digits", latent_views._pictures),
    ],
)
def test_a_new_run_with_a_deleted_ones_id_has_its_own_data(demo, name, read):
    run = demo(name)
    first = read(run)
    shutil.rmtree(run.path)
    with pytest.raises(UserError, match="is gone"):
        read(run)
    again = demo(name)
    touch(again.path / "config.json")
    assert read(again) is not first


def test_only_what_changed_makes_a_new_key(demo):
    run = demo("demo-reviews")
    data, model = data_key(run), model_key(run)
    touch(run.path / "status.json")
    assert (data_key(run), model_key(run)) == (data, model)
    touch(run.path / "predictions.npz")
    assert data_key(run) == data
    assert model_key(run) != model
