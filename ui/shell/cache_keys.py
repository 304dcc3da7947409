"""Keys for Streamlit's caches of what pages load from a run; they change when the run's files change.

A run id is not enough: a model is replaced while it trains, and a deleted run's id can be reused. No parameter of a
cached function may begin with an underscore, since Streamlit excludes such parameters from the key.
"""

from collections.abc import Callable
from typing import TypeVar

from core.errors import UserError
from core.i18n import _
from core.runs.run import Run

T = TypeVar("T")


def data_key(run: Run) -> tuple[str, int]:
    """Key of the run's data: path and creation time. Raises UserError where the run was deleted."""
    return str(run.path), _stamp(run, lambda: (run.path / "config.json").stat().st_mtime_ns)


def model_key(run: Run) -> tuple[str, tuple[int, ...]]:
    """Key of the run's model: path, creation time, weights, predictions. Raises UserError as data_key does."""
    path, born = data_key(run)
    return path, (born, *_stamp(run, run.weights_stamp))


def _stamp(run: Run, stamp: Callable[[], T]) -> T:
    try:
        return stamp()
    except OSError:
        raise UserError(
            _("The run “{run}” is gone, or has no model any more: choose another one.").format(run=run.id)
        ) from None
