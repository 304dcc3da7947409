import math

import numpy as np
import pytest

from core.training.planning import MAX_CHECKPOINTS, MAX_EVALS, MAX_ROWS, MAX_SAMPLES, Costs, make_plan, round_down_1_2_5
from core.training.schedule import FLOOR, factors


@pytest.mark.parametrize(
    ("value", "expected"), [(0.3, 1), (1, 1), (1.9, 1), (2, 2), (4.99, 2), (7, 5), (10, 10), (999, 500), (1000, 1000)]
)
def test_nice_numbers_are_1_2_5_times_powers_of_ten(value, expected):
    assert round_down_1_2_5(value) == expected


@pytest.mark.parametrize("total", [1, 7, 100, 12_345, 10_000_000])
@pytest.mark.parametrize("step", [1e-4, 0.02, 3.0])
@pytest.mark.parametrize("evaluate", [1e-3, 0.5, 30.0])
def test_everything_that_is_due_falls_on_a_line_of_the_metrics(total, step, evaluate):
    plan = make_plan(total, Costs(step, evaluate, 0.1, 0.2))
    assert plan.log_every <= total or total == 1
    for every in (plan.eval_every, plan.sample_every, plan.checkpoint_every):
        assert every % plan.log_every == 0
    assert total / plan.log_every <= 2.5 * MAX_ROWS
    assert total / plan.eval_every <= MAX_EVALS
    assert total / plan.sample_every <= MAX_SAMPLES
    assert total / plan.checkpoint_every <= MAX_CHECKPOINTS


@pytest.mark.parametrize("checkpoint", [0.001, 0.2, 5.0])
def test_checkpoints_cost_under_two_percent_of_the_time(checkpoint):
    plan = make_plan(10**7, Costs(0.01, 0.1, 0.1, checkpoint))
    assert checkpoint / (plan.checkpoint_every * 0.01) < 0.02


def test_the_rate_rises_then_falls_by_half_a_cosine():
    whole = factors(0, 1000, 1000, 0.1, "cosine")
    assert whole[0] == pytest.approx(0.01)
    assert whole[99] == pytest.approx(1.0)
    assert whole[550] == pytest.approx(FLOOR + (1 - FLOOR) * 0.5, abs=1e-3)
    assert whole[-1] == pytest.approx(FLOOR, abs=1e-3)
    assert (np.diff(whole[:100]) > 0).all()
    assert (np.diff(whole[100:]) < 0).all()


@pytest.mark.parametrize("kind", ["cosine", "linear", "constant"])
def test_the_schedule_is_the_same_however_it_is_cut_into_chunks(kind):
    whole = factors(0, 100, 100, 0.05, kind)
    pieces = [factors(start, 7, 100, 0.05, kind) for start in range(0, 98, 7)]
    assert np.array_equal(whole[:98], np.concatenate(pieces))
    assert whole.dtype == np.float32


def test_without_warm_up_the_first_step_is_a_whole_one_and_constant_stays():
    assert factors(0, 3, 10, 0.0, "constant").tolist() == [1.0, 1.0, 1.0]
    assert factors(0, 1, 1, 0.0, "cosine").tolist() == [1.0]
    assert math.isclose(factors(5, 1, 10, 0.0, "linear")[0], FLOOR + (1 - FLOOR) * 0.5, rel_tol=1e-6)
