"""Make a run's plan: its budget in steps, and from that alone how often it logs, evaluates, samples and saves.

Only a budget in seconds is measured, once; the plan for so many steps is the same on every machine.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.schema import Options
from core.training.task import Plan, Task

PROBE_SECONDS = 1.0
LONG_SECONDS = 10.0
CHECKPOINT_SECONDS, CHECKPOINT_SHARE = 10.0, 1 / 60  # of the time, for checkpoints between those of the plan
MIN_EVALS, MAX_EVALS, MAX_CHECKPOINTS, MAX_ROWS = 3, 60, 200, 4000


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
    """Return the seconds of a second call, as the first may include compiling; of the first one if that was long."""
    spent = 0.0
    for _round in range(2):
        began = time.perf_counter()
        work()
        spent = time.perf_counter() - began
        if spent > LONG_SECONDS:
            break
    return spent


def round_down_1_2_5(value: float) -> int:
    """Return the largest of 1, 2, 5, 10, 20, 50, … that is at most `value`, and at least 1."""
    if value < 1:
        return 1
    power: int = 10 ** (len(str(int(value))) - 1)
    return next(factor for factor in (5, 2, 1) if factor * power <= value) * power


def steps_without_measuring(options: Options, task: Task) -> int | None:
    """Return a budget in steps or epochs as steps, None for one in seconds."""
    if options.seconds is not None:
        return None
    return options.steps or max(1, round((options.epochs or 1) * task.sizes.steps_per_epoch))


def steps_in_seconds(seconds: float, spent: float, costs: Costs, evaluations: float) -> int:
    """Return how many steps fit into `seconds`, of which preparation has used `spent`."""
    left = max(seconds - spent, 0.1 * seconds)
    # Evaluations, samples and checkpoints use up the same seconds; a few iterations find how many there are.
    total = left / costs.step
    for _ in range(4):
        plan = make_plan(max(1, round(total)), evaluations)
        saved = total / plan.checkpoint_every + left / seconds_between_checkpoints(costs.checkpoint)
        extras = (
            total / plan.eval_every * costs.evaluate
            + total / plan.sample_every * costs.sample
            + saved * costs.checkpoint
        )
        total = max(left - extras, 0.3 * left) / costs.step
    return max(1, round(total))


def seconds_between_checkpoints(cost: float) -> float:
    """Return how often to save what a kill would lose, where a checkpoint takes `cost` seconds."""
    return max(CHECKPOINT_SECONDS, cost / CHECKPOINT_SHARE)


def make_plan(total: int, evaluations: float = 1.0) -> Plan:
    """Choose the intervals from the number of steps, so that files stay small and a short run is evaluated too.

    The number of metrics rows grows as the root of the steps, that of evaluations as their cube root; evaluations: see
    Sizes. Best weights, early stopping and roll-backs depend on these intervals, hence not on any measured speed.
    """
    log = min(total, round_down_1_2_5(max(math.sqrt(total) / 4, total / MAX_ROWS)))
    root = round(total ** (1 / 3))

    def every(times: float, at_least: int, at_most: int) -> int:
        steps = total / min(at_most, max(at_least, int(times)))
        return math.ceil(max(steps, log) / log) * log

    evaluate = every(evaluations * root, MIN_EVALS, MAX_EVALS)
    return Plan(total, log, evaluate, evaluate, every(root / 3, 1, MAX_CHECKPOINTS))
