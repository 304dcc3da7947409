"""Run bench.visitors against the container image, limited to 2 GB of memory.

Build it first: `docker build -t hidden-state .`. HIDDEN_STATE_ENGINE is the engine with its options (docker),
HIDDEN_STATE_ENGINE_RUN holds further options for its `run`; with `--network host` the container's own port is used.
"""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.app import await_health
from bench.ports import free_port
from bench.visitors import QUICK_SECONDS, QUICK_VISITORS, SECONDS, VISITORS, demo_runs, figures, simulate

ENGINE = shlex.split(os.environ.get("HIDDEN_STATE_ENGINE", "docker"))
RUN_OPTIONS = shlex.split(os.environ.get("HIDDEN_STATE_ENGINE_RUN", ""))
IMAGE, LIMIT, OWN_PORT = "hidden-state", "2g", 8501
# Memory of all processes together without the page cache, from cgroup version 2 or 1.
MEMORY_STAT = "cat /sys/fs/cgroup/memory.stat /sys/fs/cgroup/memory/memory.stat"
OOM_EVENTS = "cat /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"


def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows. Raises RuntimeError where the container does not answer or one of its processes was killed."""
    if only not in "visitors of the container":
        return []
    seconds = float(os.environ.get("HIDDEN_STATE_VISIT_SECONDS") or (QUICK_SECONDS if quick else SECONDS))
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        demo_runs(runs)
        for path in (runs, *runs.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)  # the container's user has another user id
        port = OWN_PORT if "host" in RUN_OPTIONS else free_port()
        published = [] if "host" in RUN_OPTIONS else ["-p", f"127.0.0.1:{port}:{OWN_PORT}"]
        # A host name of its own: with this machine's name, this process would look up the container's process ids here.
        held = ["--hostname", IMAGE, "--memory", LIMIT, "--memory-swap", LIMIT]
        demo = ["-e", "HIDDEN_STATE_DEMO=1", "-v", f"{runs}:/runs"]
        name = _engine("run", "-d", *held, *demo, *published, *RUN_OPTIONS, IMAGE).split()[-1]
        try:
            await_health(f"http://127.0.0.1:{port}")
            visitors = QUICK_VISITORS if quick else VISITORS
            measured = simulate(f"http://127.0.0.1:{port}", runs, visitors, seconds, lambda: _memory(name))
            events = _engine("exec", name, "sh", "-c", f"{OOM_EVENTS} 2>/dev/null; true").split()
            killed = int(events[events.index("oom_kill") + 1])
            if killed:
                raise RuntimeError(f"{killed} processes were killed for memory")
            return figures(f"{visitors} visitors of the container", measured)
        finally:
            if sys.exc_info()[0]:
                print(_engine("logs", name)[-5000:], file=sys.stderr)
            _engine("rm", "-f", name)
            # Make the files of the container's user removable.
            _engine(
                "run", "--rm", "--user", "0", "-v", f"{runs}:/runs", *RUN_OPTIONS, IMAGE, "chmod", "-R", "777", "/runs"
            )


def _engine(*words: str) -> str:
    done = subprocess.run([*ENGINE, *words], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{words[0]}: {done.stderr[-2000:]}")
    return done.stdout


def _memory(name: str) -> tuple[float, float]:
    words = _engine("exec", name, "sh", "-c", f"{MEMORY_STAT} 2>/dev/null; true").split()
    kind = "anon" if "anon" in words else "total_rss"
    used = int(words[words.index(kind) + 1]) / 1e6
    return used, used
