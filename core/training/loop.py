"""The one loop for all families: budget, schedule's clock, metrics, samples, checkpoints, stop and roll-back.

It is an own loop and not Keras' `fit`: a run must continue bit for bit from any step, and `fit` keeps no place inside
an epoch. Everything that happens is a function of the step's number and of the plan recorded in plan.json, so that a
run which was killed goes on as if it had not been.
"""

import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import Arrays, checkpoints, load_newest, save_checkpoint
from core.runs.metrics import MetricsWriter
from core.runs.run import Run
from core.runs.status import Status
from core.training import planning, snapshots
from core.training.machine import machine, peak_memory_mb, versions
from core.training.schedule import factors
from core.training.task import Plan, Task

SPIKE_MARGIN = 1.0  # on top of `sizes.spike` times the running loss, for losses near zero
MAX_ROLLBACKS = 8
STATUS_SECONDS = 0.5


@dataclass
class Progress:
    """What the loop remembers from step to step; it travels inside each checkpoint."""

    step: int = 0
    seconds: float = 0.0
    best: float | None = None
    best_step: int | None = None
    since_best: int = 0
    rollbacks: int = 0
    rate: float = 1.0  # halved at each roll-back
    average: float | None = None  # running loss, what a spike is measured against
    regular: int = 0  # step of the newest checkpoint that the plan asked for; a roll-back goes there
    ended_early: bool = False
    extra: dict[str, Any] = field(default_factory=dict)


