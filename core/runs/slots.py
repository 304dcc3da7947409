"""The queue is processes that wait: each takes one of N slot locks, the oldest first."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import UserError
from core.runs.files import is_number
from core.runs.run import Run
from core.runs.status import Status, is_alive

POLL = 0.3  # seconds


def slots() -> int:
    """How many runs may train at once (HIDDEN_STATE_SLOTS, 1 by default: two trainings on two cores help neither)."""
    text = os.environ.get("HIDDEN_STATE_SLOTS", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 4 else 1


def waiting(directory: Path) -> list[str]:
    """Ids of the queued runs whose process lives, the one that is next first."""
    queued = []
    for path in directory.iterdir():
        status = None if path.name.startswith(".") else Status.read(path / "status.json")
        if status and status.state == "queued" and is_alive(status):
            queued.append((status.queued_at, path.name))
    return [name for _, name in sorted(queued)]


def outlook(run: Run) -> tuple[int, float | None] | None:
    """How many runs are before `run` in the queue, and in how many seconds it will about start; None if not queued.

    The seconds are None where a run before it has a budget in steps or epochs whose speed nobody has measured yet.
    """
    directory = run.path.parent
    queue = waiting(directory)
    if run.id not in queue:
        return None
    position = queue.index(run.id)
    free: list[float] = []
    for path in directory.iterdir():
        status = None if path.name.startswith(".") else Status.read(path / "status.json")
        if status and status.state == "running" and is_alive(status):
            left = _left(Run(path), status) if status.eta is None else status.eta
            if left is None:
                return position, None
            free.append(left)
    free = sorted([0.0] * max(0, slots() - len(free)) + free)
    for before in queue[:position]:
        other = Run(directory / before)
        left = _left(other, other.status)
        if left is None:
            return position, None
        free = sorted([free[0] + left, *free[1:]])
    return position, free[0]


def _left(run: Run, status: Status) -> float | None:
    """Seconds that `run` will still train, from its plan or its budget; None where neither says."""
    plan = run.read_json("plan.json")
    costs = plan.get("costs") if isinstance(plan, dict) else None
    if isinstance(costs, dict) and is_number(costs.get("step")) and is_number(plan.get("total_steps")):
        return max(0.0, (plan["total_steps"] - status.step) * costs["step"])
    try:
        seconds = run.options.seconds
    except UserError:
        return 0.0  # it will fail at once
    return None if seconds is None else max(0.0, seconds - status.seconds)


@contextmanager
def alone(run: Run) -> Iterator[bool]:
    """Hold the right to train `run`; yields False where another process has it. A killed process lets go of it."""
    lock = _lock(run, f"run-{run.id}")
    try:
        yield _try(lock)
    finally:
        lock.release()


@contextmanager
def slot(run: Run, on_wait: Callable[[int], bool]) -> Iterator[bool]:
    """Hold a slot for `run`, whose status must be "queued". Yields False where `on_wait` said to give up.

    on_wait(position) is called at every look; position 0 is next. It returns True to go on waiting.
    """
    locks = [_lock(run, str(number)) for number in range(slots())]
    held = None
    while held is None:
        queue = waiting(run.path.parent)
        position = queue.index(run.id) if run.id in queue else 0
        if position == 0:
            held = next((lock for lock in locks if _try(lock)), None)
        if held is None:
            if not on_wait(position):
                break
            time.sleep(POLL)
    try:
        yield held is not None
    finally:
        if held is not None:
            held.release()


def _lock(run: Run, name: str) -> FileLock:
    folder = run.path.parent / ".slots"
    folder.mkdir(exist_ok=True)
    return FileLock(folder / f"{name}.lock")


def _try(lock: FileLock) -> bool:
    with suppress(Timeout):
        lock.acquire(blocking=False)
        return True
    return False
