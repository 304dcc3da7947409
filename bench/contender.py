"""The contenders of a benchmark, each in its own process.

TensorFlow and PyTorch cannot share a process: TensorFlow and PyTorch's triton contain two copies of one native library,
and importing both ends in a segmentation fault.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Burst = Callable[[], float]  # works for about a second and returns units per second
Contenders = Mapping[tuple[str, str], Callable[[], Burst]]  # (work, who) → a function that prepares the burst


class Contender:
    """A process of `python -m MODULE WORK WHO` that runs one burst for each line it reads.

    speeds: units per second of every burst so far. BENCH_TORCH_PYTHON names the interpreter of PyTorch's contenders.
    """

    def __init__(self, module: str, work: str, who: str) -> None:
        self.work, self.who, self.speeds = work, who, list[float]()
        self.memory_mb = 0.0
        python = os.environ.get("BENCH_TORCH_PYTHON", sys.executable) if "pytorch" in who else sys.executable
        self._process = subprocess.Popen(
            [python, "-m", module, work, who],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.available = self._ask() is not None

    @property
    def best(self) -> float:
        return max(self.speeds, default=0.0)

    def measure(self) -> None:
        """Run one burst and record its speed."""
        answer = self._ask() if self.available else None
        if answer:
            self.speeds.append(answer["speed"])
            self.memory_mb = answer["memory_mb"]

    def _ask(self) -> dict[str, float] | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)


def take_turns(module: str, contenders: Contenders, work: str, rounds: int) -> list[Contender]:
    """Measure every contender of `work` once a round, in turn, so that other load affects all alike; then end them."""
    found = [Contender(module, *key) for key in contenders if key[0] == work]
    try:
        for _round in range(rounds):
            for contender in found:
                contender.measure()
    finally:
        for contender in found:
            contender.close()
    for contender in found:
        if not contender.available:
            print(f"{contender.who} cannot run here: its rows are left out.", file=sys.stderr)
    return [contender for contender in found if contender.speeds]


def serve(contenders: Contenders, work: str, who: str) -> None:
    """Run as a contender: prepare, then answer the first line of input; run a burst for each further line."""
    from core.training.machine import peak_memory_mb

    try:
        burst = contenders[work, who]()
    except ImportError:
        return
    speed = 0.0
    for _line in sys.stdin:
        print(json.dumps({"speed": speed, "memory_mb": peak_memory_mb()}), flush=True)
        break
    for _line in sys.stdin:
        print(json.dumps({"speed": burst(), "memory_mb": peak_memory_mb()}), flush=True)
