"""What each family draws in the run view: `ui/<key>/run_view.py` with curves, samples and report."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

from core.runs.run import Run


class FamilyUi(NamedTuple):
    curves: Callable[[Run, list[dict[str, Any]]], None]
    samples: Callable[..., None]
    report: Callable[[Run], None]


def family_card(key: str) -> Callable[[Run], None]:
    """The function that lets a demo run be tried on the Overview."""
    card: Callable[[Run], None] = import_module(f"ui.{key}.card").card
    return card


def family_ui(key: str) -> FamilyUi:
    module = import_module(f"ui.{key}.run_view")
    return FamilyUi(module.curves, module.samples, module.report)
