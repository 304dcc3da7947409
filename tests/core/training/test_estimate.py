"""The estimate of a run's cost is scaled from earlier runs on this machine; damaged runs are skipped."""

import pytest

from core.families import FAMILIES
from core.training.estimate import estimate
from core.training.machine import machine
from tests.core.toy_family import ToyOptions, toy_run


def measured(folder, name, sizes, **options):
    run = toy_run(folder, name=name, **options)
    run.write_json("facts.json", {"sizes": sizes})
    run.write_json("report.json", {"throughput": 1000.0, "machine": machine()})
    return run


def test_speed_is_scaled_by_the_work_of_the_two_networks(toy):
    family, sizes = FAMILIES["toy"], {"numbers": 7}
    found = estimate(family, ToyOptions(width=6), sizes, [measured(toy, "half", sizes, width=3)])
    ratio = (
        family.config.cost(ToyOptions(width=3), **sizes).work / family.config.cost(ToyOptions(width=6), **sizes).work
    )
    assert found.throughput == pytest.approx(1000 * ratio)


@pytest.mark.parametrize("sizes", [["no", "sizes"], {"letters": 1}, "7"])
def test_a_run_with_damaged_sizes_is_passed_over(toy, sizes):
    sound = measured(toy, "sound", {"numbers": 7})
    found = estimate(FAMILIES["toy"], ToyOptions(), {"numbers": 7}, [measured(toy, "damaged", sizes), sound])
    assert "sound" in found.basis


def test_a_fault_of_the_program_is_not_taken_for_a_damaged_run(toy, monkeypatch):
    family = FAMILIES["toy"]
    run = measured(toy, "sound", {"numbers": 7})
    cost, calls = family.config.cost, []

    def broken(options, **sizes):
        calls.append(sizes)
        if len(calls) > 1:
            raise RuntimeError("a fault")
        return cost(options, **sizes)

    class Faulty:
        @property
        def config(self):
            return type("Config", (), {"cost": staticmethod(broken)})

    with pytest.raises(RuntimeError, match="a fault"):
        estimate(Faulty(), ToyOptions(), {"numbers": 7}, [run])
