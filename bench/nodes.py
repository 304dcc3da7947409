"""Start two Ray nodes on this machine for a test or a benchmark, and end them by their process ids."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.ports import free_port


class Node:
    """One `ray start --block` and its child processes."""

    def __init__(self, *words: str) -> None:
        ray = str(Path(sys.executable).with_name("ray"))
        common = ["--block", "--node-ip-address=127.0.0.1", "--disable-usage-stats", "--num-cpus=1"]
        # Detect a lost node within seconds; Ray's default takes 15 seconds.
        quick = {"RAY_health_check_period_ms": "500", "RAY_health_check_initial_delay_ms": "500"}
        self._process = subprocess.Popen(
            [ray, "start", *common, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | quick | {"RAY_health_check_failure_threshold": "2", "NO_COLOR": "1"},
        )
        self.output = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output += line
            if "--block" in line or "Ray runtime started" in line:
                return
        raise RuntimeError(self.output)

    @property
    def processes(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        return []

    def kill(self) -> None:
        """Kill all processes of the node at once, as in a power failure."""
        processes = self.processes
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 10)
        self._process.wait(10)


@contextlib.contextmanager
def two_nodes() -> Iterator[list[Node]]:
    """Yield two nodes of one core each, the head first, with RAY_ADDRESS set to their cluster."""
    address = f"127.0.0.1:{free_port()}"
    nodes, before = list[Node](), os.environ.get("RAY_ADDRESS")
    try:
        nodes.append(Node("--head", f"--port={address.rpartition(':')[2]}", "--include-dashboard=false"))
        nodes.append(Node(f"--address={address}"))
        os.environ["RAY_ADDRESS"] = address
        yield nodes
    finally:
        os.environ.pop("RAY_ADDRESS", None)
        if before is not None:
            os.environ["RAY_ADDRESS"] = before
        for node in reversed(nodes):
            node.kill()
