"""Convert a run's budget into a number of steps, once, from measured speeds."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.schema import Options
from core.training.task import Plan, Task

PROBE_SECONDS = 1.0
LOG_SECONDS = 0.4
SAMPLE_SECONDS = 4.0
CHECKPOINT_SECONDS = 10.0
MAX_EVALS, MAX_SAMPLES, MAX_CHECKPOINTS, MAX_ROWS = 60, 120, 200, 4000


@dataclass(frozen=True)
class Costs:
    """Seconds of one step, one evaluation, one sample and one checkpoint, as measured."""

    step: float
    evaluate: float
    sample: float
    checkpoint: float


def measure_steps(task: Task) -> float:
    """Return the seconds of one step. It trains some steps; the caller must restore the variables."""
    done, size = 0, 1
    task.train(0, np.full(size, 1e-3, np.float32))  # compiles
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < PROBE_SECONDS:
        task.train(done, np.full(size, 1e-3, np.float32))
        done += size
        per_step = (time.perf_counter() - began) / done
        size = max(1, min(512, int((PROBE_SECONDS - spent) / 2 / per_step)))
    return (time.perf_counter() - began) / done


def measure_seconds(work: Callable[[], Any]) -> float:
    """Return the seconds of one call, or of a second one if the first took at most 2 s, as it may include compiling."""
    spent = 0.0
    for _round in range(2):
        began = time.perf_counter()
        work()
        spent = time.perf_counter() - began
        if spent > 2.0:
            break
    return spent


def round_down_1_2_5(value: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, … that is at most `value`, and at least 1."""
    if value < 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return int(next(factor for factor in (5, 2, 1) if factor * power <= value) * power)


def total_steps(options: Options, task: Task, costs: Costs, spent: float) -> int:
    """Return the budget in steps. spent: seconds already used for preparation, which a budget in seconds includes."""
    if options.seconds is not None:
        left = max(options.seconds - spent, 0.1 * options.seconds)
        # Evaluations, samples and checkpoints use up the same seconds; a few iterations find how many there are.
        total = left / costs.step
        for _ in range(4):
            plan = make_plan(max(1, round(total)), costs)
            extras = (
                total / plan.eval_every * costs.evaluate
                + total / plan.sample_every * costs.sample
                + total / plan.checkpoint_every * costs.checkpoint
            )
            total = max(left - extras, 0.3 * left) / costs.step
        return max(1, round(total))
    if options.steps is not None:
        return options.steps
    return max(1, round((options.epochs or 1) * task.sizes.steps_per_epoch))


def make_plan(total: int, costs: Costs) -> Plan:
    """Choose the intervals so that each activity takes a small share of the time and file sizes stay bounded."""
    log = min(total, round_down_1_2_5(max(LOG_SECONDS / costs.step, total / MAX_ROWS)))
    total_seconds = total * costs.step

    def every(seconds: float, cost: float, at_most: int, at_least: int) -> int:
        """Return the interval in steps: every `seconds`, at most `at_most` times in total.

        At least `at_least` times, unless that would take more than half of the training time at `cost` seconds each.
        """
        least = at_least if at_least * cost <= total_seconds / 2 else min(at_least, 3)
        steps = min(max(seconds / costs.step, total / at_most), total / least)
        return math.ceil(max(steps, log) / log) * log

    return Plan(
        total_steps=total,
        log_every=log,
        eval_every=every(max(2.0, 20 * costs.evaluate), costs.evaluate, MAX_EVALS, 15),
        sample_every=every(max(SAMPLE_SECONDS, 20 * costs.sample), costs.sample, MAX_SAMPLES, 15),
        checkpoint_every=every(max(CHECKPOINT_SECONDS, 60 * costs.checkpoint), costs.checkpoint, MAX_CHECKPOINTS, 1),
    )
