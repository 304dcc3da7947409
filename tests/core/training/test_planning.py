import math

import numpy as np
import pytest

from core.training.planning import (
    CHECKPOINT_SHARE,
    MAX_CHECKPOINTS,
    MAX_EVALS,
    MAX_ROWS,
    MIN_EVALS,
    Costs,
    make_plan,
    round_down_1_2_5,
    seconds_between_checkpoints,
    steps_in_seconds,
)
from core.training.schedule import FLOOR, factors
from core.training.task import Plan


@pytest.mark.parametrize(
    ("value", "expected"), [(0.3, 1), (1, 1), (1.9, 1), (2, 2), (4.99, 2), (7, 5), (10, 10), (999, 500), (1000, 1000)]
)
def test_nice_numbers_are_1_2_5_times_powers_of_ten(value, expected):
    assert round_down_1_2_5(value) == expected


@pytest.mark.parametrize("total", [1, 7, 100, 12_345, 10_000_000])
@pytest.mark.parametrize("evaluations", [0.5, 1.0, 2.0])
def test_everything_that_is_due_falls_on_a_line_of_the_metrics(total, evaluations):
    plan = make_plan(total, evaluations)
    assert plan.log_every <= total
    for every in (plan.eval_every, plan.sample_every, plan.checkpoint_every):
        assert every % plan.log_every == 0
    assert total / plan.log_every <= 2.5 * MAX_ROWS
    assert total / plan.eval_every <= MAX_EVALS
    assert math.ceil(total / plan.eval_every) >= min(total, MIN_EVALS)
    assert total / plan.checkpoint_every <= MAX_CHECKPOINTS


def test_a_plan_is_what_its_steps_say():
    assert make_plan(1) == Plan(1, 1, 1, 1, 1)
    assert make_plan(360) == Plan(360, 2, 52, 52, 180)
    assert make_plan(4000, 2.0) == Plan(4000, 10, 130, 130, 800)
    assert make_plan(30_000, 0.5) == Plan(30_000, 20, 2000, 2000, 3000)


@pytest.mark.parametrize("cost", [0.001, 0.2, 5.0])
def test_checkpoints_beside_those_of_the_plan_cost_under_two_percent_of_the_time(cost):
    assert cost / seconds_between_checkpoints(cost) <= CHECKPOINT_SHARE < 0.02


@pytest.mark.parametrize("evaluations", [0.5, 2.0])
@pytest.mark.parametrize(("step", "evaluate"), [(1e-3, 0.3), (0.02, 0.05), (3.0, 30.0)])
def test_a_budget_in_seconds_holds_what_its_plan_does(step, evaluate, evaluations):
    costs = Costs(step, evaluate, 0.1, 0.2)
    total = steps_in_seconds(600, 10, costs, evaluations)
    plan = make_plan(total, evaluations)
    needed = total * step + total / plan.eval_every * (evaluate + 0.1) + total / plan.checkpoint_every * 0.2
    assert 400 < needed < 640
    assert steps_in_seconds(600, 10, Costs(step / 2, evaluate, 0.1, 0.2), evaluations) > total
    assert steps_in_seconds(1e-3, 10, costs, evaluations) == 1


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
