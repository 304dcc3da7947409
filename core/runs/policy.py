"""Permissions: what the current user may do with runs.

By default everything is allowed. core.hosting registers the policy of a hosted demo; core.runs and core.jobs know
hosting only through it. A hosted demo (HIDDEN_STATE_DEMO=1) without a registered policy refuses every change.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from core.errors import UserError
from core.i18n import _
from core.schema import Cost, Options
from core.sources import Source

T = TypeVar("T")


def is_demo() -> bool:
    """Return whether this is a hosted demo (HIDDEN_STATE_DEMO=1)."""
    return os.environ.get("HIDDEN_STATE_DEMO", "").strip().lower() in ("1", "true", "yes", "on")


class Policy:
    """The owner's policy, which allows everything. Each check raises UserError where it refuses."""

    visitor = False  # whether the current user is a visitor and not the owner
    group = ""  # the token of the class that new runs belong to
    turn_seconds: float | None = None  # after which a visitor's training is asked to stop

    def runs_folder(self, root: Path) -> Path:
        """Return the folder of the current user's runs."""
        return root

    def check_change(self, run_folder: Path) -> None:
        """Check whether the run may be renamed, started, stopped or deleted."""

    def check_new(self, options: Options, sources: Sequence[Source], runs_folder: Path) -> None:
        """Check whether a run with these options and data may be created in `runs_folder`."""

    def check_build(self, run_folder: Path, cost: Cost) -> None:
        """Check the network of a run that is about to be built, by the cost on its real data."""

    def check_start(self, runs_folder: Path) -> None:
        """Check whether one more run of `runs_folder` may be queued."""

    def check_import(self) -> None:
        """Check whether a bundle may be imported."""

    def read(self, function: Callable[..., T], *arguments: Any, run_folder: Path | None = None) -> T:
        """Return function(*arguments), which reads files that a person brought; a hosted demo bounds what that costs.

        function: of a module, with annotated parameters and result. run_folder: of the run whose data is read, if any.
        """
        return function(*arguments)

    def launcher(self) -> Any:
        """Return the launcher (core.jobs.launch.Launcher) for the current user; None for the default."""
        return None


class _Unregistered(Policy):
    """The policy of a hosted demo in which none is registered: it refuses every change."""

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
    """Set the policy of this process; None restores the default."""
    global _registered
    _registered = policy


def current() -> Policy:
    """Return the policy in force."""
    return _registered or (_unregistered if is_demo() else _owner)
