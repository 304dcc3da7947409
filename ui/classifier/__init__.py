"""The pieces of the classifier's pages; run_view and card are what the pages on runs and the first page ask for.

What is computed lies in core/classifier, so that a script gets the same figures; here it is only drawn.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # mypy checks the modules against the protocols of those who ask for them
    from ui.classifier import card, run_view, screens
    from ui.runs.family_view import RunView
    from ui.shell.families import CardModule, FamilyScreens

    _screens: FamilyScreens = screens.SCREENS
    _run_view: RunView = run_view
    _card: CardModule = card
