"""A visitor's share of the server's own time: long texts and whole files are computed for a few visitors at once."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from core.errors import UserError
from core.hosting.limits import LIMITS
from core.hosting.refusals import counted
from core.hosting.visitors import current_user
from core.i18n import _

_freed = threading.Condition()
_computing: list[str] = []  # tokens of the visitors who hold a place


@contextmanager
def long_computation() -> Iterator[None]:
    """Hold a place for a long computation; the owner needs none.

    Wait for one at most LIMITS.computing_wait seconds. Raises UserError where none becomes free, or the visitor holds
    one already.
    """
    visitor = current_user().visitor
    if visitor is None:
        yield
        return
    _take_place(visitor)
    try:
        yield
    finally:
        with _freed:
            _computing.remove(visitor)
            _freed.notify_all()


@counted("computing")
def _take_place(visitor: str) -> None:
    with _freed:
        if visitor in _computing:
            raise UserError(_("You have a long computation under way already: wait until it has ended."))
        if not _freed.wait_for(lambda: len(_computing) < LIMITS.computing, LIMITS.computing_wait):
            raise UserError(
                _("This hosted demo computes for {n} other visitors now: try again in a moment.").format(
                    n=len(_computing)
                )
            )
        _computing.append(visitor)


def share(characters: int) -> AbstractContextManager[None]:
    """Return what a text of that length needs: a place for a long computation, or nothing."""
    return long_computation() if characters > LIMITS.short_text else nullcontext()


def visitors_computing() -> int:
    """Return how many visitors hold a place now."""
    return len(_computing)
