"""The queue of runs: each training process waits until it is first in order and one of N slot locks is free."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import UserError
from core.runs import policy
from core.runs.files import is_number
from core.runs.folders import root_of, run_folders
from core.runs.run import Run
from core.runs.status import Status, is_alive

POLL_SECONDS = 0.3  # seconds
TURN_OVERHEAD_SECONDS = 8.0  # of a visitor's run besides training: TensorFlow's import and the final figures


def slot_count() -> int:
    """Return how many runs may train at once: HIDDEN_STATE_SLOTS, by default 1, since TensorFlow uses all cores."""
    text = os.environ.get("HIDDEN_STATE_SLOTS", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 4 else 1


def queued_runs(directory: Path) -> list[Run]:
    """Return the queued runs whose process is alive, the next one first.

    The owner's runs are in order of arrival. Visitors of a hosted demo are served in turn: a visitor whose run has just
    started goes to the end of the queue.
    """
    lines: dict[Path, list[tuple[float, str]]] = {}
    served: dict[Path, float] = {}
    for path in run_folders(directory):
        status, owner = Status.read(path / "status.json"), path.parent
        if status is None or status.cluster:  # Ray queues the runs of a cluster itself
            continue
        served[owner] = max(served.get(owner, 0.0), status.started_at or 0.0)
        if status.state == "queued" and is_alive(status):
            lines.setdefault(owner, []).append((status.queued_at, path.name))
    served[directory] = 0.0  # the owner's runs start in order of arrival
    owners = sorted(lines, key=lambda owner: max(min(lines[owner])[0], served[owner]))
    turns = zip_longest(*([Run(owner / name) for _, name in sorted(lines[owner])] for owner in owners))
    return [run for turn in turns for run in turn if run is not None]


def queue_position(run: Run) -> tuple[int, float | None] | None:
    """Return how many runs are ahead of `run` and the estimated seconds until it starts; None if it is not queued.

    The seconds are None where a run ahead has a budget in steps or epochs and its speed is not measured yet.
    """
    queue = queued_runs(root_of(run.path.parent))
    position = next((place for place, other in enumerate(queue) if other.path == run.path), None)
    return None if position is None else (position, seconds_until_start(root_of(run.path.parent), queue[:position]))


def seconds_until_start(directory: Path, before: Sequence[Run]) -> float | None:
    """Estimate the seconds until a slot is free after the queued runs `before`; None where that is unknown."""
    free: list[float] = []
    for path in run_folders(directory):
        status = Status.read(path / "status.json")
        if status and status.state == "running" and not status.cluster and is_alive(status):
            left = _seconds_left(Run(path), status)
            if left is None:
                return None
            free.append(left)
    free = sorted([0.0] * max(0, slot_count() - len(free)) + free)
    for other in before:
        left = _seconds_left(other, other.status)
        if left is None:
            return None
        free = sorted([free[0] + left, *free[1:]])
    return free[0]


def _seconds_left(run: Run, status: Status) -> float | None:
    """Estimate the remaining training seconds from the run's ETA, plan or budget; None where none of them is known."""
    left = status.eta if status.state == "running" else None
    if left is None:
        left = _planned_seconds(run, status)
    limit = policy.current().turn_seconds
    if limit is None or root_of(run.path.parent) == run.path.parent:
        return left
    began = time.time() - status.started_at if status.state == "running" and status.started_at else 0.0
    turn = max(0.0, limit - began)  # a visitor's run is stopped after this many seconds
    return turn if left is None else min(left + TURN_OVERHEAD_SECONDS, turn)


def _planned_seconds(run: Run, status: Status) -> float | None:
    plan = run.read_object("plan.json")
    costs = plan.get("costs")
    step = status.seconds / status.step if status.step else costs.get("step") if isinstance(costs, dict) else None
    if is_number(step) and is_number(plan.get("total_steps")):
        return max(0.0, (plan["total_steps"] - status.step) * step)
    try:
        seconds = run.options.seconds
    except UserError:
        return 0.0  # a run with invalid options fails as soon as it starts
    return None if seconds is None else max(0.0, seconds - status.seconds)


@contextmanager
def run_lock(run: Run, timeout: float = 0.0, still_wanted: Callable[[], bool] = lambda: True) -> Iterator[bool]:
    """Hold the lock that only one process may hold to train `run`. Yield whether it was acquired.

    timeout: seconds to wait for another process to release it; the wait ends early when still_wanted() returns False.
    The operating system releases the lock of a killed process.
    """
    lock, deadline = _slot_lock(run, f"run-{run.id}"), time.monotonic() + timeout
    try:
        while not (held := _try_acquire(lock)) and time.monotonic() < deadline and still_wanted():
            time.sleep(POLL_SECONDS)
        yield held
    finally:
        lock.release()


@contextmanager
def training_slot(run: Run, on_wait: Callable[[int], bool]) -> Iterator[bool]:
    """Hold a training slot for `run`, whose status must be "queued". Yield whether it was acquired.

    on_wait(position) is called at every poll, with 0 for the next run; it returns False to give up waiting.
    """
    locks = [_slot_lock(run, str(number)) for number in range(slot_count())]
    held = None
    while held is None:
        queue = [other.path for other in queued_runs(root_of(run.path.parent))]
        position = queue.index(run.path) if run.path in queue else 0
        if position == 0:
            held = next((lock for lock in locks if _try_acquire(lock)), None)
        if held is None:
            if not on_wait(position):
                break
            time.sleep(POLL_SECONDS)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.release()


@contextmanager
def no_wait(run: Run, on_wait: Callable[[int], bool]) -> Iterator[bool]:
    """Replace training_slot() on a cluster, where Ray has already scheduled the run."""
    yield True


def _slot_lock(run: Run, name: str) -> FileLock:
    folder = root_of(run.path.parent) / ".slots"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{name}.lock")


def _try_acquire(lock: FileLock) -> bool:
    with suppress(Timeout):
        lock.acquire(blocking=False)
        return True
    return False
