"""What a family draws of its runs: `ui/<key>/run_view.py`, or ui/runs/generic_view.py where it has none."""

from typing import Any, Protocol, cast

from core.runs.run import Run
from ui.runs import generic_view
from ui.shell.families import family_module


class RunView(Protocol):
    """The parts of the run view that only the family knows how to draw."""

    def curves(self, run: Run, rows: list[dict[str, Any]], /) -> None:
        """The lines of metrics.jsonl as figures, the baselines beside them."""

    def samples(self, run: Run, live: bool = False) -> None:
        """What it made at each kept step, with a slider over the steps; while live, the slider follows the newest."""

    def sample(self, run: Run, step: int, /) -> None:
        """What it made at one kept step, in a column of Compare."""

    def report(self, run: Run, /) -> None:
        """The final figures of report.json, as far as they are there."""


def view_of(key: str) -> RunView:
    """The view of the family of that key; also of one that is not known here."""
    return cast(RunView, family_module(key, "run_view") or generic_view)
