"""The keys under which pages keep what they opened of a run, for everybody: they change when its folder does.

An id alone is no key: a model is replaced while it trains, and a deleted run's id is given out again. No parameter of a
cached function may begin with an underscore, for Streamlit leaves such parameters out of the key.
"""

from pathlib import Path

from core.errors import UserError
from core.i18n import _
from core.runs.run import Run


def of_data(run: Run) -> tuple[str, int]:
    """The run's path and its birth, which its data share. Raises UserError where the run is gone."""
    return str(run.path), _changed(run.path / "config.json", run)


def of_model(run: Run) -> tuple[str, tuple[int, ...]]:
    """The run's path, its birth, its weights, and the answers that calibrate them. Raises UserError as of_data does."""
    path, born = of_data(run)
    answers = run.path / "predictions.npz"
    return path, (born, _changed(run.model_path, run), _changed(answers, run) if answers.exists() else 0)


def _changed(path: Path, run: Run) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise UserError(
            _("The run “{run}” is gone, or has no model any more: choose another one.").format(run=run.id)
        ) from None
