"""Visitors of a hosted demo: each has a folder of runs under a random token.

    saved_models/demo-…                     readable by all visitors, writable by none
    saved_models/.visitors/<token>/<run>    reached with the token only; no list of runs shows a hidden folder

One server serves all visitors, so the app registers a function that returns the current user (set_user_source()). The
command line and the training process run as the machine's owner, to whom no limits apply.
"""

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.i18n import _
from core.runs.folders import TRASH, VISITORS, visible
from core.runs.status import Status, is_alive


@dataclass(frozen=True)
class CurrentUser:
    """The user of the current request: a visitor's token (None for the owner), and the class token for new runs."""

    visitor: str | None = None
    group: str = ""


OWNER = CurrentUser()
_override: ContextVar[CurrentUser | None] = ContextVar("current_user", default=None)


def _owner() -> CurrentUser:
    return OWNER


_user_source: Callable[[], CurrentUser] = _owner


def set_user_source(source: Callable[[], CurrentUser]) -> None:
    """Set the function that returns the current user; it is called in the thread of the request."""
    global _user_source
    _user_source = source


@contextmanager
def act_as(user: CurrentUser) -> Iterator[None]:
    """Make `user` the current user of this thread within the context, overriding the user source."""
    before = _override.set(user)
    try:
        yield
    finally:
        _override.reset(before)


def current_user() -> CurrentUser:
    return _override.get() or _user_source()


# Tokens and folders --------------------------------------------------------------------------------------------------
def new_token() -> str:
    """Return 128 random bits in lower-case hexadecimal, since some file systems ignore upper and lower case."""
    return secrets.token_hex(16)


def is_valid_token(token: str, root: Path) -> bool:
    """Return whether the token is well formed and its folder exists."""
    return bool(re.fullmatch(r"[0-9a-f]{32}", token or "")) and (root / VISITORS / token).is_dir()


def runs_folder(root: Path) -> Path:
    """Return the folder of the current user's runs."""
    token = current_user().visitor
    return root if token is None else root / VISITORS / token


def is_visitors(run_folder: Path) -> bool:
    """Return whether the run is some visitor's, and not the owner's."""
    return run_folder.parent.parent.name == VISITORS


# Rights --------------------------------------------------------------------------------------------------------------
def may_change(run_folder: Path) -> bool:
    token = current_user().visitor
    return token is None or (run_folder.parent.name == token and run_folder.parent.parent.name == VISITORS)


def check_change(run_folder: Path) -> None:
    """Raise UserError where the current user is a visitor and the run is not their own."""
    if not may_change(run_folder):
        raise UserError(
            _("The run “{run}” belongs to the demo: look at it, use it, or train again on its data.").format(
                run=run_folder.name
            )
        )


def remove_expired(root: Path, now: float | None = None) -> int:
    """Delete visitors' runs older than LIMITS.kept_seconds, also from the bin; return how many were deleted."""
    limit, gone = (time.time() if now is None else now) - LIMITS.kept_seconds, 0
    for folder in visible(root / VISITORS):
        for path in (*folder.iterdir(), *(folder / TRASH).glob("*")):
            with suppress(OSError):  # another process may be deleting the same folders
                if path.name != TRASH and _created_at(path) < limit and not _is_training(path):
                    shutil.rmtree(path)
                    gone += 1
        for empty in (folder / TRASH, folder):
            with suppress(OSError):  # not empty
                if empty.stat().st_mtime < limit + LIMITS.kept_seconds - 60:  # not in use within the last minute
                    empty.rmdir()
    return gone


def _is_training(run_folder: Path) -> bool:
    status = Status.read(run_folder / "status.json")
    return status is not None and status.active and is_alive(status)


def _created_at(run_folder: Path) -> float:
    """Return when the run was created, from config.json, which is written only once."""
    config = run_folder / "config.json"
    return (config if config.exists() else run_folder).stat().st_mtime
