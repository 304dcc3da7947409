"""A bundle whose parts are each well formed and together cost, or break a page, is refused or harmless."""

import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from core.bundles import bundle, contents
from core.bundles.bundle import export, import_bundle
from core.errors import UserError
from core.gan.inference.draw import load_sampler
from core.gan.inference.image_files import kept_pictures
from core.runs.metrics import LINES_LIMIT, MetricsTail, read_metrics
from core.runs.placement import FILE, Placement
from core.runs.run import Run

DEMOS = Path(__file__).parents[3] / "saved_models"
pytestmark = pytest.mark.skipif(not (DEMOS / "demo-digits").is_dir(), reason="the runs that ship are not here")


@pytest.fixture(scope="module")
def packed() -> dict[str, dict[str, bytes]]:
    """The files of a bundle of each run that ships."""
    found = {}
    for name in ("demo-lighthouse", "demo-digits", "demo-reviews"):
        out = io.BytesIO()
        export(Run(DEMOS / name), out)
        with zipfile.ZipFile(out) as archive:
            found[name] = {entry: archive.read(entry) for entry in archive.namelist()}
    return found


def brought(tmp_path: Path, members: dict[str, bytes]) -> Run:
    """Import a bundle of these files, deflated, with a manifest that lists them."""
    about = json.loads(members["bundle.json"])
    about["files"] = {
        name: {"size": len(content), "sha256": bundle.hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
        if name != "bundle.json"
    }
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (members | {"bundle.json": json.dumps(about).encode()}).items():
            archive.writestr(name, content)
    return import_bundle(path, tmp_path / "runs")


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def with_weights(content: bytes, value: float) -> bytes:
    """The `.keras` file with one weight of each array set to `value`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights, out = io.BytesIO(members["model.weights.h5"]), io.BytesIO()

    def change(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.dtype.kind == "f":
            item[(-1,) * item.ndim] = value

    with h5py.File(weights, "r+") as file:
        file.visititems(change)
    with zipfile.ZipFile(out, "w") as made:
        for name, part in (members | {"model.weights.h5": weights.getvalue()}).items():
            made.writestr(name, part)
    return out.getvalue()


def of_another_size(members: dict[str, bytes]) -> dict[str, bytes]:
    """The sample pictures of one step with another shape than those of the others."""
    name = sorted(entry for entry in members if entry.endswith("pictures.npz"))[1]
    return {name: npz(pictures=np.zeros((4, 5, 5), np.uint8), columns=np.array(2))}


def without_columns(members: dict[str, bytes]) -> dict[str, bytes]:
    name = sorted(entry for entry in members if entry.endswith("pictures.npz"))[1]
    return {name: npz(pictures=np.zeros((4, 28, 28), np.uint8))}


REFUSED = {
    "millions of rows of metrics": (
        "demo-lighthouse",
        lambda members: {"metrics.jsonl": b'{"step":1}\n' * 5_800_000},
        "more lines or values",
    ),
    "more rows than a run has": (
        "demo-digits",
        lambda members: {"metrics.jsonl": b'{"step":1}\n' * (LINES_LIMIT + 1)},
        "more lines or values",
    ),
    "a row of too many values": (
        "demo-digits",
        lambda members: {"metrics.jsonl": b'{"step":1' + b"".join(b',"%x":1' % n for n in range(500_000)) + b"}\n"},
        "more lines or values",
    ),
    "sample pictures without columns": ("demo-digits", without_columns, "not alike at all steps"),
    "sample pictures of another size": ("demo-digits", of_another_size, "not alike at all steps"),
    "weights that are no numbers": (
        "demo-reviews",
        lambda members: {"model.keras": with_weights(members["model.keras"], np.nan)},
        "no number",
    ),
    "weights without bounds": (
        "demo-lighthouse",
        lambda members: {"model.keras": with_weights(members["model.keras"], 3e38)},
        "out of all bounds",
    ),
    "arrays that unpack to a hundred times their size": (
        "demo-reviews",
        lambda members: {"predictions.npz": npz(test_logits=np.zeros((15_000_000, 4), np.float32))},
        "far more than its own size",
    ),
    "a long text as a sample": (
        "demo-lighthouse",
        lambda members: {"samples/step-00000000/text.txt": b"x" * 5_000_001},
        "too large",
    ),
    "samples of too many steps": (
        "demo-lighthouse",
        lambda members: {f"samples/step-{step:08d}/text.txt": b"" for step in range(contents.STEPS + 1)},
        "more steps than a run has",
    ),
    "JSON of a million lists": (
        "demo-lighthouse",
        lambda members: {"facts.json": b'{"a":[' + b"[]," * 1_000_000 + b"[]]}"},
        "too deep or too long",
    ),
}


@pytest.mark.parametrize("attack", REFUSED)
def test_what_would_cost_or_break_is_refused_with_little_memory(packed, tmp_path, attack):
    demo, change, reason = REFUSED[attack]
    members = packed[demo] | change(packed[demo])
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=reason):
            brought(tmp_path, members)
        assert tracemalloc.get_traced_memory()[1] < 100e6 + sum(map(len, members.values()))  # the test's own archive
    finally:
        tracemalloc.stop()
    assert os.listdir(tmp_path / "runs") == []


def test_a_half_pair_in_a_note_and_wishes_of_a_cluster_do_no_harm(packed, tmp_path):
    changes = {
        "about.json": b'{"name":"x","note":"\\udfff","tags":[]}',
        FILE: b'{"devices":"all","cpus":1024,"gpus":64}',
    }
    run = brought(tmp_path, packed["demo-lighthouse"] | changes)
    assert run.note == "\ufffd"
    assert Placement.of(run) == Placement.default()
    assert not (run.path / FILE).exists()


def test_where_a_run_trained_stays_at_home(packed, tmp_path):
    run = brought(tmp_path, packed["demo-lighthouse"])
    run.write_json(FILE, {"devices": "all", "cpus": 8, "gpus": 1})
    export(run, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert FILE not in archive.namelist()


def test_a_small_file_with_options_of_a_giant_network_is_a_sentence_without_building_it(packed, tmp_path, monkeypatch):
    built = []
    members = packed["demo-digits"]
    config = json.loads(members["config.json"])
    config["options"] |= {"generator": "4096-4096-4096", "latent": 1024}
    run = brought(tmp_path, members | {"config.json": json.dumps(config).encode()})

    from core.gan.inference import draw

    def watched(*given: object) -> object:
        model = draw_generator(*given)
        built.extend(item for item in model.variables if item._value is not None)
        return model

    draw_generator = draw.generator
    monkeypatch.setattr(draw, "generator", watched)
    with pytest.raises(UserError, match="not those of the network"):
        load_sampler(run)
    assert built == []
    monkeypatch.undo()
    assert load_sampler(Run(DEMOS / "demo-digits")).pictures(1).shape == (1, 28, 28)


def test_no_more_lines_are_read_than_a_page_can_hold(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step":1}\n' * (LINES_LIMIT + 5))
    assert len(read_metrics(path)) == LINES_LIMIT
    tail = MetricsTail(path)
    assert len(tail.read()) == len(tail.read()) == LINES_LIMIT
    path.write_bytes(b"\r" * 3_000_000 + b"\n")
    assert read_metrics(path) == []


def test_a_film_is_made_of_the_steps_that_are_alike(packed, tmp_path):
    run = brought(tmp_path, packed["demo-digits"])
    pictures, columns = kept_pictures(run)
    assert pictures.shape[0] == len(run.sample_steps())
    steps = run.sample_steps()
    (run.samples_path / f"step-{steps[0]:08d}" / "pictures.npz").write_bytes(
        npz(pictures=np.zeros((4, 5, 5), np.uint8))
    )
    (run.samples_path / f"step-{steps[1]:08d}" / "pictures.npz").write_bytes(b"PK")
    left, same = kept_pictures(run)
    assert (left.shape[0], same) == (pictures.shape[0] - 2, columns)


def test_notes_of_a_report_are_few_short_texts(packed, tmp_path):
    run = brought(tmp_path, packed["demo-digits"])
    run.write_json("report.json", {"notes": ["n" * 5000, 3, *["x"] * 100]})
    assert run.report_notes == ["n" * 1000, *["x"] * 19]
    run.write_json("report.json", {"notes": 7})
    assert run.report_notes == []
