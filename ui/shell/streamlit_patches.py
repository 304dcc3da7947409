"""Patches of Streamlit's cleanup after every script run.

Streamlit runs the garbage collector. With TensorFlow imported that took 0.22 s per script run, nearly all of it for
traversing objects of imported modules, which are never garbage.

It also clears the Keras session, which is global to the process: a network that another thread is building then gets
duplicate layer names and fails, and compiled kernels are looked up again.
"""

import gc
import sys

from streamlit.runtime.scriptrunner import script_runner

_GROWTH = 300  # modules; TensorFlow brings some thousands
_known = 0


def freeze_modules() -> None:
    """Exclude objects of imported modules from garbage collection (gc.freeze), once after each large import."""
    global _known
    if len(sys.modules) - _known > _GROWTH:
        _known = len(sys.modules)
        gc.collect()
        gc.freeze()


def keep_keras_session() -> None:
    """Disable Streamlit's call of keras.backend.clear_session()."""
    script_runner._clean_problem_modules = lambda: None
