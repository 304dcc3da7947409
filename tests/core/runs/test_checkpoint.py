"""Compaction of the checkpoints of a finished run."""

import numpy as np

from core.runs.checkpoint import checkpoints, compact_checkpoints, load_arrays, load_newest, save_checkpoint


def filled(folder, steps=(10, 20, 30)):
    rng = np.random.default_rng(0)
    arrays = {
        "model/w": rng.normal(size=(200, 50)).astype(np.float32),
        "optimizer/1": rng.normal(size=(200, 50)).astype(np.float32) * 1e-9,
        "optimizer/0": np.int64(30),
        "state/seed": np.arange(2, dtype=np.uint32),
    }
    for step in steps:
        save_checkpoint(folder, step, arrays, {"rate": 0.5})
    return arrays


def test_one_is_left_with_the_weights_as_they_were_and_the_moments_in_bfloat16s_bits(tmp_path):
    arrays = filled(tmp_path)
    before = checkpoints(tmp_path)[0].stat().st_size
    compact_checkpoints(tmp_path)
    (path,) = checkpoints(tmp_path)
    kept, meta = load_arrays(path)
    assert (meta["step"], meta["rate"]) == (30, 0.5)
    for name in ("model/w", "optimizer/0", "state/seed"):
        assert np.array_equal(kept[name], arrays[name])
        assert kept[name].dtype == arrays[name].dtype
    ratio = kept["optimizer/1"] / arrays["optimizer/1"]
    assert 0 < np.abs(ratio - 1).max() <= 2**-8
    assert not np.any(kept["optimizer/1"].view(np.uint32) & 0xFFFF)
    assert path.stat().st_size < 0.8 * before


def test_what_cannot_be_rounded_stays(tmp_path):
    big = np.array([3.4e38, np.inf, -np.inf, np.nan, 0.0, -0.0], np.float32)
    save_checkpoint(tmp_path, 1, {"optimizer/0": big}, {})
    compact_checkpoints(tmp_path)
    assert load_arrays(checkpoints(tmp_path)[0])[0]["optimizer/0"].tobytes() == big.tobytes()


def test_a_damaged_newest_one_leaves_everything_as_it_is(tmp_path):
    filled(tmp_path)
    newest, older = checkpoints(tmp_path)
    newest.write_bytes(newest.read_bytes()[:1000])
    compact_checkpoints(tmp_path)
    assert checkpoints(tmp_path) == [newest, older]
    assert load_newest(tmp_path)[1]["step"] == 20


def test_where_there_are_none_nothing_happens(tmp_path):
    compact_checkpoints(tmp_path)
    assert list(tmp_path.iterdir()) == []
