"""The training loop of all families: budget, schedule, metrics, samples, checkpoints, stop and roll-back.

It replaces Keras' `fit`, since a run must continue bit for bit from any step and `fit` cannot resume within an epoch.
Everything depends only on the step's number and on the plan recorded in plan.json, so that a killed run continues
exactly as an uninterrupted one.
"""

import math
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import compact_checkpoints, load_newest, save_arrays, save_checkpoint
from core.runs.files import flush_to_disk, remove_partial_files
from core.runs.metrics import MetricsWriter
from core.runs.run import Run
from core.runs.status import Status
from core.training import planning, snapshots
from core.training.machine import machine, peak_memory_mb
from core.training.schedule import factors
from core.training.state import (
    Progress,
    best_model_is_readable,
    load_start_weights,
    meta,
    read_arrays,
    record_plan,
    record_task,
    restore,
    restore_variables,
    write_files,
)
from core.training.task import Plan, Task
from core.version import versions

LOSS_SPIKE_MARGIN = 1.0  # added to `sizes.loss_spike_factor` times the running mean, for losses near zero
MAX_ROLLBACKS = 8
STATUS_SECONDS = 0.5


class Trainer:
    """Train one run to the end of its budget, or until a stop is requested.

    hook(status) is called whenever status.json is written, about twice a second.
    """

    plan: Plan
    metrics: MetricsWriter

    def __init__(self, run: Run, task: Task, status: Status, hook: Callable[[Status], None] | None = None) -> None:
        self.run, self.task, self.status = run, task, status
        self.options = run.options
        self.progress = Progress()
        self._hook = hook or (lambda status: None)
        self._last_status_time = -math.inf
        self._began = self._saved_at = time.perf_counter()
        self._saving_took = self._saving_seconds = 0.0
        self._calls = 0  # of the task's train() by this process

    # Main loop ------------------------------------------------------------------------------------------------------
    def fit(self) -> str:
        """Train; return "finished" or "stopped". Raises UserError where training cannot go on."""
        self._begin()
        progress = self.progress
        if progress.step == 0:
            self._sample()
        while progress.step < self.plan.total_steps and not progress.ended_early:
            if self.run.stop_requested():
                self._stop()
                self._write_status(force=True)
                return "stopped"
            self._advance()
        self._finish()
        return "finished"

    def _begin(self) -> None:
        """Restore the newest checkpoint; for a run without a plan, make and record it before the first step."""
        remove_partial_files(self.run.path)
        remove_partial_files(self.run.checkpoint_path)
        record_task(self.run, self.task)
        had_checkpoints = self.run.has_checkpoint
        progress, plan = restore(self.run, self.task)
        self.progress = progress or Progress()
        if progress is None:
            if had_checkpoints:
                self.status.message = _("Every checkpoint is damaged: the run begins again.")
            load_start_weights(self.run, self.task)
        elif progress.best is not None and not best_model_is_readable(self.run, self.task):
            progress.best, progress.best_step, progress.best_figures = None, None, {}
            self.status.message = _("model.keras was damaged or gone: the best weights are looked for anew.")
        self.plan = plan or self._make_plan()
        self.task.on_restore(self.progress.step, self.plan.total_steps)
        self.metrics = MetricsWriter(self.run.metrics_path, self.progress.step)
        for later in self.run.sample_steps():
            if later > self.progress.step:
                shutil.rmtree(self.run.samples_path / f"step-{later:08d}", ignore_errors=True)
        if progress is None:
            self._checkpoint(regular=True)
        self.status.total = self.plan.total_steps
        self._write_status(force=True)
        self._began = time.perf_counter() - self.progress.seconds

    def _make_plan(self) -> Plan:
        """Make and record the plan; only where the budget is in seconds, measure the speed first."""
        sizes, costs = self.task.sizes, None
        total = planning.steps_without_measuring(self.options, self.task)
        if total is None:
            costs = self._measure()
            spent = time.perf_counter() - self._began
            total = planning.steps_in_seconds(self.options.seconds or 0.0, spent, costs, sizes.evaluations)
        plan = planning.make_plan(total, sizes.evaluations)
        record_plan(self.run, plan, costs, sizes)
        return plan

    def _measure(self) -> planning.Costs:
        """Measure the speed and restore all variables."""
        self.status.phase = _("measuring speed")
        self._write_status(force=True)
        initial = read_arrays(self.task)
        probe = self.run.path / ".probe.npz"
        costs = planning.Costs(
            step=planning.measure_steps(self.task),
            evaluate=planning.measure_seconds(lambda: self.task.evaluate(0)),
            sample=planning.measure_seconds(lambda: self.task.sample(0)),
            checkpoint=planning.measure_seconds(lambda: save_arrays(probe, read_arrays(self.task), {})),
        )
        probe.unlink()
        restore_variables(self.task, initial)
        self.status.phase = ""
        return costs

    def _advance(self) -> None:
        """Train the steps up to the next line of the metrics, then evaluate, sample and checkpoint if due."""
        progress, plan, options = self.progress, self.plan, self.options
        count = min(plan.log_every - progress.step % plan.log_every, plan.total_steps - progress.step)
        scale = factors(progress.step, count, plan.total_steps, options.warmup, options.schedule) * progress.rate
        began = time.perf_counter()
        figures: dict[str, Any] = self.task.train(progress.step, scale.astype(np.float32))
        throughput = count * self.task.sizes.per_step / max(time.perf_counter() - began, 1e-9)
        loss = figures[self.task.loss_key]
        good = not self._is_bad(loss)
        if good:
            progress.average = loss if progress.average is None else 0.8 * progress.average + 0.2 * loss
            figures = figures | {"lr_factor": float(scale[-1]), "throughput": throughput}
            self.status.loss, self.status.throughput = loss, self._smooth(throughput)
        else:
            figures = {"event": self._roll_back(loss)}
        progress.step += count
        progress.seconds = time.perf_counter() - self._began
        if not good:
            self.task.on_restore(progress.step, plan.total_steps)
        ended = progress.step >= plan.total_steps
        row = self._row() | figures
        if progress.step % plan.eval_every == 0 or ended:
            row |= self._evaluate()
        self.metrics.append(row)
        if progress.step % plan.sample_every == 0 or ended:
            self._sample()
        # After a roll-back, save the state after the data that caused it, so that a continued run skips that data.
        if progress.step % plan.checkpoint_every == 0 or ended or progress.ended_early or not good:
            self._checkpoint(regular=True)
        elif time.perf_counter() - self._saved_at > planning.seconds_between_checkpoints(self._saving_took):
            self._checkpoint(regular=False)
        self._write_status()

    def _smooth(self, throughput: float) -> float:
        """Return the running mean of the throughput; the first call of a process compiles and does not count."""
        self._calls += 1
        old = self.status.throughput
        return throughput if old is None or self._calls <= 2 else 0.9 * old + 0.1 * throughput

    # Evaluation, samples, checkpoints -------------------------------------------------------------------------------
    def _evaluate(self) -> dict[str, float]:
        progress, best = self.progress, self.task.best
        figures = self.task.evaluate(progress.step)
        value = figures[best.metric]
        sign = 1.0 if best.mode == "min" else -1.0
        improved = math.isfinite(value) and (
            progress.best is None or sign * value < sign * progress.best - best.min_delta
        )
        if improved:
            progress.best, progress.best_step, progress.since_best = value, progress.step, 0
            progress.best_figures = dict(figures)
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
        flush_to_disk(temporary)
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

    def _checkpoint(self, regular: bool) -> None:
        progress = self.progress
        if regular:
            progress.regular = progress.step
        self.metrics.flush()
        began = time.perf_counter()
        arrays = read_arrays(self.task)
        save_checkpoint(self.run.checkpoint_path, progress.step, arrays, meta(progress, self.plan), progress.regular)
        self._saved_at = time.perf_counter()
        self._saving_took = self._saved_at - began
        self._saving_seconds += self._saving_took

    # Roll-back ------------------------------------------------------------------------------------------------------
    def _is_bad(self, loss: float) -> bool:
        if not math.isfinite(loss):
            return True
        average = self.progress.average
        return average is not None and abs(loss) > self.task.sizes.loss_spike_factor * abs(average) + LOSS_SPIKE_MARGIN

    def _roll_back(self, loss: float) -> str:
        """Restore the last good checkpoint and halve the learning rate; training continues with the next data.

        Returns the message about it. Raises UserError after MAX_ROLLBACKS or where no checkpoint is readable.
        """
        progress, folder = self.progress, self.run.checkpoint_path
        progress.rollbacks += 1
        if progress.rollbacks > MAX_ROLLBACKS:
            raise UserError(
                _(
                    "The loss became {loss} at step {step}, again after {count} returns to the last good weights: "
                    "start a new run with a smaller learning rate."
                ).format(loss=f"{loss:.3g}", step=progress.step, count=MAX_ROLLBACKS)
            )
        # Prefer the scheduled checkpoint, so that a run stopped in between rolls back to the same one as if it was not.
        good = load_newest(folder, before=progress.regular + 1) or load_newest(folder)
        if good is None or not restore_variables(self.task, good[0]):
            raise UserError(
                _("The loss became {loss} at step {step}, and every checkpoint is damaged: start a new run.").format(
                    loss=f"{loss:.3g}", step=progress.step
                )
            )
        progress.rate, progress.average = progress.rate / 2, None
        self.status.message = _(
            "The loss became {loss} at step {step}: the last good weights are back, at half the rate."
        ).format(loss=f"{loss:.3g}", step=progress.step)
        return self.status.message

    # End of the run -------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        """Save checkpoint, model and report of a stopped run; a run without any step leaves none of them."""
        if self.progress.step == 0:
            return
        self._checkpoint(regular=False)
        if not self.run.model_path.exists():
            self._save_model()
        self._write_report(self.progress.best_figures or self.task.evaluate(self.progress.step), complete=False)

    def _finish(self) -> None:
        if not self.run.model_path.exists():
            self._evaluate()
        self.status.phase = _("final figures")
        self._write_status(force=True)
        self.task.load_model(str(self.run.model_path))
        report = self.task.report()
        write_files(self.run, report.files)
        self._write_report(report.figures, complete=True)
        compact_checkpoints(self.run.checkpoint_path)
        self.status.phase = ""
        self._write_status(force=True)

    def _write_report(self, figures: dict[str, Any], complete: bool) -> None:
        progress = self.progress
        about = {
            "complete": complete,
            "steps": progress.step,
            "best_metric": self.task.best.metric,
            "best_value": progress.best,
            "best_step": progress.best_step,
            "rollbacks": progress.rollbacks,
            "seconds": round(progress.seconds, 2),
            "throughput": self.status.throughput,
            "unit": self.task.sizes.unit,
            "checkpoint_seconds": round(self._saving_seconds, 3),
            "peak_memory_mb": peak_memory_mb(),
            "notes": self.task.sizes.notes,
            "versions": versions(),
            "machine": machine(),
        }
        self.run.write_json("report.json", figures | about)

    # Status ---------------------------------------------------------------------------------------------------------
    @property
    def _epoch(self) -> float:
        return self.progress.step / max(1e-9, self.task.sizes.steps_per_epoch)

    def _row(self) -> dict[str, Any]:
        progress = self.progress
        return {"step": progress.step, "epoch": round(self._epoch, 4), "seconds": round(progress.seconds, 3)}

    def _write_status(self, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._last_status_time < STATUS_SECONDS:
            return
        self._last_status_time = now
        progress, status = self.progress, self.status
        status.step, status.seconds, status.heartbeat = progress.step, progress.seconds, time.time()
        status.epoch, status.unit, status.best_metric = self._epoch, self.task.sizes.unit, self.task.best.metric
        status.best, status.best_step = progress.best, progress.best_step
        if status.total and status.throughput:
            status.eta = (status.total - progress.step) * self.task.sizes.per_step / status.throughput
        status.write(self.run.path / "status.json")
        self._hook(status)
