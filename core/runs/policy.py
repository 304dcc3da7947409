"""Who may do what with runs.

At home everybody may do everything. core.hosting registers the policy of a hosted demo; runs and jobs know hosting only
through it. A hosted demo (HIDDEN_STATE_DEMO=1) in which none is registered refuses every change.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.schema import Options
from core.sources import Source


def is_demo() -> bool:
    """Is this a hosted demo (HIDDEN_STATE_DEMO=1)?"""
    return os.environ.get("HIDDEN_STATE_DEMO", "").strip().lower() in ("1", "true", "yes", "on")


class Policy:
    """The policy of a machine's owner: it allows everything. Each check raises UserError where it refuses."""

    visitor = False  # Does a visitor act, and not the owner?
    group = ""  # the class for which new runs are made
    turn_seconds: float | None = None  # after which a visitor's training is asked to stop

    def runs_folder(self, root: Path) -> Path:
        """The folder of runs of whoever acts."""
        return root

    def check_change(self, run_folder: Path) -> None:
        """May it be renamed, started, stopped or deleted?"""

    def check_new(self, options: Options, sources: Sequence[Source], runs_folder: Path) -> None:
        """May a run with these options and data be made in `runs_folder`?"""

    def check_start(self, runs_folder: Path) -> None:
        """May one more run of `runs_folder` be queued?"""

    def check_import(self) -> None:
        """May a bundle be imported?"""

    def launcher(self) -> Any:
        """The launcher (core.jobs.launch.Launcher) of whoever acts; None for the default."""
        return None


class _Unregistered(Policy):
    """A hosted demo whose policy nobody registered: nothing may be changed."""

    def check_change(self, run_folder: Path) -> None:
        self.check_import()

    def check_new(self, options: Options, sources: Sequence[Source], runs_folder: Path) -> None:
        self.check_import()

    def check_start(self, runs_folder: Path) -> None:
        self.check_import()

    def check_import(self) -> None:
        raise UserError(_("This hosted demo has no rules for its visitors yet: nothing can be changed in it."))


_owner, _unregistered = Policy(), _Unregistered()
_registered: Policy | None = None


def register(policy: Policy | None) -> None:
    """From now on `policy` decides in this process; None: the owner's."""
    global _registered
    _registered = policy


def current() -> Policy:
    """The policy that decides."""
    return _registered or (_unregistered if is_demo() else _owner)
