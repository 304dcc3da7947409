"""core.backend and core.scikit: threads that import different pages at the same time do not deadlock."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLD = """
import importlib, threading, time, traceback
parts = {names}
failed = []
def visit(number, part):
    time.sleep(0.4 * number)
    try:
        importlib.import_module(part)
    except BaseException:
        failed.append(part + " " + traceback.format_exc()[-300:])
threads = [threading.Thread(target=visit, args=item) for item in enumerate(parts)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(failed or "all are in")
"""


@pytest.mark.exhaustive
def test_visitors_of_a_cold_server_all_get_in():
    names = [
        "core.backend",
        "core.classifier.training.model",
        "core.gan.inference.draw",
        "core.charlm.inference.write",
        "core.training.devices",
    ]
    code = COLD.format(names=names)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "all are in", done.stdout + done.stderr[-2000:]
