import csv
import io

import numpy as np
import pytest

from core.runs.compare import (
    POINTS,
    common_sample_steps,
    curves,
    different_options,
    mean_curves,
    metrics_csv,
    metrics_of,
    seed_groups,
    table,
    table_csv,
)
from core.runs.files import json_bytes
from core.runs.run import Run
from core.runs.status import Status
from tests.core.toy_family import toy_run


def run_with(toy, name: str, rows: list[dict], **options) -> Run:
    run = toy_run(toy, name=name, **options)
    run.metrics_path.write_bytes(b"".join(json_bytes(row).replace(b"\n", b"") + b"\n" for row in rows))
    Status(state="finished", best=min(row["loss"] for row in rows), best_metric="loss", best_step=10).write(
        run.path / "status.json"
    )
    return run


def line(slope: float, steps: range = range(0, 101, 10)) -> list[dict]:
    return [{"step": step, "epoch": step / 10, "seconds": step * slope, "loss": slope * step} for step in steps]


def test_only_the_options_that_differ_are_shown_with_the_best_of_each(toy):
    runs = [run_with(toy, "a", line(1.0), width=3, seed=1), run_with(toy, "b", line(2.0), width=5, seed=1)]
    assert different_options(runs) == ["width"]
    rows = table(runs)
    assert [row.options for row in rows] == [{"width": 3}, {"width": 5}]
    assert [(row.best, row.best_step, row.metric) for row in rows] == [(0.0, 10, "loss")] * 2
    assert different_options(runs[:1]) == []
    assert table([]) == []


def test_a_damaged_run_is_left_out_and_hinders_no_other(toy):
    good, bad = run_with(toy, "a", line(1.0)), run_with(toy, "b", line(1.0))
    (bad.path / "config.json").write_text("{")
    assert [row.run for row in table([Run(bad.path), good])] == ["a"]
    assert [curve.runs for curve in curves([Run(bad.path), good], "loss")] == [["a"]]


@pytest.mark.parametrize(("axis", "end"), [("step", 100.0), ("epoch", 10.0), ("seconds", 200.0)])
def test_curves_run_over_steps_epochs_or_seconds(toy, axis, end):
    [curve] = curves([run_with(toy, "a", line(2.0))], "loss", axis)
    assert curve.x[-1] == end
    assert curve.y[-1] == 200.0
    assert curves([run_with(toy, "b", line(2.0))], "absent", axis) == []


def test_seeds_become_a_mean_and_a_band_over_what_all_of_them_reach(toy):
    runs = [
        run_with(toy, "x · seed 0", line(1.0), seed=0),
        run_with(toy, "x · seed 1", line(3.0, range(0, 81, 20)), seed=1),
        run_with(toy, "other", line(5.0), seed=0, width=9),
    ]
    assert [[run.id for run in group] for group in seed_groups(runs)] == [["x-seed-0", "x-seed-1"], ["other"]]
    band, alone = mean_curves(runs, "loss")
    assert band.name == "x (×2)"
    assert band.x == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    np.testing.assert_allclose(band.y, [2.0 * at for at in band.x])
    np.testing.assert_allclose(band.low, [1.0 * at for at in band.x])
    np.testing.assert_allclose(band.high, [3.0 * at for at in band.x])
    assert alone.low is None
    assert alone.runs == ["other"]


def test_runs_that_do_not_overlap_stay_apart(toy):
    runs = [
        run_with(toy, "a", line(1.0, range(0, 50, 10)), seed=0),
        run_with(toy, "b", line(1.0, range(60, 99, 10)), seed=1),
    ]
    assert [curve.runs for curve in mean_curves(runs, "loss")] == [["a"], ["b"]]


def test_long_runs_are_thinned_to_a_readable_number_of_points(toy):
    runs = [run_with(toy, f"r{seed}", line(1.0, range(3000)), seed=seed) for seed in range(2)]
    [curve] = mean_curves(runs, "loss")
    assert len(curve.x) == POINTS
    assert (curve.x[0], curve.x[-1]) == (0, 2999)


def test_samples_are_compared_at_the_steps_that_all_have(toy):
    runs = [toy_run(toy, name=name) for name in "ab"]
    for run, steps in zip(runs, [(0, 10, 20), (0, 20, 30)], strict=True):
        for step in steps:
            (run.samples_path / f"step-{step:08d}").mkdir(parents=True)
    assert common_sample_steps(runs) == [0, 20]
    assert common_sample_steps([]) == []


def test_tables_come_out_as_csv_that_reads_back(toy):
    runs = [run_with(toy, '=HYPERLINK("x")', line(1.0), width=3), run_with(toy, 'b,"c"', line(2.0), width=5)]
    rows = list(csv.DictReader(io.StringIO(table_csv(table(runs)))))
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("x")', 'b,"c"']
    assert [row["width"] for row in rows] == ["3", "5"]
    lines = list(csv.DictReader(io.StringIO(metrics_csv(runs))))
    assert len(lines) == 22
    assert lines[-1] == {
        "run": "b-c",
        "name": 'b,"c"',
        "step": "100",
        "epoch": "10.0",
        "seconds": "200.0",
        "loss": "200.0",
    }
    assert metrics_of(runs) == ["loss"]