class Trainer:
    """Trains one run to the end of its budget, or until it is asked to stop.

    hook(status) is called a few times a second; the loop never knows a screen.
    """

    def __init__(self, run: Run, task: Task, status: Status, hook: Callable[[Status], None] | None = None) -> None:
        self.run, self.task, self.status = run, task, status
        self.options = run.options
        self._hook = hook or (lambda status: None)
        self._told = 0.0
        self._began = time.perf_counter()
        self.progress = Progress()
        self.plan: Plan | None = None
        self.figures: dict[str, float] = {}  # of the last evaluation

    # The whole run --------------------------------------------------------------------------------------------------
    def fit(self) -> str:
        """Train; return "finished" or "stopped". Raises UserError where training cannot go on."""
        self._restore_or_plan()
        assert self.plan is not None
        self.metrics = MetricsWriter(self.run.metrics_path, self.progress.step)
        self._drop_samples_after(self.progress.step)
        self._began = time.perf_counter() - self.progress.seconds
        if self.progress.step == 0:
            self._sample()
        while self.progress.step < self.plan.total_steps and not self.progress.ended_early:
            if self.run.stop_requested():
                self._checkpoint(regular=False)
                if not self.figures:
                    self._evaluate()
                self._write_report(self.figures, complete=False)
                return "stopped"
            self._advance(self.plan)
        self._finish()
        return "finished"

    def _advance(self, plan: Plan) -> None:
        """One chunk of steps up to the next line of the metrics, then whatever is due."""
        progress, options = self.progress, self.options
        count = min(plan.log_every - progress.step % plan.log_every, plan.total_steps - progress.step)
        scale = factors(progress.step, count, plan.total_steps, options.warmup, options.schedule) * progress.rate
        began = time.perf_counter()
        figures = self.task.train(progress.step, scale.astype(np.float32))
        spent = time.perf_counter() - began
        loss = figures[self.task.loss_key]
        if self._is_bad(loss):
            self._roll_back(loss)
            return
        progress.step += count
        progress.average = loss if progress.average is None else 0.8 * progress.average + 0.2 * loss
        progress.seconds = time.perf_counter() - self._began
        throughput = count * self.task.sizes.per_step / max(spent, 1e-9)
        row = self._row() | figures | {"lr_factor": float(scale[-1]), "throughput": throughput}
        self.status.throughput = _smooth(self.status.throughput, throughput)
        self.status.loss = loss

        ended = progress.step >= plan.total_steps
        if progress.step % plan.eval_every == 0 or ended:
            row |= self._evaluate()
        self.metrics.append(row)
        if progress.step % plan.sample_every == 0 or ended:
            self._sample()
        if progress.step % plan.checkpoint_every == 0 or ended or progress.ended_early:
            self._checkpoint(regular=True)
        self._tell()

    # What is due now and then ---------------------------------------------------------------------------------------
    def _evaluate(self) -> dict[str, float]:
        progress, best = self.progress, self.task.best
        figures = self.figures = self.task.evaluate(progress.step)
        value = figures[best.metric]
        sign = 1.0 if best.mode == "min" else -1.0
        improved = math.isfinite(value) and (
            progress.best is None or sign * value < sign * progress.best - best.min_delta
        )
        if improved:
            progress.best, progress.best_step, progress.since_best = value, progress.step, 0
        else:
            progress.since_best += 1
        if improved or not self.run.model_path.exists():
            self._save_model()
        if self.options.patience and progress.since_best >= self.options.patience:
            progress.ended_early = True
        snapshots.keep(self.run, self.task, progress.step, self.plan)
        return figures

    def _save_model(self) -> None:
        temporary = self.run.path / ".model.part.keras"
        self.task.save_model(str(temporary))
        os.replace(temporary, self.run.model_path)

    def _sample(self) -> None:
        files = self.task.sample(self.progress.step)
        if not files:
            return
        folder = self.run.samples_path / f"step-{self.progress.step:08d}"
        draft = self.run.samples_path / ".draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name, content in files.items():
            (draft / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)

    def _drop_samples_after(self, step: int) -> None:
        for later in self.run.sample_steps():
            if later > step:
                shutil.rmtree(self.run.samples_path / f"step-{later:08d}", ignore_errors=True)

    def _checkpoint(self, regular: bool) -> None:
        if regular:
            self.progress.regular = self.progress.step
        progress = self.progress
        save_checkpoint(self.run.checkpoint_path, progress.step, self._arrays(), asdict(progress), progress.regular)

    # Going back -----------------------------------------------------------------------------------------------------
    def _is_bad(self, loss: float) -> bool:
        if not math.isfinite(loss):
            return True
        average = self.progress.average
        return average is not None and abs(loss) > self.task.sizes.spike * abs(average) + SPIKE_MARGIN

    def _roll_back(self, loss: float) -> None:
        """Put the last good weights back, halve the rate, and go on with the data that comes next."""
        assert self.plan is not None
        progress = self.progress
        progress.rollbacks += 1
        if progress.rollbacks > MAX_ROLLBACKS:
            raise UserError(
                _(
                    "The loss became {loss} at step {step}, again after {count} returns to the last good weights: "
                    "start a new run with a smaller learning rate."
                ).format(loss=f"{loss:.3g}", step=progress.step, count=MAX_ROLLBACKS)
            )
        good = load_newest(self.run.checkpoint_path, before=progress.regular + 1)
        self._put_back(good[0] if good else self._initial)
        skipped = min(self.plan.log_every, self.plan.total_steps - progress.step)
        progress.step += skipped
        progress.rate, progress.average = progress.rate / 2, None
        progress.seconds = time.perf_counter() - self._began
        text = _("The loss became {loss} at step {step}: the last good weights are back, at half the rate.").format(
            loss=f"{loss:.3g}", step=progress.step
        )
        self.status.message = text
        self.metrics.append(self._row() | {"event": text})
        # From here on this is the state to continue from: the data that broke the run is behind it.
        self._checkpoint(regular=True)
        self.task.restarted(progress.step)

    # Where it begins ------------------------------------------------------------------------------------------------
    def _restore_or_plan(self) -> None:
        self._initial = self._arrays()
        found = load_newest(self.run.checkpoint_path)
        recorded = self.run.read_json("plan.json")
        self.plan = _plan(recorded)
        if found is None or self.plan is None:
            if any(checkpoints(self.run.checkpoint_path)):
                self.status.message = _("Every checkpoint is damaged: the run begins again.")
            self.plan = self.plan or self._make_plan()
        else:
            arrays, meta = found
            self._put_back(arrays)
            known = Progress.__dataclass_fields__
            self.progress = Progress(**{key: value for key, value in meta.items() if key in known})
        self.task.restarted(self.progress.step)
        self.status.total = self.plan.total_steps
        self._tell(force=True)

    def _make_plan(self) -> Plan:
        """Measure, put everything back as it was, and write down what was decided."""
        self.status.phase = _("measuring speed")
        self._tell(force=True)
        step = planning.measure_steps(self.task)
        costs = planning.Costs(
            step, _timed(lambda: self.task.evaluate(0)), _timed(lambda: self.task.sample(0)), _timed(self._arrays) * 5
        )
        self._put_back(self._initial)
        total = planning.total_steps(self.options, self.task, costs, time.perf_counter() - self._began)
        plan = planning.fit(total, costs)
        self.run.write_json("plan.json", asdict(plan) | {"costs": asdict(costs), "notes": list(self.task.sizes.notes)})
        self.status.phase = ""
        return plan

    def _arrays(self) -> Arrays:
        return {name: np.array(variable) for name, variable in self.task.variables().items()}

    def _put_back(self, arrays: Arrays) -> None:
        variables = self.task.variables()
        fits = set(arrays) == set(variables) and all(
            tuple(arrays[name].shape) == tuple(variable.shape) for name, variable in variables.items()
        )
        if not fits:
            raise UserError(
                _("The checkpoint of “{run}” does not fit its options: start a new run.").format(run=self.run.id)
            )
        for name, variable in variables.items():
            variable.assign(arrays[name])

    # Where it ends --------------------------------------------------------------------------------------------------
    def _finish(self) -> None:
        if not self.run.model_path.exists():
            self._save_model()
        self.status.phase = _("final figures")
        self._tell(force=True)
        self.task.load_model(str(self.run.model_path))
        self._write_report(self.task.report(), complete=True)
        self.status.phase = ""

    def _write_report(self, figures: dict[str, Any], complete: bool) -> None:
        progress = self.progress
        self.run.write_json(
            "report.json",
            figures
            | {
                "complete": complete,
                "steps": progress.step,
                "best_metric": self.task.best.metric,
                "best_value": progress.best,
                "best_step": progress.best_step,
                "rollbacks": progress.rollbacks,
                "seconds": round(progress.seconds, 2),
                "throughput": self.status.throughput,
                "unit": self.task.sizes.unit,
                "peak_memory_mb": peak_memory_mb(),
                "notes": list(self.task.sizes.notes),
                "versions": versions(),
                "machine": machine(),
            },
        )

    # What others see ------------------------------------------------------------------------------------------------
    def _row(self) -> dict[str, Any]:
        step = self.progress.step
        return {
            "step": step,
            "epoch": round(step / max(1e-9, self.task.sizes.steps_per_epoch), 4),
            "seconds": round(self.progress.seconds, 3),
        }

    def _tell(self, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._told < STATUS_SECONDS:
            return
        self._told = now
        progress, status = self.progress, self.status
        status.step, status.seconds, status.heartbeat = progress.step, progress.seconds, time.time()
        status.epoch = progress.step / max(1e-9, self.task.sizes.steps_per_epoch)
        status.unit, status.best_metric = self.task.sizes.unit, self.task.best.metric
        status.best, status.best_step = progress.best, progress.best_step
        if self.plan and status.throughput:
            left = self.plan.total_steps - progress.step
            status.eta = left * self.task.sizes.per_step / status.throughput
        status.write(self.run.path / "status.json")
        self._hook(status)


def _plan(recorded: Any) -> Plan | None:
    names = Plan.__dataclass_fields__
    if not isinstance(recorded, dict):
        return None
    values = {name: recorded.get(name) for name in names}
    sound = all(isinstance(value, int) and value >= 1 for value in values.values())
    return Plan(**values) if sound else None  # type: ignore[arg-type]


def _smooth(old: float | None, new: float) -> float:
    return new if old is None else 0.9 * old + 0.1 * new


def _timed(work: Callable[[], Any]) -> float:
    """Seconds of one call; of a second one where the first was short enough to be mostly compiling."""
    spent = 0.0
    for _round in range(2):
        began = time.perf_counter()
        work()
        spent = time.perf_counter() - began
        if spent > 2.0:
            break
    return spent
