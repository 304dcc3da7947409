"""status.json, and whether the process that wrote it is still alive."""

import os
import platform
import time
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import psutil

from core.runs.files import is_number, json_bytes, read_json, write_json

STATES = ("queued", "running", "finished", "stopped", "failed")
ENDED = ("finished", "stopped", "failed", "died", "broken")
START_GRACE = 60.0  # seconds that a launched process may take to write its first status
HEARTBEAT_GRACE = 600.0  # seconds of silence after which a process on another machine counts as gone
NUMBER_LIMIT = 1e15


@dataclass
class Status:
    """status.json. Times are seconds since 1970, durations seconds, `step` of `total` optimizer steps."""

    state: str = "queued"
    pid: int | None = None
    process_start: str = ""
    host: str = ""
    cluster: str = ""  # the address of the cluster that the run was submitted to; "" without a cluster
    queued_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    heartbeat: float = 0.0
    step: int = 0
    total: int | None = None
    epoch: float = 0.0
    seconds: float = 0.0
    eta: float | None = None
    throughput: float | None = None
    unit: str = ""
    loss: float | None = None
    best: float | None = None
    best_metric: str = ""
    best_step: int | None = None
    phase: str = ""
    message: str = ""
    error: str = ""

    @property
    def active(self) -> bool:
        """Whether the recorded state is queued or running; is_alive() tells whether that is still true."""
        return self.state in ("queued", "running")

    def write(self, path: Path) -> None:
        """Replace the file atomically, without flushing to the disk, since it is written twice a second."""
        write_json(path, asdict(self), durable=False)

    def overwrite(self, path: Path) -> None:
        """Overwrite the existing file in place, which also works on a full disk."""
        with path.open("r+b") as file:
            file.write(json_bytes(asdict(self)))
            file.truncate()

    @classmethod
    def read(cls, path: Path) -> "Status | None":
        """Return the status in the file, or None where it is missing or invalid."""
        return cls.parse(read_json(path))

    @classmethod
    def parse(cls, content: Any) -> "Status | None":
        if not isinstance(content, dict) or content.get("state") not in STATES:
            return None
        status = cls()
        for item in fields(cls):
            value, default = content.get(item.name), getattr(cls, item.name)
            if _fits(value, default, str(item.type)):
                setattr(status, item.name, value)
        return status


def _fits(value: Any, default: Any, annotation: str) -> bool:
    if value is None:
        return "None" in annotation
    if isinstance(default, str):
        return isinstance(value, str)
    return is_number(value, NUMBER_LIMIT) and ("float" in annotation or isinstance(value, int))


def this_host() -> str:
    return platform.node()


def process_start(pid: int) -> str:
    """Return a text that identifies the start of process `pid`, to detect a reused pid; "" where it does not exist.

    On Linux it is the boot id and the clock ticks since boot, which do not depend on the system time.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        if Path("/proc/sys/kernel/random/boot_id").exists():
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            return f"{boot}:{ticks}"
        return f"{process.create_time():.2f}"
    except (psutil.Error, OSError, IndexError):
        return ""


def is_alive(status: Status, now: float | None = None) -> bool:
    """Return whether the process that owns this status still exists; a zombie or a reused pid counts as gone.

    Without a pid or on another host, the age of the last heartbeat decides.
    """
    now = time.time() if now is None else now
    if status.cluster:  # Ray queues the run and restarts its process on another node
        return status.pid is None or abs(now - status.heartbeat) < HEARTBEAT_GRACE
    if status.pid is None:
        return abs(now - max(status.queued_at, status.heartbeat)) < START_GRACE
    if status.host and status.host != this_host():
        return abs(now - status.heartbeat) < HEARTBEAT_GRACE
    return bool(status.process_start) and process_start(status.pid) == status.process_start


def own_process(status: Status) -> Status:
    """Record this process (pid, host, start) as the owner of `status` and return it."""
    status.pid, status.host, status.process_start = os.getpid(), this_host(), process_start(os.getpid())
    return status
