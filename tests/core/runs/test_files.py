import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.runs.checkpoint import KEPT, checkpoints, load_arrays, load_newest, save_arrays, save_checkpoint
from core.runs.files import read_json, to_json_value, write_bytes, write_json
from core.runs.metrics import FILE_LIMIT, MetricsTail, MetricsWriter, column, read_metrics
from core.runs.names import clean_name, clean_tags, slug
from core.terminal import printable


def refuse(*_arguments, **_named):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch, moment):
    path = tmp_path / "kept.json"
    write_bytes(path, b"old")
    monkeypatch.setattr(os, moment, refuse)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["kept.json"]


def test_files_have_the_rights_that_the_person_set_for_new_files(tmp_path):
    before = os.umask(0o022)
    try:
        write_bytes(tmp_path / "shared", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "shared").stat().st_mode & 0o777 == 0o644


def test_json_holds_what_numpy_and_strangers_bring(tmp_path):
    value = {"a": np.float32(0.5), "b": np.arange(3), "c": float("nan"), "d": (1, float("inf")), "e": "\ud800 \u202e"}
    write_json(tmp_path / "x.json", value)
    assert read_json(tmp_path / "x.json") == {"a": 0.5, "b": [0, 1, 2], "c": None, "d": [1, None], "e": "\ud800 \u202e"}
    assert to_json_value({1: np.int64(2)}) == {"1": 2}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"1" * 5000, b'{"a": "\xff"}'])
def test_json_that_is_none_reads_as_nothing(tmp_path, content):
    path = tmp_path / "x.json"
    path.write_bytes(content)
    assert read_json(path) is None
    assert read_json(tmp_path / "absent.json") is None
    assert read_json(tmp_path) is None


# Metrics --------------------------------------------------------------------------------------------------------------
def test_a_tail_reads_what_is_new_and_forgets_what_was_cut_off(tmp_path):
    path = tmp_path / "metrics.jsonl"
    tail = MetricsTail(path)
    assert tail.read() == []
    writer = MetricsWriter(path, 0)
    for step in (5, 10, 15):
        writer.append({"step": step, "loss": step / 2})
    assert [row["step"] for row in tail.read()] == [5, 10, 15]
    with path.open("ab") as file:
        file.write(b'{"step": 20, "lo')
    assert [row["step"] for row in tail.read()] == [5, 10, 15], "a torn line waits for its end"
    writer = MetricsWriter(path, 10)
    for step in (15, 20, 25, 30):
        writer.append({"step": step, "loss": step * 1.25})
    assert column(tail.read(), "loss") == ([5, 10, 15, 20, 25, 30], [2.5, 5.0, 18.75, 25.0, 31.25, 37.5])
    assert tail.read() == read_metrics(path)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1]",
        b'{"loss": 1}',
        b'{"step": "5"}',
        b'{"step": true}',
        b'{"step": -1}',
        b'{"step": 1e9}',
        b'{"step": ' + b"9" * 30 + b"}",
        b'{"step": 1, "loss"',
        b'{"step": 1, "x": "' + b"y" * 70_000 + b'"}',
        b"\x00\xff",
        b"[" * 50_000,
    ],
)
def test_foreign_lines_are_skipped(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 2}\n' + line + b'\n{"step": 3, "loss": 1}\n')
    assert [row["step"] for row in read_metrics(path)] == [1, 3]


def test_foreign_values_are_left_out_of_a_row(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "a": [1], "b": {"c": 1}, "d": NaN, "e": 1e999, "f": true, "g": "text", "h": null}\n')
    assert read_metrics(path) == [{"step": 1, "g": "text", "h": None}]


def test_a_giant_metrics_file_is_read_up_to_a_limit(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.write(b'{"step": 1}\n')
        file.truncate(10 * FILE_LIMIT)
    assert read_metrics(path) == [{"step": 1}]


# Checkpoints ----------------------------------------------------------------------------------------------------------
def test_arrays_come_back_with_their_types_and_the_meta_with_its_digits(tmp_path):
    arrays = {"model/a b": np.arange(6, dtype=np.int64).reshape(2, 3), "x": np.float32(0.1), "empty": np.zeros((0, 2))}
    save_arrays(tmp_path / "a.npz", arrays, {"best": 0.1 + 0.2, "step": 3})
    loaded, meta = load_arrays(tmp_path / "a.npz")
    assert meta == {"best": 0.1 + 0.2, "step": 3}
    assert {name: (item.dtype, item.tolist()) for name, item in loaded.items()} == {
        name: (np.asarray(item).dtype, np.asarray(item).tolist()) for name, item in arrays.items()
    }


def test_every_flipped_bit_and_every_cut_is_noticed(tmp_path):
    path = save_checkpoint(tmp_path, 1, {"w": np.arange(50.0)}, {})
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        found = load_newest(tmp_path)
        if found is not None:  # a changed bit in a time stamp or an unused field has no effect
            assert np.array_equal(found[0]["w"], np.arange(50.0))
            assert found[1] == {"step": 1}
        path.write_bytes(whole[:place])
        assert load_newest(tmp_path) is None


def test_a_checkpoint_is_never_unpickled(tmp_path):
    np.savez(tmp_path / "step-0000000001.npz", evil=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match=r"step-0000000001.npz: Object arrays"):
        load_arrays(tmp_path / "step-0000000001.npz")
    assert load_newest(tmp_path) is None


def test_the_newest_checkpoints_and_the_one_asked_for_stay(tmp_path):
    for step in (10, 20, 30, 40):
        save_checkpoint(tmp_path, step, {"w": np.zeros(1)}, {}, keep=10)
    steps = [int(path.stem[5:]) for path in checkpoints(tmp_path)]
    assert steps == [40, 30, 10]
    assert len(steps) == KEPT + 1
    assert load_newest(tmp_path, before=40)[1]["step"] == 30


# Names ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("My Novel", "my-novel"),
        ("../../etc/passwd", "etc-passwd"),
        ("Ünïcödé Größe", "unicode-groe"),
        ("白鲸", "run"),
        ("", "run"),
        ("CON", "run-con"),
        ("com7", "run-com7"),
        ("a" * 5000, "a" * 60),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("\x1b[31mred\x07", "31mred"),
    ],
)
def test_a_folder_name_is_made_of_anything(name, expected):
    assert slug(name) == expected


def test_names_of_strangers_are_one_harmless_line():
    assert clean_name(" a\n\tb\x1b[31m\u202ec\u2066 ") == "a b [31m c"
    assert clean_name("x" * 5000) == "x" * 120
    assert clean_name("家族 👨\u200d👩\u200d👧") == "家族 👨\u200d👩\u200d👧"
    assert printable("a\x1b[2J\u202eb\nc\ud800") == "a\\x1b[2J\\u202eb\nc\\ud800"
    assert clean_tags(["a", " a ", "", 3, "b\n" + "c" * 100]) == ["a", "b " + "c" * 38]
    assert clean_tags("abc") == []


def test_the_written_line_is_strict_json(tmp_path):
    writer = MetricsWriter(tmp_path / "m.jsonl", 0)
    writer.append({"step": 1, "loss": float("nan"), "n": np.int32(3)})
    assert json.loads(Path(tmp_path / "m.jsonl").read_text(), parse_constant=refuse) == {
        "step": 1,
        "loss": None,
        "n": 3,
    }
