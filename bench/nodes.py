"""Two Ray nodes on this machine, as a test or a bench starts and ends them: by the process ids that they began with."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.ports import free_port


class Node:
    """One `ray start --block` and all that it started."""

    def __init__(self, *words: str) -> None:
        ray = str(Path(sys.executable).with_name("ray"))
        common = ["--block", "--node-ip-address=127.0.0.1", "--disable-usage-stats", "--num-cpus=1"]
        # A lost node is noticed within seconds; by default Ray takes a quarter of a minute.
        quick = {"RAY_health_check_period_ms": "500", "RAY_health_check_initial_delay_ms": "500"}
        self._process = subprocess.Popen(
            [ray, "start", *common, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | quick | {"RAY_health_check_failure_threshold": "2", "NO_COLOR": "1"},
        )
        self.said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if "--block" in line or "Ray runtime started" in line:
                return
        raise RuntimeError(self.said)

    @property
    def processes(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(self._process.pid)
            return [process, *process.children(recursive=True)]
        return []

    def kill(self) -> None:
        """All at once, as when a plug is pulled."""
        processes = self.processes
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 10)
        self._process.wait(10)


@contextlib.contextmanager
def two_nodes() -> Iterator[list[Node]]:
    """Nodes of one core each, the head first; RAY_ADDRESS is theirs."""
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
