"""What Streamlit tidies up after every run of a script, kept from costing time and from hurting other visitors.

It collects garbage. With TensorFlow imported that took 0.22 s of processor time a run, nearly all of it spent looking
at objects that modules hold and that are garbage never.

It also clears Keras' session, which is one for the whole process: a network that another visitor's thread is just
building then gets two layers of one name and fails, and every compiled kernel is looked up anew.
"""

import gc
import sys

from streamlit.runtime.scriptrunner import script_runner

_GROWTH = 300  # modules; TensorFlow brings some thousands
_known = 0


def freeze_modules() -> None:
    """Set what is imported by now aside from the collector, once after each large import."""
    global _known
    if len(sys.modules) - _known > _GROWTH:
        _known = len(sys.modules)
        gc.collect()
        gc.freeze()


def keep_keras_session() -> None:
    """Leave Keras' session alone: what it holds of a run belongs to the run's thread and goes with it."""
    script_runner._clean_problem_modules = lambda: None
