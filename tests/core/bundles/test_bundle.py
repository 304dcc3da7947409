"""Export and import of bundles; every kind of manipulated bundle is rejected."""

import io
import json
import os
import stat
import time
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from core.bundles import archive_validation, bundle
from core.bundles.bundle import export, import_bundle
from core.errors import UserError
from core.jobs.worker import work
from core.runs.files import read_json
from core.runs.run import Run
from core.runs.store import list_runs
from tests.core.bundles import hostile
from tests.core.toy_family import ToyTask, toy_run
from tests.selection import sampled


def keras_file() -> bytes:
    """Write a minimal `.keras` file."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        file["layers/dense/vars/0"] = np.ones((3, 2), "<f4")
    dense = {"module": "keras.layers", "class_name": "Dense", "registered_name": None, "config": {"units": 2}}
    config = {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "registered_name": "Functional",
        "config": {"layers": [dense, {**dense, "config": {"units": 2}}]},
        "compile_config": None,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", weights.getvalue())
    return packed.getvalue()


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("L", (4, 4), 7).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def trained(toy, monkeypatch) -> Run:
    monkeypatch.setattr(ToyTask, "save_model", lambda self, path: Path(path).write_bytes(keras_file()) and None)
    monkeypatch.setattr(ToyTask, "load_model", lambda self, path: None)
    monkeypatch.setattr(ToyTask, "sample", lambda self, step: {"grid.png": picture(), "text.txt": b"\xff<b>"})
    run = toy_run(toy, name="Night Train")
    assert work(run).state == "finished"
    run.describe(note="a note", tags=["one"])
    run.write_json("vocabulary.json", {"symbols": ["a", "b"]})
    np.savez(run.path / "judge.npz", names=np.array(["a", "b"]), w=np.zeros((2, 3), np.float32))
    return run


@pytest.fixture
def packed(trained, tmp_path) -> Path:
    path = tmp_path / "night.zip"
    export(trained, path, data=True)
    return path


def content(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(path: Path, changes: dict[str, bytes | None], *, listed: bool = True) -> Path:
    """Return the bundle with files changed, added or (None) removed, and bundle.json updated accordingly."""
    members = {name: item for name, item in (content(path) | changes).items() if item is not None}
    manifest = json.loads(members.pop("bundle.json"))
    if listed and "bundle.json" not in changes:
        facts = {
            name: {"size": len(item), "sha256": bundle.hashlib.sha256(item).hexdigest()}
            for name, item in members.items()
        }
        manifest["files"] = facts
    return hostile.write(path, members | {"bundle.json": json.dumps(manifest).encode()})


def test_a_run_comes_back_as_it_went(trained, packed, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    run = import_bundle(packed, elsewhere)
    assert run.id == "night-train"
    assert (run.name, run.note, run.tags) == ("Night Train", "a note", ["one"])
    assert run.options == trained.options
    assert run.sources() == trained.sources()
    assert run.metrics() == trained.metrics()
    assert run.report == trained.report
    assert run.model_path.read_bytes() == trained.model_path.read_bytes()
    assert run.sample_steps() == trained.sample_steps()
    assert run.sample(20, "text.txt") == b"\xff<b>"
    assert run.status.state == "finished"
    assert run.status.best == trained.status.best
    assert np.load(run.path / "judge.npz", allow_pickle=False)["names"].tolist() == ["a", "b"]
    assert run.config["imported"]["id"] == "night-train"
    assert list_runs(elsewhere)[0].id == run.id
    assert import_bundle(packed, elsewhere).id == "night-train-2"


def test_the_lines_that_use_the_model_go_along_and_never_come_in(packed, toy, tmp_path):
    assert content(packed)["use.py"].endswith(b"\nprint('use')\n")
    run = import_bundle(repacked(packed, {"use.py": b"import os"}), tmp_path / "elsewhere")
    assert not (run.path / "use.py").exists()


def test_what_names_this_machine_stays_at_home(trained, packed):
    (trained.path / "log.txt").write_text("private")
    members = content(packed)
    assert not [name for name in members if name.startswith("checkpoint") or name in ("log.txt", "stop")]
    status = json.loads(members["status.json"])
    assert not {"pid", "host", "process_start"} & set(status)
    everything = b"".join(members.values())
    assert str(trained.path.parent).encode() not in everything
    assert os.uname().nodename.encode() not in members["status.json"]


def test_the_data_goes_along_only_if_asked(trained, tmp_path):
    export(trained, tmp_path / "bare.zip")
    assert not [name for name in content(tmp_path / "bare.zip") if name.startswith("data/")]
    run = import_bundle(tmp_path / "bare.zip", tmp_path / "elsewhere")
    assert run.usable
    with pytest.raises(UserError, match="is gone"):
        run.sources()


def test_it_goes_into_an_open_file_too_and_is_whole_or_not_there(trained, tmp_path, monkeypatch):
    out = io.BytesIO()
    export(trained, out)
    assert zipfile.ZipFile(out).testzip() is None
    monkeypatch.setattr(os, "replace", lambda *_paths: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(UserError, match="No space left"):
        export(trained, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()


# Strangers' files -----------------------------------------------------------------------------------------------------
def config(**changes) -> dict:
    return {"config.json": changes}


NPZ = io.BytesIO()
np.savez(NPZ, evil=np.array([{"a": 1}], dtype=object))
BIG = io.BytesIO()
with zipfile.ZipFile(BIG, "w") as big:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**13,)})
    big.writestr("w.npy", b"\x93NUMPY\x01\x00"[:8] + header.getvalue()[8:] + bytes(100))

FILES = {
    "a name that climbs out": {"../evil.json": b"{}"},
    "a name that climbs out of samples": {"samples/../../evil.txt": b"x"},
    "an absolute name": {"/tmp/evil.json": b"{}"},
    "a name of another system": {"C:\\evil.json": b"{}"},
    "a backslash": {"samples\\x.txt": b"x"},
    "a device": {"samples/step-00000020/con.txt": b"x"},
    "a program": {"run.py": b"print()"},
    "a page with a script": {"samples/step-00000020/x.html": b"<script>"},
    "a picture with a script": {"samples/step-00000020/x.svg": b"<svg onload=x>"},
    "a pickle": {"weights.pkl": b"\x80\x04."},
    "a checkpoint": {"checkpoint/step-0000000001.npz": b"x"},
    "a hidden file": {".lock": b"x"},
    "a name with a control character": {"samples/step-00000020/a\nb.txt": b"x"},
    "a long name": {"a" * 300 + ".json": b"{}"},
    "no JSON": {"report.json": b"{"},
    "a report that is a list": {"report.json": b"[]"},
    "JSON without bottom": {"facts.json": b"[" * 500 + b"]" * 500},
    "JSON of numbers without bounds": {"facts.json": b'{"a": 1e999}'},
    "pickled objects in an npz": {"judge.npz": NPZ.getvalue()},
    "terabytes declared in an npz": {"judge.npz": BIG.getvalue()},
    "an npz that is none": {"judge.npz": b"PK"},
    "a snapshot that is none": {"snapshots/step-0000000010.npz": b"PK\x05\x06" + bytes(18)[:17]},
    "a PNG that is none": {"samples/step-00000020/grid.png": b"\x89PNG\r\n\x1a\n" + bytes(99)},
    "a model that is none": {"model.keras": b"no"},
    "no config": {"config.json": None},
    "data that config.json does not list": {"data/00009.txt": b"x"},
    "data that is not what config.json says": {"data/00000.txt": b"another"},
}
CONFIGS = {
    "of another schema": {"schema": 9},
    "of an unknown family": {"family": "../../evil"},
    "with an option out of bounds": {"options": {"width": 10**9}},
    "with an unknown option": {"options": {"callback": "os.system"}},
    "made in the future without end": {"created": 1e300},
    "with a preset that is a list": {"preset": ["x"]},
    "whose data climbs out": {
        "data": {"name": "x", "size": 1, "files": [{"name": "x", "path": "../../x", "size": 1, "sha256": "0" * 64}]}
    },
    "whose data has no sum": {"data": {"name": "x", "size": 1, "files": [{"name": "x", "path": "00000", "size": 1}]}},
    "whose data is of minus one byte": {
        "data": {"name": "x", "size": 1, "files": [{"name": "x", "path": "00000", "size": -1, "sha256": "0" * 64}]}
    },
}


def refused(path: Path, toy: Path) -> str:
    """Assert that it is rejected with one sentence, quickly, with little memory, and without leaving files."""
    toy.mkdir(exist_ok=True)
    before = sorted(toy.iterdir())
    around = sorted(toy.parent.iterdir())
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(UserError) as error:
            import_bundle(path)
        assert time.monotonic() - began < 60
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()
    assert sorted(toy.iterdir()) == before
    assert sorted(toy.parent.iterdir()) == around
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_no_run_has_or_that_is_not_what_it_says_is_refused(packed, toy, attack):
    refused(repacked(packed, FILES[attack]), toy)


@pytest.mark.parametrize("attack", CONFIGS)
def test_a_config_that_no_run_has_is_refused(packed, toy, attack):
    changed = json.loads(content(packed)["config.json"]) | CONFIGS[attack]
    refused(repacked(packed, {"config.json": json.dumps(changed).encode()}), toy)


@pytest.mark.parametrize("attack", sampled(hostile.CONFIGS, 2))
def test_a_model_that_names_more_than_stock_layers_is_refused(packed, toy, tmp_path, attack):
    (toy / "m.keras").write_bytes(keras_file())
    changed = hostile.changed_config(toy / "m.keras", hostile.CONFIGS[attack]).read_bytes()
    (toy / "m.keras").unlink()
    assert "is not taken as a run" in refused(repacked(packed, {"model.keras": changed}), toy)


@pytest.mark.parametrize("attack", sampled(hostile.NO_PLAIN_ARRAYS, 2))
def test_a_model_whose_weights_are_no_plain_arrays_is_refused(packed, toy, attack):
    (toy / "m.keras").write_bytes(keras_file())
    changed = hostile.changed_weights(toy / "m.keras", hostile.WEIGHTS[attack]).read_bytes()
    (toy / "m.keras").unlink()
    refused(repacked(packed, {"model.keras": changed}), toy)


@pytest.mark.parametrize(
    "manifest", [b"", b"[]", b"{}", b'{"format": "hidden-state-run", "version": 0}', b'{"format": "x", "version": 1}']
)
def test_another_manifest_is_refused(packed, toy, manifest):
    refused(hostile.write(packed, content(packed) | {"bundle.json": manifest}), toy)


def test_a_manifest_that_lists_other_files_or_sums_is_refused(packed, toy):
    assert "lists other files" in refused(repacked(packed, {"plan.json": None}, listed=False), toy)
    export(list_runs()[0], packed)
    changed = {"metrics.jsonl": content(packed)["metrics.jsonl"] + b"\n"}
    assert "not what bundle.json says" in refused(hostile.write(packed, content(packed) | changed), toy)


def test_links_and_other_things_that_are_no_plain_files_are_refused(packed, toy):
    whole = content(packed)
    for kind in (stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR):
        with zipfile.ZipFile(packed, "w") as archive:
            for name, item in whole.items():
                entry = zipfile.ZipInfo(name)
                entry.external_attr = (kind if name == "metrics.jsonl" else stat.S_IFREG) << 16
                archive.writestr(entry, item)
        assert "no plain file" in refused(packed, toy)


@pytest.mark.parametrize("name", ["metrics.jsonl", "METRICS.jsonl"])
def test_two_files_of_one_name_are_refused(packed, toy, name):
    with zipfile.ZipFile(packed, "a") as archive, pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *given, **named: None)
        archive.writestr(name, b"{}")
    assert "same name" in refused(packed, toy)


def test_a_bomb_is_refused_by_what_it_declares_and_a_lying_one_by_what_it_gives(packed, toy):
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("words.json", b" " * 17_000_000)
    assert "too large" in refused(packed, toy)
    export(list_runs()[0], packed)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("words.json", b" " * 50_000_000)
    lying = packed.read_bytes().replace((50_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    packed.write_bytes(lying)
    refused(packed, toy)


def test_too_many_files_are_refused_before_they_are_read(packed, toy):
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(100):
            archive.writestr(f"data/{number:05d}", b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(archive_validation, "ENTRIES", 50)
        assert "more files" in refused(packed, toy)
    end = bytearray(packed.read_bytes())
    end[-10:-6] = (10**9).to_bytes(4, "little")
    packed.write_bytes(end)
    assert "more files" in refused(packed, toy)


def test_reading_that_takes_too_long_ends(packed, toy, monkeypatch):
    monkeypatch.setattr(bundle, "SECONDS", -1.0)
    assert "too long" in refused(packed, toy)


def test_every_cut_of_the_file_is_refused(packed, toy):
    whole = packed.read_bytes()
    for length in range(0, len(whole), 997):
        packed.write_bytes(whole[:length])
        refused(packed, toy)


def test_a_file_that_is_not_there_is_a_sentence(toy, tmp_path):
    assert "No such file" in refused(tmp_path / "absent.zip", toy)


def test_strange_texts_come_in_as_harmless_ones(packed, toy):
    about = {"name": "a\x1b[2J\u202eb<script>", "note": "n" * 20_000, "tags": ["x\n", 3]}
    status = {"state": "running", "pid": 1, "best": 0.5, "message": "\x1b"}
    changes = {"about.json": json.dumps(about).encode(), "status.json": json.dumps(status).encode()}
    run = import_bundle(repacked(packed, changes))
    assert run.name == "a [2J b<script>"
    assert len(run.note) == 10_000
    assert run.tags == ["x"]
    assert (run.status.state, run.status.pid, run.status.best) == ("stopped", None, 0.5)
    assert read_json(run.path / "about.json")["name"] == run.name


def test_an_imported_run_can_be_trained_again_but_not_continued(packed, toy):
    from core.jobs import launch
    from core.jobs.rerun import create_rerun

    run = import_bundle(packed)
    with pytest.raises(UserError, match="without its checkpoint"):
        launch.start(run, more={"steps": 10})
    assert create_rerun(run, {"width": 4}).sources() == run.sources()
