"""The training process: wait for a slot, train, and write a final status whatever happens."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.families import family
from core.faults import print_fault
from core.i18n import _
from core.jobs.queue import run_lock, training_slot
from core.runs.placement import Placement
from core.runs.run import Run
from core.runs.status import Status, own_process
from core.tensorflow_import import import_tensorflow

Hook = Callable[[Status], None]
WaitForSlot = Callable[[Run, Callable[[int], bool]], AbstractContextManager[bool]]


def work(
    run: Run,
    hook: Hook | None = None,
    *,
    wait_for_slot: WaitForSlot = training_slot,
    lock_timeout: float = 0.0,
    only_if_queued: bool = False,
) -> Status:
    """Train `run` in this process to its end. Return its final status; raise nothing but KeyboardInterrupt.

    hook: called with the status whenever it changes. wait_for_slot: context manager that waits until the run may train.
    lock_timeout: seconds to wait for another process to release the run's lock; a process that was killed or has just
    stopped may hold it for a moment. only_if_queued: do nothing where the run is no longer queued once the lock is
    held, because another process has trained it meanwhile.
    """

    def still_wanted() -> bool:
        return not only_if_queued or run.status.state == "queued"

    try:
        with run_lock(run, lock_timeout, still_wanted) as acquired:
            if acquired and not still_wanted():
                return run.status
            if acquired:
                return _work(run, hook or (lambda status: None), wait_for_slot)
        error = _("Another process trains the run “{run}” already.").format(run=run.id)
    except OSError as fault:
        error = _write_error_message(fault)
    return Status(state="failed", error=error)


def _work(run: Run, hook: Hook, wait_for_slot: WaitForSlot) -> Status:
    path = run.path / "status.json"
    status = own_process(Status.read(path) or Status())
    if status.state != "queued":  # a queued run keeps the queue position of the moment it was launched
        status.queued_at = time.time()
    status.state, status.error, status.message, status.phase, status.eta = "queued", "", "", "", None
    status.ended_at = None
    try:
        with _stop_on_signals(run):
            status.write(path)
            with wait_for_slot(run, lambda position: _report_waiting(run, status, position, hook)) as acquired:
                status.state = _train(run, status, hook) if acquired else "stopped"
    except UserError as error:
        status.state, status.error = "failed", str(error)
    except KeyboardInterrupt:
        status.state = "stopped"
        raise
    except OSError as error:
        print_fault()
        status.state, status.error = "failed", _write_error_message(error)
    except Exception as error:
        print_fault()
        status.state = "failed"
        if type(error).__name__ == "ResourceExhaustedError" or isinstance(error, MemoryError):
            status.error = _("There is not enough memory for this network: choose a smaller one or a smaller batch.")
        else:
            status.error = _("Something in the program failed; the log of the run says what.")
    finally:
        _write_final_status(run, status, path)
    hook(status)
    return status


def _train(run: Run, status: Status, hook: Hook) -> str:
    if run.stop_requested():
        return "stopped"
    status.state, status.phase, status.started_at = "running", _("starting TensorFlow"), time.time()
    status.message, status.heartbeat = "", time.time()
    status.write(run.path / "status.json")
    hook(status)
    from core.training.loop import Trainer

    row = family(run.family)
    import_tensorflow(lambda: row.training.before_devices())
    with _device_scope(run):
        task = row.training.make_task(run)
        status.phase = ""
        return Trainer(run, task, status, hook).fit()


def _device_scope(run: Run) -> AbstractContextManager[Any]:
    if not Placement.of(run).devices:
        return nullcontext()
    from core.training.devices import device_scope

    return device_scope(run)


def _report_waiting(run: Run, status: Status, position: int, hook: Hook) -> bool:
    now = time.time()
    if abs(now - status.heartbeat) > 1.0:
        status.heartbeat = now
        status.message = (
            _("Next in the queue.") if position == 0 else _("{count} runs are first.").format(count=position)
        )
        status.write(run.path / "status.json")
        hook(status)
    return not run.stop_requested()


@contextmanager
def _stop_on_signals(run: Run) -> Iterator[None]:
    """Handle SIGTERM and SIGINT like the stop file: end in order. A second Ctrl-C raises KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: object) -> None:
        run.request_stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _write_error_message(error: OSError) -> str:
    return _("The run folder cannot be written: {reason}. Make room or mend it, then continue.").format(
        reason=error.strerror or error
    )


def _write_final_status(run: Run, status: Status, path: Path) -> None:
    status.ended_at = status.heartbeat = time.time()
    status.eta, status.phase = None, ""
    if status.state != "failed":
        status.error = ""
    with suppress(OSError):
        run.clear_stop()  # before the status: a reader that sees the final state may start the run again at once
    try:
        try:
            status.write(path)
        except OSError:
            status.overwrite(path)
    except OSError:
        print_fault()  # the folder cannot be written: the run is shown as died, its checkpoint is intact
