"""Runs beside each other."""

from pathlib import Path

import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.runs.compare import bands, best, curve, curves_as_rows, metric_names, to_csv, varying
from core.runs.metrics import MetricsWriter
from core.runs.run import Run
from core.runs.store import create
from core.samples.registry import sample


def made(folder: Path, losses: list[float], **options: object) -> Run:
    run = create(CharLMConfig(**options), sample("ferry"), name="r", directory=folder)  # type: ignore[arg-type]
    writer = MetricsWriter(run.metrics_path, 0)
    for number, loss in enumerate(losses, start=1):
        row = {"step": 10 * number, "seconds": 0.5 * number, "loss": loss}
        writer.append(row | ({"val_loss": loss + 1} if number % 2 == 0 else {}))
    return run


def test_only_the_options_that_differ_are_named(tmp_path: Path) -> None:
    a, b = made(tmp_path, [1.0], units=8), made(tmp_path, [1.0], units=16)
    assert varying([a, b]) == {a.id: {"units": 8}, b.id: {"units": 16}}


def test_a_curve_can_be_drawn_over_seconds_and_its_best_has_a_step(tmp_path: Path) -> None:
    run = made(tmp_path, [3.0, 2.0, 2.5, 1.5])
    np.testing.assert_allclose(curve(run, "val_loss", "seconds").x, [1.0, 2.0])
    assert best(run, "loss") == (1.5, 40)
    assert best(run, "loss", "max") == (3.0, 10)
    assert best(run, "nothing") is None
    assert metric_names([run]) == ["val_loss", "loss"]


def test_seeds_of_one_setting_make_a_band_as_far_as_all_have_come(tmp_path: Path) -> None:
    first, second = made(tmp_path, [4.0, 2.0, 1.0], seed=1), made(tmp_path, [6.0, 4.0], seed=2)
    other = made(tmp_path, [9.0, 9.0], seed=1, units=9)
    (band,) = bands([first, second, other], "loss")
    assert band.seeds == 2
    assert (band.x[0], band.x[-1]) == (10, 20)
    assert (band.mean[0], band.mean[-1]) == pytest.approx((5.0, 3.0))
    assert (band.low[-1], band.high[-1]) == pytest.approx((2.0, 4.0))


def test_a_broken_run_does_not_spoil_the_comparison(tmp_path: Path) -> None:
    good, bad = made(tmp_path, [1.0]), made(tmp_path, [1.0])
    (bad.path / "config.json").write_text("nonsense")
    bad = Run(bad.path)
    assert varying([good, bad])[bad.id]["units"] is None
    assert bands([good, bad], "loss") == []


def test_formulas_of_strangers_stay_text_in_the_csv(tmp_path: Path) -> None:
    rows = [{"name": "=cmd()", "value": -1.5}, {"name": " +1", "value": 2}, {"name": "a,b", "value": None}]
    assert to_csv(rows).splitlines() == ["name,value", "'=cmd(),-1.5", "' +1,2", '"a,b",']
    run = made(tmp_path, [1.0])
    assert to_csv(curves_as_rows([curve(run, "loss")], "step", "loss")) == f"run,step,loss\n{run.id},10.0,1.0\n"
