"""Event files for TensorBoard hold the figures, steps and times of the training, and its samples."""

import shutil
import struct
from pathlib import Path

import pytest

from core.backend import tf
from core.exports import export
from core.runs.store import DEFAULT_DIR, find

DEMO = ("demo-lighthouse", "demo-reviews", "demo-digits")
OLD = Path(__file__).parents[2] / "fixtures/v0/runs"
OLD_RUNS = ("witness-text", "witness-table", "witness-pictures")


def events(folder):
    """(part, event) of every record; TensorFlow checks the sums of each."""
    found = []
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        for record in tf.data.TFRecordDataset(str(path)):
            found.append((path.parent.name, tf.compat.v1.Event.FromString(record.numpy())))
    return found


@pytest.mark.parametrize("name", DEMO + OLD_RUNS)
def test_every_figure_is_a_scalar_of_its_step_and_time(name, tmp_path):
    if name in OLD_RUNS:
        shutil.copytree(OLD / name, tmp_path / "runs" / name)
    run = find(name, tmp_path / "runs" if name in OLD_RUNS else DEFAULT_DIR)
    written = export(run, "tensorboard", tmp_path / "logs")
    assert [file.split("/")[0] for file in written.files] == ["train", "validation"][: len(written.files)]
    scalars = {}
    kinds = set()
    for part, event in events(tmp_path / "logs"):
        for value in event.summary.value:
            kinds.add(value.metadata.plugin_data.plugin_name)
            if value.metadata.plugin_data.plugin_name == "scalars":
                scalars[part, value.tag, event.step] = (float(tf.make_ndarray(value.tensor)), event.wall_time)
    began = run.status.started_at or run.created
    count = 0
    for row in run.metrics():
        for key, figure in row.items():
            if key in ("step", "seconds") or not isinstance(figure, int | float):
                continue
            part = "validation" if key.startswith("val_") else "train"
            value, when = scalars[part, key.removeprefix("val_"), row["step"]]
            assert value == pytest.approx(figure, rel=1e-6)
            assert when == pytest.approx(began + row["seconds"])
            count += 1
    assert count == len(scalars) > 20
    assert kinds == {"scalars", "text"} | ({"images"} if run.family == "gan" else set())


def test_a_picture_is_the_samples_own(tmp_path):
    run = find("demo-digits", DEFAULT_DIR)
    export(run, "tensorboard", tmp_path / "logs")
    pictures = {
        event.step: value.tensor.string_val
        for _part, event in events(tmp_path / "logs")
        for value in event.summary.value
        if value.tag == "samples/grid"
    }
    assert sorted(pictures) == run.sample_steps()
    width, height, png = pictures[0]
    assert png == run.sample(0, "grid.png")
    assert (int(width), int(height)) == struct.unpack(">II", png[16:24])
