"""Garbage collection that does not grow with what is imported.

Streamlit collects garbage after every run of a script. With TensorFlow imported that took 0.22 s of processor time a
run, nearly all of it spent looking at objects that modules hold and that are garbage never.
"""

import gc
import sys

_GROWTH = 300  # modules; TensorFlow brings some thousands
_known = 0


def spare_modules() -> None:
    """Set what is imported by now aside from the collector, once after each large import."""
    global _known
    if len(sys.modules) - _known > _GROWTH:
        _known = len(sys.modules)
        gc.collect()
        gc.freeze()
