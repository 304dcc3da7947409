"""Whose runs are whose: a visitor of a hosted demo has a folder under a token that nobody can guess.

    saved_models/demo-…                     everybody reads them, no visitor changes them
    saved_models/.visitors/<token>/<run>    reached with the token only; no list of runs shows a hidden folder

Who acts is found by asking: a screen tells this module once how to find out, since one server serves all of them. The
command line and the training process act for the machine's owner, to whom none of this applies.
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
    """Who acts: a visitor's token (None: the machine's owner), and the class for whose eyes new runs are made."""

    visitor: str | None = None
    group: str = ""


OWNER = CurrentUser()
_override: ContextVar[CurrentUser | None] = ContextVar("current_user", default=None)


def _owner() -> CurrentUser:
    return OWNER


_user_source: Callable[[], CurrentUser] = _owner


def set_user_source(ask: Callable[[], CurrentUser]) -> None:
    """From now on `ask` says who acts; it is called in the thread that acts."""
    global _user_source
    _user_source = ask


@contextmanager
def act_as(who: CurrentUser) -> Iterator[None]:
    """Let `who` act in this thread, whatever identify() was told."""
    before = _override.set(who)
    try:
        yield
    finally:
        _override.reset(before)


def current_user() -> CurrentUser:
    return _override.get() or _user_source()


# Tokens and folders --------------------------------------------------------------------------------------------------
def new_token() -> str:
    """128 random bits. Hexadecimal, so that no two tokens differ only where a file system does not."""
    return secrets.token_hex(16)


def is_valid_token(token: str, root: Path) -> bool:
    """Does this token open a folder? One that was altered, or whose runs are gone, does not."""
    return bool(re.fullmatch(r"[0-9a-f]{32}", token or "")) and (root / VISITORS / token).is_dir()


def runs_folder(root: Path) -> Path:
    """The folder of runs of whoever acts."""
    token = current_user().visitor
    return root if token is None else root / VISITORS / token


# What they may change ------------------------------------------------------------------------------------------------
def may_change(run_folder: Path) -> bool:
    token = current_user().visitor
    return token is None or (run_folder.parent.name == token and run_folder.parent.parent.name == VISITORS)


def check_change(run_folder: Path) -> None:
    """Raise UserError where a visitor wants to change a run that is not their own."""
    if not may_change(run_folder):
        raise UserError(
            _("The run “{run}” belongs to the demo: look at it, use it, or train again on its data.").format(
                run=run_folder.name
            )
        )


def remove_expired(root: Path, now: float | None = None) -> int:
    """Remove what visitors made longer than a day ago, in the bin or not; return how many run folders went."""
    limit, gone = (time.time() if now is None else now) - LIMITS.kept_seconds, 0
    for folder in visible(root / VISITORS):
        for path in (*folder.iterdir(), *(folder / TRASH).glob("*")):
            with suppress(OSError):  # two sweeps may meet
                if path.name != TRASH and _created_at(path) < limit and not _is_training(path):
                    shutil.rmtree(path)
                    gone += 1
        for empty in (folder / TRASH, folder):
            with suppress(OSError):  # not empty
                if empty.stat().st_mtime < limit + LIMITS.kept_seconds - 60:  # nobody is just about to write there
                    empty.rmdir()
    return gone


def _is_training(run_folder: Path) -> bool:
    status = Status.read(run_folder / "status.json")
    return status is not None and status.active and is_alive(status)


def _created_at(run_folder: Path) -> float:
    """When the run was made: its config.json is written once, the folder itself again and again."""
    config = run_folder / "config.json"
    return (config if config.exists() else run_folder).stat().st_mtime
