"""Count what a hosted demo refuses its visitors, by kind, for whoever looks after it."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from core.errors import UserError

P = ParamSpec("P")
R = TypeVar("R")
_counts: Counter[str] = Counter()
_lock = threading.Lock()


def count(kind: str) -> None:
    """Count one refusal of that kind, such as "upload" or "memory"."""
    with _lock:
        _counts[kind] += 1


def counts() -> dict[str, int]:
    """Return how often each kind was refused since this server started, the most frequent first."""
    with _lock:
        return dict(_counts.most_common())


def counted(kind: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a check: each sentence with which it refuses counts as one of `kind`, and once where checks nest."""

    def decorate(check: Callable[P, R]) -> Callable[P, R]:
        @wraps(check)
        def checked(*given: P.args, **named: P.kwargs) -> R:
            try:
                return check(*given, **named)
            except UserError as error:
                if not getattr(error, "counted", False):
                    error.counted = True  # type: ignore[attr-defined]
                    count(kind)
                raise

        return checked

    return decorate
