"""Count what a hosted demo refuses its visitors, by kind, for whoever looks after it."""

import threading
from collections import Counter

_counts: Counter[str] = Counter()
_lock = threading.Lock()


def count(kind: str) -> None:
    """Count one refusal of that kind, such as "upload" or "memory"."""
    with _lock:
        _counts[kind] += 1


def counts() -> dict[str, int]:
    """Return how often each kind was refused since this server started."""
    with _lock:
        return dict(_counts)
