"""The keys under which pages keep what they opened of a run, for everybody: they change when its folder does.

An id alone is no key: a model is replaced while it trains, and a deleted run's id is given out again. No parameter of a
cached function may begin with an underscore, for Streamlit leaves such parameters out of the key.
"""

from collections.abc import Callable
from typing import TypeVar

from core.errors import UserError
from core.i18n import _
from core.runs.run import Run

T = TypeVar("T")


def data_key(run: Run) -> tuple[str, int]:
    """The run's path and its birth, which its data share. Raises UserError where the run is gone."""
    return str(run.path), _stamp(run, lambda: (run.path / "config.json").stat().st_mtime_ns)


def model_key(run: Run) -> tuple[str, tuple[int, ...]]:
    """The run's path, its birth, its weights, and the answers that calibrate them. Raises UserError as of_data does."""
    path, born = data_key(run)
    return path, (born, *_stamp(run, run.weights_stamp))


def _stamp(run: Run, stamp: Callable[[], T]) -> T:
    try:
        return stamp()
    except OSError:
        raise UserError(
            _("The run “{run}” is gone, or has no model any more: choose another one.").format(run=run.id)
        ) from None
