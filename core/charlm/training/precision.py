"""Choose the matrix-product dtype and the number of batch shards that train fastest on this machine."""

import os
import time
from typing import Any

from core.backend import tf

LEAST_UNITS = 96  # below this the products are too small for the dtype to matter
LEAST_ROWS = 8  # minimum rows of a shard
GAIN = 0.85  # bfloat16 loses precision, so it must take at most this share of float32's time


def cores() -> int:
    """Processor cores available to this process; a cluster limits them by HIDDEN_STATE_CORES."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("HIDDEN_STATE_CORES", "")
    return max(1, min(there, int(given))) if given.isdecimal() else there


def use_single_threaded_ops() -> None:
    """Run each op single-threaded, so that batch shards run in parallel without intra-op synchronisation.

    Works only before TensorFlow's first use in a process (core.tensorflow_import); later it trains as well, but slower.
    """
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(max(2, cores()))
    except RuntimeError:
        return


def shard_count(B: int) -> int:
    """Number of shards for a batch of B rows."""
    return max(1, min(cores(), B // LEAST_ROWS))


def fastest_dtype(units: int, rows: int) -> str:
    """Return "bfloat16" where this processor multiplies clearly faster in it, else "float32"; takes about 50 ms."""
    if units < LEAST_UNITS:
        return "float32"
    spent = {"float32": float("inf"), "bfloat16": float("inf")}
    for _round in range(4):
        for name in spent:
            spent[name] = min(spent[name], _seconds(getattr(tf, name), rows, units))
    return "bfloat16" if spent["bfloat16"] < GAIN * spent["float32"] else "float32"


def _seconds(dtype: Any, rows: int, units: int) -> float:
    h, recurrent = tf.ones((rows, units), dtype), tf.ones((units, 4 * units), dtype)
    tf.linalg.matmul(h, recurrent)
    began = time.perf_counter()
    for _round in range(10):
        product = tf.linalg.matmul(h, recurrent)
    product.numpy()
    return time.perf_counter() - began
